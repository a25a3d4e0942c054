"""A private Neo4j Community server from its published jars."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from service.local.commands import complete
from service.local.errors import LocalStackError
from service.local.java import find_java
from service.local.neo4j_conf import first_password_command, jvm_flags, render_conf, server_command
from service.local.neo4j_jars import fetch_jars
from service.local.ports import LOOPBACK
from service.local.server import Server

DEFAULT_VERSION = "5.26.31"
DEFAULT_HEAP = "1g"
USERNAME = "neo4j"
DATABASE = "neo4j"
FOLDERS = ("conf", "data", "import", "logs", "plugins", "run")


def wanted_version() -> str:
    """The version to start: `DOCGRAPH_LOCAL_NEO4J_VERSION`, else the long-term one."""
    version = os.environ.get("DOCGRAPH_LOCAL_NEO4J_VERSION") or DEFAULT_VERSION
    parts = version.split(".")
    if len(parts) < 3 or not all(part.isdecimal() for part in parts):  # noqa: PLR2004 (major.minor.patch)
        raise LocalStackError(
            f"expected DOCGRAPH_LOCAL_NEO4J_VERSION like 5.26.31 or 2026.09.0, got {version!r}; correct or unset it"
        )
    return version


class Neo4j(Server):
    """One server with its own port, data and password. `shared` is where jars and Java are kept for all stacks."""

    title: ClassVar[str] = "Neo4j"
    ready_within: ClassVar[float] = 90.0
    stopped_within: ClassVar[float] = 30.0
    own_variables: ClassVar[tuple[str, ...]] = ("NEO4J_",)

    def __init__(
        self,
        home: Path,
        port: int,
        password: str,
        *,
        version: str,
        shared: Path,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(home, port)
        self.password = password
        self.version = version
        self.shared = shared
        self.say = say

    @property
    def uri(self) -> str:
        """Bolt URI of the server."""
        return f"bolt://{LOOPBACK}:{self.port}"

    @property
    def auth(self) -> tuple[str, str]:
        """User and password, as the driver takes them."""
        return USERNAME, self.password

    def answers(self) -> bool:
        """Whether the database runs a query. Bolt listens before the database is there: a port check is not enough."""
        try:
            with GraphDatabase.driver(
                self.uri,
                auth=self.auth,
                connection_timeout=2,
                connection_acquisition_timeout=3,
                max_transaction_retry_time=0,
            ) as driver:
                driver.execute_query("RETURN 1", database_=DATABASE)
        except (DriverError, Neo4jError, OSError):
            return False
        return True

    def prepare(self) -> tuple[list[str], dict[str, str]]:
        """Write the configuration, and the password before the first start."""
        library = fetch_jars(self.version, self.shared, self.say).absolute()
        java, major = find_java(self.version, self.shared, self.say)
        for folder in FOLDERS:
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "conf" / "neo4j.conf").write_text(render_conf(self.version, self.port))
        if not (self.home / "data" / "dbms" / "auth.ini").exists():
            self._set_first_password(first_password_command(java, library, self.password))
        flags = jvm_flags(major, os.environ.get("DOCGRAPH_LOCAL_NEO4J_HEAP") or DEFAULT_HEAP)
        return server_command(java, flags, self.version, self.home, library), {}

    def wipe(self) -> None:
        """Forget all data of a stopped server. The password stays: setting it takes a start of Java."""
        for folder in ("databases", "transactions"):
            shutil.rmtree(self.home / "data" / folder, ignore_errors=True)

    def _set_first_password(self, command: list[str]) -> None:
        where = {"NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}
        done = complete(command, self.environment() | where)
        if done.returncode != 0:
            raise LocalStackError(
                f"expected Neo4j to take its first password, got: {(done.stderr or done.stdout).strip()}"
            )
