"""Commands that are run to their end, with what they say kept for the error text."""

import subprocess
from collections.abc import Mapping, Sequence

COULD_NOT_START = 127


def complete(
    command: Sequence[str], environment: Mapping[str, str] | None = None, within: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command. One that cannot be started or takes too long ends like one that fails."""
    try:
        # Never through a shell, and the arguments are ours.
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=within, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, COULD_NOT_START, stdout="", stderr=str(error))
