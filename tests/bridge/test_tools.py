"""The bridge in the tools of Celery's operators: `inspect`, `revoke`, Flower."""

import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager

from celery.exceptions import TaskRevokedError

from tests.bridge.caller import QUEUE
from tests.support.processes import free_port


@asynccontextmanager
async def flower(url):
    """A real Flower on the broker; yields a function that asks its HTTP API."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "celery", "-b", url, "flower", "--address=127.0.0.1", f"--port={port}", "--inspect_timeout=5000"),
        env=os.environ | {"FLOWER_UNAUTHENTICATED_API": "true"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    output = asyncio.create_task(process.stdout.read())

    def ask(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as response:
                return json.loads(response.read())
        except (OSError, urllib.error.HTTPError):
            return None

    try:
        yield lambda path: asyncio.to_thread(ask, path)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await output


async def until(ask, condition, within=90):
    async with asyncio.timeout(within):
        while not (found := await ask()) or not condition(found):
            await asyncio.sleep(0.2)
    return found


async def test_flower_shows_the_worker_and_its_tasks(app, caller, url):
    bridge = app.context.get("bridge")
    async with flower(url) as ask:
        workers = await until(
            lambda: ask("/api/workers?refresh=1"), lambda found: any("stats" in worker for worker in found.values())
        )
        (node,) = workers
        assert node.startswith("docgraph-")
        assert workers[node]["stats"]["pid"] == os.getpid()

        async def asked():
            return bridge._events.enabled

        await until(asked, bool)  # Flower has asked for task events
        good = await caller.send("seen", "T", "Some text.")
        await caller.get(good)
        bad = await caller.send("seen")
        await caller.outcome(bad)
        tasks = await until(
            lambda: ask("/api/tasks"),
            lambda found: (
                {found.get(good.id, {}).get("state"), found.get(bad.id, {}).get("state")} == {"SUCCESS", "FAILURE"}
            ),
        )
        assert tasks[good.id]["name"] == "process_document"
        assert tasks[good.id]["worker"] == node
        assert "TaskArgumentsError" in tasks[bad.id]["exception"]


async def test_celery_inspect_gets_an_answer(app, caller, url):
    node = app.context.get("bridge")._events.node
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "celery", "-b", url, "inspect", "-d", node, "-t", "20", "--json", "ping"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert json.loads(out) == {node: {"ok": "pong"}}
    inspect = caller.app.control.inspect(timeout=10, destination=[node])
    assert (await caller.do(inspect.registered))[node] == ["delete_document", "process_document"]
    queues = await caller.do(inspect.active_queues)
    assert [queue["name"] for queue in queues[node]] == [QUEUE, "documents.celery"]
    other = caller.app.control.inspect(timeout=1, destination=["somebody@else"])
    assert await caller.do(other.ping) is None
    refusal = await caller.do(caller.app.control.pool_grow, 1, reply=True, timeout=10, limit=1)
    assert "no pool" in str(refusal)


async def test_a_celery_worker_that_starts_beside_the_bridge_and_the_bridge_share_what_is_revoked(app, caller):
    node = app.context.get("bridge")._events.node
    neighbours = caller.app.control.inspect(timeout=10, destination=[node])
    reply = await caller.do(neighbours.hello, "worker@here", ["revoked at the worker"])  # as it asks when it starts
    assert "revoked at the worker" in reply[node]["revoked"]
    result = await caller.send("unwanted", "T", "x", task_id="revoked at the worker")
    assert isinstance(await caller.outcome(result), TaskRevokedError)


async def test_a_task_at_hand_is_terminated(app, caller, graph_address):
    committer = app.context.get("committer")
    release = asyncio.Event()
    taken = asyncio.Event()
    write = committer._write

    async def slow(changes):
        taken.set()
        await release.wait()
        return await write(changes)

    committer._write = slow
    try:
        result = await caller.send("terminated", "T", "Some text.")
        await asyncio.wait_for(taken.wait(), 30)
        await caller.do(caller.app.control.revoke, result.id, terminate=True, reply=True, timeout=10, limit=1)
        assert isinstance(await caller.outcome(result), TaskRevokedError)
        assert result.state == "REVOKED"
    finally:
        release.set()
        committer._write = write
