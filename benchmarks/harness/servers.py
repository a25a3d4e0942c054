"""The private servers of one benchmark: RabbitMQ, Neo4j and Redis as child processes, started once and kept warm."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import neo4j

from benchmarks.documents import Counts
from service.graph.statements import schema_statements
from service.local.ports import free_port
from service.local.stack import Stack

EMPTY = (
    # Links first: a popular keyword has more of them than one transaction may hold.
    "MATCH ()-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 20000 ROWS",
    "MATCH (n) CALL (n) { DELETE n } IN TRANSACTIONS OF 20000 ROWS",
)
COUNT = """
RETURN COUNT { (:Document {status: 'READY'})<-[:FROM_DOCUMENT]-() } AS owned,
       COUNT { (:Document {status: 'READY'}) } AS documents,
       COUNT { (:Chunk) } AS chunks,
       COUNT { ()-[:NEXT_CHUNK]->() } AS pairs,
       COUNT { (:__Entity__:Keyword) } AS keywords,
       COUNT { ()-[:FROM_CHUNK]->() } AS links
"""
FULLTEXT = ("keyword", "entities")


class Servers:
    """RabbitMQ, Neo4j and Redis, with what a benchmark does to them between its runs."""

    def __init__(self, stack: Stack, redis: subprocess.Popen[bytes], redis_port: int) -> None:
        self.stack = stack
        self.redis = redis
        self.redis_url = f"redis://127.0.0.1:{redis_port}/0"
        self.driver = neo4j.GraphDatabase.driver(stack.neo4j.uri, auth=stack.neo4j.auth)
        self.vhosts: set[str] = set()

    def environment(self, vhost: str) -> dict[str, str]:
        """Return the settings of a system on that vhost, which is made when it is new."""
        if vhost not in self.vhosts:
            self.stack.rabbitmq.add_vhosts(vhost)
            self.vhosts.add(vhost)
        return self.stack.env(vhost) | {"REDIS_URL": self.redis_url}

    def drop_vhost(self, vhost: str) -> None:
        """Forget a vhost with its queues."""
        if vhost in self.vhosts:
            self.stack.rabbitmq.delete_vhosts(vhost)
            self.vhosts.remove(vhost)

    def queues(self, vhost: str) -> list[str]:
        """Return the names of all queues but the streams, which keep what they were given."""
        lines = self.stack.rabbitmq.ctl("list_queues", "-p", vhost, "name", "type").splitlines()
        rows = (line.split("\t") for line in lines)
        return [name for name, kind in rows if kind in {"classic", "quorum"}]

    def prepare_graph(self, *, fulltext: bool) -> None:
        """Empty the graph, and give it the service's constraints and indexes, full-text ones if they are wanted."""
        self.driver.execute_query("MATCH (n:__Unlinked) DETACH DELETE n")
        with self.driver.session() as session:
            for statement in EMPTY:
                session.run(statement).consume()
        for statement in schema_statements():
            self.driver.execute_query(statement)
        self.driver.execute_query("CALL db.awaitIndexes(60)")
        if not fulltext:
            self.drop_fulltext()
        # The checkpoint that would otherwise fall into the measurement.
        with suppress(neo4j.exceptions.ClientError):
            self.driver.execute_query("CALL db.checkpoint()")

    def drop_fulltext(self) -> None:
        """Drop the full-text indexes, which the service makes at its start."""
        for name in FULLTEXT:
            self.driver.execute_query(f"DROP INDEX {name} IF EXISTS")

    def empty_redis(self) -> None:
        """Delete all keys."""
        subprocess.run(["redis-cli", "-u", self.redis_url, "flushall"], check=True, capture_output=True)

    def counts(self) -> Counts:
        """Return what is in the graph."""
        record = self.driver.execute_query(COUNT).records[0]
        return Counts(**{name: record[name] for name in asdict(Counts(0, 0, 0, 0, 0))})


@contextmanager
def running_servers(name: str | None = None, say=print) -> Iterator[Servers]:
    """Start the servers with empty data; stop them, whatever happens.

    Args:
        name: a stack that `docgraph local up` has started: it is emptied and used, warm as it is, and left running.
        say: is told what happens.

    """
    stack = Stack(name or "benchmarks", say=say)
    redis: subprocess.Popen[bytes] | None = None
    signal.signal(signal.SIGTERM, _leave)
    try:
        if not name:
            stack.wipe()
        stack.start(keep=name is not None)
        port = free_port()
        redis = _start_redis(stack.home / "redis", port)
        servers = Servers(stack, redis, port)
        try:
            yield servers
        finally:
            for vhost in list(servers.vhosts):
                servers.drop_vhost(vhost)
            servers.driver.close()
    finally:
        if redis is not None:
            redis.terminate()
            redis.wait()
        if not name:
            stack.stop()


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _start_redis(home: Path, port: int) -> subprocess.Popen[bytes]:
    home.mkdir(parents=True, exist_ok=True)
    for file in home.glob("appendonlydir/*"):
        file.unlink()
    options = {"port": port, "bind": "127.0.0.1", "dir": home, "appendonly": "yes", "save": "", "daemonize": "no"}
    command = ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", str(value)))]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + 20
    ping = ["redis-cli", "-p", str(port), "ping"]
    while subprocess.run(ping, capture_output=True, check=False).stdout != b"PONG\n":
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"expected redis-server to start, see {home / 'server.log'} (pid {os.getpid()})")
        time.sleep(0.05)
    return process
