"""One command with a stack of its own: started before, stopped after, whatever happens in between."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from service.local.errors import LocalStackError
from service.local.locks import held_if_free
from service.local.stack import Stack

ENDING = (signal.SIGTERM, signal.SIGHUP)
COMMAND_MAY_TAKE = 15.0


def run(command: Sequence[str], name: str, root: Path, say: Callable[[str], None]) -> int:
    """Run the command with a stack's settings in its environment and return its exit code.

    The stack is empty at first and stopped afterwards, unless `up` has started it before: then it is used as it is.
    """
    if shutil.which(command[0]) is None:
        raise LocalStackError(f"expected a command that can be started, got {command[0]!r}: no such program")
    with ExitStack() as exits:
        exits.enter_context(_signals_raise())
        stack = _reserved(name, root, say, exits)
        if not (stack.exists and stack.state.kept and stack.healthy):
            exits.callback(_stop, stack)
            stack.wipe()
            stack.start()
        return run_command(command, dict(os.environ) | stack.env())


def run_command(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run the command; never leave it behind. A death by signal becomes 128 + its number, as in a shell."""
    try:
        child = subprocess.Popen(command, env=environment)  # noqa: S603 (the user's own command)
    except OSError as error:
        raise LocalStackError(
            f"expected a command that can be started, got {command[0]!r}: {error.strerror}"
        ) from error
    try:
        code = child.wait()
    except KeyboardInterrupt:
        # The terminal has sent Ctrl-C to the command too: let it finish in its own way.
        _await_end(child)
        raise
    except BaseException:
        child.terminate()
        _await_end(child)
        raise
    return code if code >= 0 else 128 - code


def _reserved(name: str, root: Path, say: Callable[[str], None], exits: ExitStack) -> Stack:
    """The stack of this name, or when another `run` is using it the next one: `test`, `test-2`, `test-3`."""
    for number in range(1, 100):
        stack = Stack(name if number == 1 else f"{name}-{number}", root=root, say=say)
        if exits.enter_context(held_if_free(stack.home / "run.lock")):
            return stack
    raise LocalStackError(
        f"expected fewer than 100 stacks {name!r} at a time; stop some with `docgraph local down --all`"
    )


def _await_end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(COMMAND_MAY_TAKE)
    except BaseException:  # also a second Ctrl-C  # noqa: BLE001
        child.kill()
        child.wait()


def _stop(stack: Stack) -> None:
    # Nothing may interrupt the stop: it is bounded, and an impatient second Ctrl-C would leave servers behind.
    for number in (signal.SIGINT, *ENDING):
        signal.signal(number, signal.SIG_IGN)
    # The command's own last line stays the last one.
    stack.say = lambda _: None
    stack.stop()


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Make the signals that end us raise, so that the way out passes the stop. The old handlers come back."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING)}
    for number in ENDING:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
