"""The service as users run it: a process of its own."""

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from service.settings import Settings

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def listening(port: int, within: float) -> None:
    """Wait until somebody listens on a port of this machine."""
    async with asyncio.timeout(within):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


def environment(settings: Settings, **more: str | None) -> dict[str, str]:
    """The environment that gives a process these settings; a variable given as None is left out."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("DOCGRAPH_", "NEO4J_", "RABBITMQ_"))}
    all_ = mine | {
        "RABBITMQ_URL": settings.rabbitmq_url,
        "NEO4J_URI": settings.neo4j_uri,
        "NEO4J_USERNAME": settings.neo4j_username,
        "NEO4J_PASSWORD": settings.neo4j_password.get_secret_value(),
        "NEO4J_DATABASE": settings.neo4j_database,
        "DOCGRAPH_RETRY_DELAYS": ",".join(f"{delay}s" for delay in settings.retry_delays),
        "DOCGRAPH_STARTUP_TIMEOUT": str(settings.startup_timeout),
        "DOCGRAPH_SHUTDOWN_GRACE": str(settings.shutdown_grace),
        "DOCGRAPH_DELIVERY_LIMIT": str(settings.delivery_limit),
        "DOCGRAPH_GRAPH_TIMEOUT": str(settings.graph_timeout),
        "DOCGRAPH_LOG_FORMAT": "json",
        **more,
    }
    return {name: value for name, value in all_.items() if value is not None}


class ServiceProcess:
    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.output = b""
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.output += line

    @property
    def log(self) -> str:
        return self.output.decode(errors="replace")

    def get(self, path: str) -> tuple[int, Any, dict[str, str]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return response.status, response.read(), dict(response.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)

    async def fetch(self, path: str) -> tuple[int, Any, dict[str, str]]:
        return await asyncio.to_thread(self.get, path)

    async def ready(self, within: float = 90) -> None:
        """Poll `/readyz` as Kubernetes does, until it is 200."""
        async with asyncio.timeout(within):
            while True:
                if self.process.returncode is not None:
                    raise AssertionError(f"the service ended with {self.process.returncode}:\n{self.log}")
                try:
                    status, _, _ = await self.fetch("/readyz")
                except OSError:
                    status = 0
                if status == 200:
                    return
                await asyncio.sleep(0.1)

    async def problems(self) -> dict[str, str]:
        _, body, _ = await self.fetch("/readyz")
        return json.loads(body).get("problems", {})

    async def exit_code(self, within: float = 90) -> int:
        async with asyncio.timeout(within):
            code = await self.process.wait()
            await self._reader
        return code

    async def stop(self, within: float = 90) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await self.exit_code(within)


COMMANDS = {
    "faststream": ["-m", "faststream", "run"],
    "uvicorn": ["-m", "uvicorn"],
}


@asynccontextmanager
async def a_process(
    settings: Settings, *arguments: str, command: str = "faststream", app: str = "service.app:app", **more: str
):
    """Start the service; kill it, and whatever it started, when the test is over."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *COMMANDS[command],
        app,
        "--port",
        str(port),
        *arguments,
        cwd=ROOT,
        env=environment(settings, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=1 << 24,
    )
    running = ServiceProcess(process, port)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await running.exit_code()
