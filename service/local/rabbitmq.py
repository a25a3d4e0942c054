"""A private RabbitMQ node from the system's package. The system-wide node, when there is one, is not touched."""

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from service.local import epmd
from service.local.amqp import server_version
from service.local.commands import complete
from service.local.errors import LocalStackError
from service.local.ports import LOOPBACK
from service.local.server import Server

# The scripts in PATH are wrappers that change to the `rabbitmq` user and its folder; these are the real ones.
PACKAGE_SCRIPTS = "/usr/lib/rabbitmq/bin"

VHOST_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class RabbitMQ(Server):
    """One node with its own name, ports, cookie, data and user."""

    title: ClassVar[str] = "RabbitMQ"
    ready_within: ClassVar[float] = 90.0
    stopped_within: ClassVar[float] = 20.0
    own_variables: ClassVar[tuple[str, ...]] = ("RABBITMQ_", "ERL_", "NOTIFY_SOCKET")

    def __init__(self, home: Path, port: int, dist_port: int, username: str, password: str) -> None:
        super().__init__(home, port)
        self.dist_port = dist_port
        self.username = username
        self.password = password
        # Two checkouts may both have a stack "dev": the name comes from the folder.
        self.node = f"docgraph-{hashlib.sha256(str(self.home).encode()).hexdigest()[:12]}@localhost"

    def url(self, vhost: str = "/") -> str:
        """AMQP URL of a vhost."""
        return f"amqp://{self.username}:{self.password}@{LOOPBACK}:{self.port}/{'' if vhost == '/' else vhost}"

    def answers(self) -> bool:
        """Whether it greets an AMQP client."""
        return self.version() is not None

    def version(self) -> str | None:
        """The running server's version, None when it does not answer."""
        return server_version(self.port)

    def prepare(self) -> tuple[list[str], dict[str, str]]:
        """Write the node's files. `-noinput` with RABBITMQ_ALLOW_INPUT makes the script become the node itself."""
        _write(self.home / "rabbitmq.conf", render_conf(self.port, self.username, self.password), 0o600)
        _write(self.home / "enabled_plugins", "[].\n", 0o600)
        cookie = self.home / ".erlang.cookie"
        if not cookie.exists():
            _write(cookie, secrets.token_hex(16), 0o400)
        # "+B i": the node ignores the interrupt key, which would open Erlang's break menu.
        return [_script("rabbitmq-server"), "-noinput", "+B", "i"], self.variables() | {"RABBITMQ_ALLOW_INPUT": "1"}

    def variables(self) -> dict[str, str]:
        """The environment of the node and of its command-line tools."""
        return {
            "HOME": str(self.home),  # where Erlang looks for its cookie
            "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_PID_FILE": str(self.home / "rabbitmq.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_ADDRESS": LOOPBACK,
            epmd.MARKER: "1",
        }

    def await_stopped(self) -> None:
        """Wait for the node, then see to the port mapper."""
        super().await_stopped()
        epmd.retire()

    def wipe(self) -> None:
        """Forget all data of a stopped node; the user is made again at the next start."""
        shutil.rmtree(self.home / "data", ignore_errors=True)

    def ctl(self, *arguments: str, within: float = 60.0) -> str:
        """Run `rabbitmqctl` against this node and return what it prints."""
        command = [_script("rabbitmqctl"), "--quiet", *arguments]
        done = complete(command, self.environment() | self.variables(), within)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise LocalStackError(
                f"expected `rabbitmqctl {' '.join(arguments)}` to succeed, got {done.returncode}: {said}"
            )
        return done.stdout.strip()

    def add_vhosts(self, *names: str) -> list[str]:
        """Make vhosts that our user may use; return their URLs. One call: each start of `rabbitmqctl` takes 0.5 s."""
        user, everything = _binary(self.username), '<<".*">>'
        self._for_each(
            names,
            'ok = rabbit_vhost:add(V, <<"docgraph">>), ok = rabbit_auth_backend_internal:set_permissions('
            f'{user}, V, {everything}, {everything}, {everything}, <<"docgraph">>)',
        )
        return [self.url(name) for name in names]

    def delete_vhosts(self, *names: str) -> None:
        """Delete vhosts with their queues and connections."""
        self._for_each(names, 'ok = rabbit_vhost:delete(V, <<"docgraph">>)')

    def _for_each(self, names: Iterable[str], expression: str) -> None:
        self._evaluate(f"lists:foreach(fun(V) -> {expression} end, [{', '.join(map(_binary, names))}]).")

    def _evaluate(self, expression: str) -> None:
        result = self.ctl("eval", expression)
        if result != "ok":
            raise LocalStackError(f"expected RabbitMQ to answer ok to {expression}, got {result}")


def render_conf(port: int, username: str, password: str) -> str:
    """The node's `rabbitmq.conf`. The limits are absolute, so that a small or full machine raises no alarm at once."""
    return "\n".join(
        [
            f"listeners.tcp.1 = {LOOPBACK}:{port}",
            f"default_user = {username}",
            f"default_pass = {password}",
            "disk_free_limit.absolute = 50MB",
            "vm_memory_high_watermark.absolute = 1536MB",
            "log.file = false",
            "log.console = true",
            "log.console.level = warning",
            "",
        ]
    )


def _script(name: str) -> str:
    found = shutil.which(name, path=PACKAGE_SCRIPTS) or shutil.which(name)
    if found is None:
        raise LocalStackError(f"expected the command {name}, found none; run `make install` or install rabbitmq-server")
    return found


def _binary(name: str) -> str:
    # The name becomes part of an Erlang expression.
    if not VHOST_NAME.fullmatch(name):
        raise LocalStackError(f"expected a name of letters, digits, '_', '.' and '-', got {name!r}")
    return f'<<"{name}">>'


def _write(path: Path, text: str, mode: int) -> None:
    path.touch(mode=mode)
    path.write_text(text)
    path.chmod(mode)
