"""The README's first screen: the demo answers every event, shows the graph and ends with 0."""

import asyncio
import sys

from tests.support.processes import ROOT, environment


async def run_demo(settings, *arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service",
        "demo",
        *arguments,
        cwd=ROOT,
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_the_demo_answers_every_sample_and_shows_the_graph_also_a_second_time(settings, graph):
    for _ in range(2):
        code, output = await run_demo(settings)
        assert code == 0, output
        assert "14 of 14 events were answered, 0 of them by a failure" in output
        assert "Top shared keywords" in output
        assert "bees/chinese" in output
    counts = await graph.counts()
    assert (counts["documents"], counts["tombstones"]) == (11, 1)
    shared = await graph.value(
        "MATCH (e:Keyword {name: 'honey'})-[:FROM_CHUNK]->(:Chunk)-[:FROM_DOCUMENT]->(d) RETURN count(DISTINCT d) AS n"
    )
    assert shared > 3


async def test_the_demo_without_its_samples_says_where_to_run_it(settings, tmp_path):
    code, output = await run_demo(settings, "--documents", str(tmp_path))
    assert code == 1
    assert "expected sample documents in" in output
    assert "Traceback" not in output
