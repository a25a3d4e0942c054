"""The service as users run it: `faststream run service.app:app` in a child process, ready when its probe says so."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from service.errors import StartupError
from service.local.ports import free_port

READY_WITHIN = 60.0
STOPPED_WITHIN = 40.0


@contextmanager
def running_service(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run the service until the block ends; yield its HTTP address.

    Args:
        environment: the settings that point it at its servers.
        log: file for its output.

    Raises:
        StartupError: it is not ready in time; the text holds its last lines.

    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "faststream", "run", "service.app:app", "--port", str(port)],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then stops the service in order
        )
        try:
            _await_ready(process, address, log)
            yield address
        finally:
            _stop(process)


def _await_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    msg = f"expected the service to be ready within {READY_WITHIN:g} s; its last lines: " + " | ".join(lines)
    raise StartupError(msg)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
