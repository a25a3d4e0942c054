"""Servers that single frameworks bring along: Prefect's and Temporal's. Each runs only while its system is measured."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.harness.processes import ROOT, RunError, running, tail
from service.local.ports import free_port

READY_WITHIN = 120.0


class MissingError(Exception):
    """A program that a system needs is not on this machine. The text says how to get it."""


@asynccontextmanager
async def extra_server(kind: str, folder: Path) -> AsyncIterator[tuple[dict[str, str], list[int]]]:
    """Run the server of this kind; yield the settings that lead to it and its process.

    Raises:
        MissingError: its program is missing.

    """
    if kind not in STARTS:
        yield {}, []
        return
    port = free_port()
    home = folder / kind
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    command, environment = STARTS[kind](home, port)
    log = folder / f"{kind}-server.log"
    log.unlink(missing_ok=True)
    async with running(command, environment, log) as process:
        await _listens(port, process, log)
        yield environment, [process.pid]


def _prefect(home: Path, port: int) -> tuple[tuple[str, ...], dict[str, str]]:
    command = (str(ROOT / ".venv-frameworks" / "bin" / "prefect"), "server", "start", "--host", "127.0.0.1")
    environment = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    }
    return (*command, "--port", str(port)), environment


def _temporal(home: Path, port: int) -> tuple[tuple[str, ...], dict[str, str]]:
    built = ROOT / ".local" / "bin" / "temporal"
    program = str(built) if built.exists() else shutil.which("temporal")
    if program is None:
        raise MissingError("Temporal's server is missing: build it with scripts/temporal.sh, which needs Go 1.25 or newer")
    command = (program, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error")
    return (*command, "--port", str(port)), {"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"}


STARTS = {"prefect": _prefect, "temporal": _temporal}


async def _listens(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise RunError(f"expected the server of {log.stem} to listen within {READY_WITHIN:.0f} s\n{tail(log)}")
