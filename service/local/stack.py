"""Both servers as one thing with a name: started side by side, described, stopped."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service.local.errors import LocalStackError
from service.local.locks import held
from service.local.neo4j import DATABASE, USERNAME, Neo4j, wanted_version
from service.local.rabbitmq import RabbitMQ
from service.local.server import Server
from service.local.state import FILE, StackState

Say = Callable[[str], None]


def default_root() -> Path:
    """Where stacks, jars and Java are kept: `DOCGRAPH_LOCAL_HOME`, else `.local` here."""
    return Path(os.environ.get("DOCGRAPH_LOCAL_HOME") or ".local").absolute()


def existing_stacks(root: Path | None = None) -> list["Stack"]:
    """Every stack that was ever started here and not removed."""
    where = root or default_root()
    return [Stack(path.parent.name, root=where) for path in sorted(where.glob(f"*/{FILE}"))]


class Stack:
    """A RabbitMQ and a Neo4j with their state in one folder. Any process may stop what another has started."""

    def __init__(
        self, name: str = "dev", *, root: Path | None = None, home: Path | None = None, say: Say = lambda _: None
    ) -> None:
        self.name = name
        self.root = root or default_root()
        self.home = (home or self.root / name).absolute()
        self.say = say

    @property
    def state(self) -> StackState:
        """Ports and credentials; an error when the stack was never started."""
        state = StackState.load(self.home)
        if state is None:
            raise LocalStackError(
                f"expected a local stack {self.name!r} in {self.home}, found none; start it with `docgraph local up`"
            )
        return state

    @property
    def exists(self) -> bool:
        """Whether it was ever started."""
        return (self.home / FILE).exists()

    @property
    def rabbitmq(self) -> RabbitMQ:
        """Its RabbitMQ, running or not."""
        s = self.state
        folder = self.home / "rabbitmq"
        return RabbitMQ(folder, s.rabbitmq_port, s.rabbitmq_dist_port, s.rabbitmq_username, s.rabbitmq_password)

    @property
    def neo4j(self) -> Neo4j:
        """Its Neo4j, running or not. Each version has its own folder: a newer one would convert the data for good."""
        s = self.state
        folder = self.home / f"neo4j-{s.neo4j_version}"
        return Neo4j(folder, s.neo4j_port, s.neo4j_password, version=s.neo4j_version, shared=self.root, say=self.say)

    @property
    def healthy(self) -> bool:
        """Whether both servers run and answer."""
        return self.exists and self.rabbitmq.healthy and self.neo4j.healthy

    def start(self, *, keep: bool = False) -> None:
        """Start what does not run and wait for both. `keep`: the stack is meant to outlive this command."""
        with held(self.home / "lock"):
            version = wanted_version()
            if self.healthy and self.state.neo4j_version == version:
                self.say(f"stack {self.name!r} is already up")
                replace(self.state, kept=keep or self.state.kept).save(self.home)
                return
            if self.exists:
                self._stop()
            earlier = StackState.load(self.home) or StackState.fresh(version)
            replace(earlier.with_free_ports(), neo4j_version=version, kept=keep).save(self.home)
            try:
                self._start()
            except BaseException:
                self._stop()
                raise

    def stop(self) -> None:
        """Stop both servers. Data and credentials stay for the next start."""
        if self.exists:
            with held(self.home / "lock"):
                self._stop()

    def wipe(self) -> None:
        """Stop, and forget all data; ports and credentials stay."""
        if self.exists:
            self.stop()
            self.rabbitmq.wipe()
            self.neo4j.wipe()

    def remove(self) -> None:
        """Stop, and delete the folder."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def env(self, vhost: str = "/") -> dict[str, str]:
        """The settings that point the service at this stack."""
        return {
            "RABBITMQ_URL": self.rabbitmq.url(vhost),
            "NEO4J_URI": self.neo4j.uri,
            "NEO4J_USERNAME": USERNAME,
            "NEO4J_PASSWORD": self.neo4j.password,
            "NEO4J_DATABASE": DATABASE,
        }

    def _start(self) -> None:
        rabbitmq, neo4j = self.rabbitmq, self.neo4j
        # Neo4j first: at its first start it has more to prepare, and it always takes longer to come up.
        neo4j.launch()
        neo4j_began = time.monotonic()
        rabbitmq.launch()
        rabbitmq_began = time.monotonic()
        rabbitmq.await_ready()
        self.say(f"RabbitMQ {rabbitmq.version()} on 127.0.0.1:{rabbitmq.port} up in {_since(rabbitmq_began)}")
        neo4j.await_ready()
        self.say(f"Neo4j {neo4j.version} on 127.0.0.1:{neo4j.port} up in {_since(neo4j_began)}")

    def _stop(self) -> None:
        began = time.monotonic()
        servers: list[Server] = [self.neo4j, self.rabbitmq]
        ran = [server for server in servers if server.pid is not None]
        for server in ran:
            server.ask_to_stop()
        for server in servers:
            server.await_stopped()
            if server in ran:
                self.say(f"{server.title} stopped after {_since(began)}")


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"
