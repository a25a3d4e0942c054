"""The classic program, with a real Celery worker and the real Neo4j, fails as the migration guide describes."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.markdown import error_texts
from tests.support.processes import ROOT, environment

FOLDER = Path(__file__).parent
TASKS = 20
DIFFERENT_LOOP, POOL_USED_UP, BOUND_TO_ANOTHER, LOOP_CLOSED = error_texts(ROOT / "docs" / "migrating-from-celery.md")


@asynccontextmanager
async def a_worker(settings, log, processes, pool="prefork"):
    arguments = ["worker", "--pool", pool, "--concurrency", str(processes), "--loglevel", "WARNING"]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "celery", "--app", "classic", *arguments),
            cwd=FOLDER,
            env=environment(settings),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def calls(settings, *tasks):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "classic.py", *tasks),
        cwd=FOLDER,
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return json.loads(output)


async def test_only_the_first_query_of_each_worker_process_works(settings, graph, tmp_path):
    async with a_worker(settings, tmp_path / "worker.log", processes=2):
        ends = await calls(settings, *TASKS * ["process_document"])
    failed = [end for end in ends if end != "ok"]
    assert TASKS - 2 <= len(failed) < TASKS
    assert all(DIFFERENT_LOOP.fullmatch(end) for end in failed)
    assert await graph.value("MATCH (d:Classic) RETURN count(d) AS n") == TASKS - len(failed)


async def test_threads_are_no_way_out(settings, graph, tmp_path):
    async with a_worker(settings, tmp_path / "worker.log", processes=2, pool="threads"):
        ends = await calls(settings, *TASKS * ["process_document"])
    failed = [end for end in ends if end != "ok"]
    assert len(failed) > TASKS / 2
    assert any(map(DIFFERENT_LOOP.fullmatch, failed))


async def test_several_sessions_at_once_use_up_the_pool_and_then_no_task_works(settings, graph, tmp_path):
    async with a_worker(settings, tmp_path / "worker.log", processes=1, pool="solo"):
        ends = await calls(settings, *TASKS * ["process_chapters"])
    first, *others = ends
    assert first == "ok"
    assert any(map(DIFFERENT_LOOP.fullmatch, others))
    assert any(map(POOL_USED_UP.fullmatch, others))
    *_, last = others
    assert BOUND_TO_ANOTHER.fullmatch(last)


async def test_the_driver_cannot_be_closed_by_another_loop(settings, graph, tmp_path):
    async with a_worker(settings, tmp_path / "worker.log", processes=1):
        ends = await calls(settings, "process_document", "close_driver")
    first, second = ends
    assert first == "ok"
    assert LOOP_CLOSED.fullmatch(second)
