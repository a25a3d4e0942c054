"""One server as a child process: launched, awaited, stopped, and for tests killed, frozen and thawed."""

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from service.local.errors import LocalStackError
from service.local.processes import has_variable, running

MARKER = "DOCGRAPH_LOCAL_SERVER"
"""Names the server's folder in its environment: a pid is only ever signalled after this was seen on it."""

# The process writes its own pid and then becomes the server, so no server can run without its pid being on record.
LAUNCH = 'cd "$1" && echo $$ > pid && shift && exec "$@" >> server.log 2>&1 < /dev/null'

POLL_SECONDS = 0.05


class Server(ABC):
    """A server with its folder and port. The same object, or another one on the same folder, may start it again."""

    title: ClassVar[str]
    ready_within: ClassVar[float]
    """Seconds a start may take."""
    stopped_within: ClassVar[float]
    """Seconds a clean stop may take before the process is killed."""
    own_variables: ClassVar[tuple[str, ...]]
    """Prefixes of environment variables that steer this server; the caller's are not passed on."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home.absolute()
        self.port = port
        self.log = self.home / "server.log"

    @abstractmethod
    def prepare(self) -> tuple[list[str], dict[str, str]]:
        """Write the configuration; return the command and the environment it adds."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server does real work for a client now."""

    @property
    def pid(self) -> int | None:
        """The server's own process (`beam.smp`, `java`), None when it does not run."""
        try:
            pid = int((self.home / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if running(pid) and has_variable(pid, MARKER, str(self.home)) else None

    @property
    def healthy(self) -> bool:
        """Whether it runs and answers."""
        return self.pid is not None and self.answers()

    def start(self) -> None:
        """Start on the same port and data as before, and wait until it answers. A running server is left alone."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start the process without waiting, so that two servers can start side by side."""
        if self.pid is not None:
            return
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        command, variables = self.prepare()
        environment = self.environment() | variables | {MARKER: str(self.home)}
        arguments = ["/bin/sh", "-c", LAUNCH, "sh", str(self.home), *command]
        # A session of its own: Ctrl-C in the terminal must reach the parent only, which stops the servers in order.
        # Not subprocess.Popen: it warns when an object is dropped whose process is meant to live on.
        pid = os.posix_spawn("/bin/sh", arguments, environment, setsid=True)
        _wait(lambda: self.pid == pid or not running(pid), within=5)

    def await_ready(self) -> None:
        """Wait until it answers; fail at once when the process ends, and with its last log lines either way."""
        began = time.monotonic()
        while not self.answers():
            seconds = time.monotonic() - began
            if self.pid is None:
                raise LocalStackError(
                    f"expected {self.title} to start, but it ended after {seconds:.0f} s\n{self.tail()}"
                )
            if seconds > self.ready_within:
                raise LocalStackError(
                    f"expected {self.title} to answer on 127.0.0.1:{self.port} within {self.ready_within:.0f} s, "
                    f"but it did not\n{self.tail()}"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop cleanly; kill only what does not end in time."""
        self.ask_to_stop()
        self.await_stopped()

    def ask_to_stop(self) -> None:
        """Send SIGTERM without waiting, so that two servers can stop side by side."""
        self._signal(signal.SIGTERM)
        # A frozen process would keep the signal for later.
        self._signal(signal.SIGCONT)

    def await_stopped(self) -> None:
        """Wait for the end of the process; after `stopped_within` seconds kill it."""
        pid = self.pid
        if pid is not None and not _wait(lambda: not running(pid), within=self.stopped_within):
            self.kill()

    def kill(self) -> None:
        """End it at once, as a crash or the out-of-memory killer would."""
        pid = self.pid
        self._signal(signal.SIGKILL)
        if pid is not None:
            _wait(lambda: not running(pid), within=10)

    def freeze(self) -> None:
        """Stop its clock: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._signal(signal.SIGCONT)

    def environment(self) -> dict[str, str]:
        """The caller's environment without what would steer this server."""
        return {name: value for name, value in os.environ.items() if not name.startswith(self.own_variables)}

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log, under the log's name."""
        text = self.log.read_text(errors="replace") if self.log.exists() else "(empty)"
        return f"last lines of {self.log}:\n" + "\n".join(f"    {line}" for line in text.splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)


def _wait(happened: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
