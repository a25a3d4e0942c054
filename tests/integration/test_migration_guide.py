"""Every code block of docs/migrating-from-celery.md, run."""

import shlex
import sys
from contextlib import asynccontextmanager

from tests.support.markdown import code_blocks
from tests.support.processes import ROOT, a_process, environment
from tests.support.programs import Program

BLOCKS = code_blocks(ROOT / "docs" / "migrating-from-celery.md")
CLASSIC, CALLER, TASK, BRIDGE, NATIVE, LISTENER = BLOCKS
RESULTS = 10
SLOW_MACHINE = 60


@asynccontextmanager
async def a_worker(folder, given):
    command = [sys.executable, "-m", "celery", "--app", "tasks", "worker", "--concurrency", "2"]
    async with Program(command, folder, given) as worker:
        yield worker


async def output_of(block, folder, given):
    path = folder / "caller.py"
    path.write_text(block.text, encoding="utf-8")
    async with Program([sys.executable, str(path)], folder, given) as program:
        assert await program.ends(within=SLOW_MACHINE) == 0, program.output
        return program.output


def with_broker(settings):
    return environment(settings, CELERY_BROKER_URL=settings.rabbitmq_url, PYTHONUNBUFFERED="1")


def test_its_code_blocks_are_those_that_are_run_here():
    assert [(block.heading.partition(":")[0], block.language) for block in BLOCKS] == [
        ("What goes wrong, and why", "python"),
        ("What goes wrong, and why", "python"),
        ("Step 1", "python"),
        ("Step 2", "sh"),
        ("Step 3", "python"),
        ("Step 3", "python"),
    ]


async def test_the_program_that_breaks_does_break(settings, graph, tmp_path):
    (tmp_path / "tasks.py").write_text(CLASSIC.text, encoding="utf-8")
    given = with_broker(settings)
    async with a_worker(tmp_path, given):
        output = await output_of(CALLER, tmp_path, given)
    written = await graph.value("MATCH (d:Document) RETURN count(d) AS n")
    assert 1 <= written <= 2
    assert output.count("attached to a different loop") == RESULTS - written


async def test_step_1_the_client_in_the_task(service, settings, graph, tmp_path):
    (tmp_path / "tasks.py").write_text(TASK.text, encoding="utf-8")
    given = with_broker(settings)
    async with a_worker(tmp_path, given):
        output = await output_of(CALLER, tmp_path, given)
    assert output.splitlines() == RESULTS * ["{'outcome': 'created', 'chunks': 1}"]
    assert (await graph.counts())["documents"] == RESULTS


async def test_step_2_the_bridge(settings, graph, tmp_path):
    (tmp_path / "tasks.py").write_text(TASK.text, encoding="utf-8")  # for its callers; no worker runs
    words = [word for line in BRIDGE.text.splitlines() for word in shlex.split(line, comments=True)]
    variables = dict(word.split("=", 1) for word in words if word != "export")
    async with a_process(settings, **variables) as service:
        await service.ready()
        output = await output_of(CALLER, tmp_path, with_broker(settings))
    assert output.count("'outcome': 'created'") == RESULTS
    assert (await graph.counts())["documents"] == RESULTS


async def test_step_3_the_client_where_the_answer_is_needed(service, settings, tmp_path):
    assert await output_of(NATIVE, tmp_path, environment(settings)) == "guide is created\n"


async def test_step_3_completions_heard_by_another(service, settings, tmp_path):
    lines = (await output_of(LISTENER, tmp_path, environment(settings))).splitlines()
    assert sorted(lines) == ["guide: document.processed", "leaflet: document.removed"]
