"""The embedded stack itself, with real servers: what starts, what stays, and that nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import GraphDatabase

from service.local import epmd
from service.local.amqp import server_version
from service.local.errors import LocalStackError
from service.local.processes import PROC, command_of, has_variable, pids, running
from service.local.stack import Stack

pytestmark = pytest.mark.timeout(240)

DOCGRAPH = [sys.executable, "-m", "service", "local"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, beside whatever else runs. The jars are shared with the other stacks."""
    stack = Stack("lifecycle", home=tmp_path_factory.mktemp("stack") / "lifecycle")
    try:
        stack.start(keep=True)
        yield stack
    finally:
        stack.remove()


def test_both_servers_answer(stack: Stack):
    assert stack.healthy
    assert command_of(stack.rabbitmq.pid or 0) == "beam.smp"
    assert command_of(stack.neo4j.pid or 0) == "java"


def test_starting_again_changes_nothing(stack: Stack):
    before = stack.rabbitmq.pid, stack.neo4j.pid
    stack.start()

    assert (stack.rabbitmq.pid, stack.neo4j.pid) == before
    assert stack.state.kept


def test_all_ports_are_on_loopback(stack: Stack):
    rows = [
        line.split()[1] for table in ("tcp", "tcp6") for line in (PROC / "net" / table).read_text().splitlines()[1:]
    ]
    open_to_all = {int(port, 16) for host, _, port in (row.partition(":") for row in rows) if set(host) == {"0"}}
    ours = {stack.rabbitmq.port, stack.rabbitmq.dist_port, stack.neo4j.port}

    assert not ours & open_to_all


def test_a_vhost_can_be_added_used_and_deleted(stack: Stack):
    (url,) = stack.rabbitmq.add_vhosts("trial")

    assert url.endswith("/trial")
    assert "trial" in stack.rabbitmq.ctl("list_vhosts").splitlines()
    stack.rabbitmq.delete_vhosts("trial")
    assert "trial" not in stack.rabbitmq.ctl("list_vhosts").splitlines()


def test_a_failing_rabbitmqctl_says_why(stack: Stack):
    with pytest.raises(LocalStackError, match="no_such_command"):
        stack.rabbitmq.ctl("no_such_command")


def test_a_frozen_server_does_not_answer_and_a_thawed_one_does(stack: Stack):
    for server in (stack.rabbitmq, stack.neo4j):
        server.freeze()
        assert server.pid is not None
        assert not server.healthy
        server.thaw()
        server.await_ready()


def test_a_killed_stack_starts_again_with_its_data_on_the_same_ports(stack: Stack):
    ports = stack.rabbitmq.port, stack.neo4j.port
    stack.rabbitmq.add_vhosts("survivor")
    with GraphDatabase.driver(stack.neo4j.uri, auth=stack.neo4j.auth) as driver:
        driver.execute_query("CREATE (:Survivor)", database_="neo4j")

    stack.rabbitmq.kill()
    stack.neo4j.kill()
    assert not stack.healthy
    stack.start(keep=True)

    assert (stack.rabbitmq.port, stack.neo4j.port) == ports
    assert "survivor" in stack.rabbitmq.ctl("list_vhosts").splitlines()
    with GraphDatabase.driver(stack.neo4j.uri, auth=stack.neo4j.auth) as driver:
        count = driver.execute_query("MATCH (n:Survivor) RETURN count(n) AS n", database_="neo4j").records[0]["n"]
    assert count == 1


def test_a_stopped_stack_leaves_no_process(stack: Stack):
    rabbitmq, neo4j = stack.rabbitmq, stack.neo4j
    stack.stop()

    assert rabbitmq.pid is None
    assert neo4j.pid is None
    assert server_version(rabbitmq.port) is None
    left = [pid for pid in pids() if has_variable(pid, "HOME", str(rabbitmq.home)) and running(pid)]
    # The port mapper may serve a node of somebody else; it goes with the last one.
    assert {command_of(pid) for pid in left} <= ({"epmd"} if epmd.is_needed() else set())


def test_an_interrupted_run_stops_its_stack(tmp_path: Path):
    name = f"interrupted-{os.getpid()}"
    witness = tmp_path / "started"
    script = f"import pathlib, time; pathlib.Path({str(witness)!r}).touch(); time.sleep(300)"
    ours = {key: value for key, value in os.environ.items() if key not in {"RABBITMQ_URL", "NEO4J_URI"}}
    command = [*DOCGRAPH, "run", "--name", name, "--", sys.executable, "-c", script]
    stack = Stack(name)
    try:
        with subprocess.Popen(command, env=ours) as run:
            while not witness.exists() and run.poll() is None:
                time.sleep(0.1)
            assert stack.healthy
            run.send_signal(signal.SIGTERM)
            assert run.wait(60) == 128 + signal.SIGTERM

        assert stack.rabbitmq.pid is None
        assert stack.neo4j.pid is None
    finally:
        stack.remove()
