"""What a stack remembers between starts: ports, credentials, versions. One JSON file that only its owner may read."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from service.local.errors import LocalStackError
from service.local.ports import free_port, is_free

FILE = "stack.json"


@dataclass(frozen=True, slots=True)
class StackState:
    """The credentials live as long as the data: both servers take them only at their very first start."""

    rabbitmq_port: int
    rabbitmq_dist_port: int
    rabbitmq_username: str
    rabbitmq_password: str
    neo4j_port: int
    neo4j_password: str
    neo4j_version: str
    kept: bool = False
    """Started to stay (`up`), not for the length of one command (`run`)."""

    @classmethod
    def fresh(cls, neo4j_version: str) -> Self:
        """New ports and new random credentials."""
        rabbitmq, dist, neo4j = _distinct_ports()
        return cls(
            rabbitmq_port=rabbitmq,
            rabbitmq_dist_port=dist,
            rabbitmq_username=f"docgraph-{secrets.token_hex(3)}",
            rabbitmq_password=secrets.token_hex(16),
            neo4j_port=neo4j,
            neo4j_password=secrets.token_hex(16),
            neo4j_version=neo4j_version,
        )

    def with_free_ports(self) -> Self:
        """The same ports while they are free, else three new ones."""
        if all(is_free(port) for port in (self.rabbitmq_port, self.rabbitmq_dist_port, self.neo4j_port)):
            return self
        rabbitmq, dist, neo4j = _distinct_ports()
        return replace(self, rabbitmq_port=rabbitmq, rabbitmq_dist_port=dist, neo4j_port=neo4j)

    @classmethod
    def load(cls, home: Path) -> Self | None:
        """The state in this folder, None when there is none yet."""
        path = home / FILE
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise LocalStackError(
                f"expected {path} to hold the state of a local stack, got {error}; delete the folder {home}"
            ) from error

    def save(self, home: Path) -> None:
        """Write the state so that a reader sees the old or the new one, never half of it."""
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f"{FILE}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.rename(home / FILE)


def _distinct_ports() -> tuple[int, int, int]:
    first = free_port()
    second = free_port(frozenset({first}))
    return first, second, free_port(frozenset({first, second}))
