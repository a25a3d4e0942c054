"""What happens when there is more of it: processes, popular keywords, versions of one document, chunks of a document.

    python -m benchmarks.scale --documents 4000

Every part checks the graph exactly and counts the deadlocks that the driver reports. Which part limits is read off the
CPU: how many cores each group of processes keeps busy.
"""

import argparse
import asyncio
import os
import time
from pathlib import Path
from typing import Any

from benchmarks.documents import Event, Shape, event
from benchmarks.harness import watching
from benchmarks.harness.result import Result, line
from benchmarks.harness.run import Bench
from benchmarks.harness.servers import running_servers
from benchmarks.harness.traffic import traffic
from benchmarks.report.studies import conclude

PROCESSES = (1, 2, 4, 8)
WRITERS = 2
"""Processes in the parts about contention: with their transactions at a time they could deadlock."""
VERSIONS = 1000
CHUNKS = (1, 10, 100, 1000, 5000, 19_500)
CHUNK = 1100
"""Characters of a paragraph that makes one chunk."""
SETTLED_WITHIN = 600.0

Study = dict[str, Any]


async def main(documents: int, stack: str | None, out: Path | None) -> None:
    # A transaction of 20,000 chunks may take longer than the default on a small machine.
    os.environ["DOCGRAPH_GRAPH_TIMEOUT"] = "300"
    # And its event is larger than the default allows.
    os.environ["DOCGRAPH_MAX_MESSAGE_BYTES"] = str(32 << 20)
    with running_servers(stack) as servers:
        bench = Bench(servers)
        for _ in range(2):
            print(line(await bench.throughput(watching.watched(), 3000)), "(warm-up)")
        study: Study = {"documents": documents, "cpus": os.cpu_count(), "deadlocks": 0, "problems": []}
        study["processes"] = [await full_queue(bench, study, count, documents) for count in PROCESSES]
        study["shapes"] = [await full_queue(bench, study, WRITERS, documents, shape) for shape in Shape]
        study["versions"] = await one_document(bench, study)
        study["chunks"] = await large_documents(bench, study)
    conclude("scale", study, out)


async def full_queue(
    bench: Bench, study: Study, processes: int, documents: int, shape: Shape = Shape.SKEWED
) -> dict[str, Any]:
    """Work a full queue off."""
    deadlocks: list[int] = []

    async def ended(pids: list[int]) -> None:
        deadlocks.extend(found["deadlocks"] for found in await watching.end(pids))

    system = watching.watched(processes)
    result: Result = await bench.throughput(system, documents, shape=shape, began=watching.begin, ended=ended)
    print(line(result), shape, f"deadlocks {sum(deadlocks)}", flush=True)
    study["problems"] += result.problems
    study["deadlocks"] += sum(deadlocks)
    return {
        "processes": processes,
        "shape": shape,
        "rate": result.rate,
        "cpu": result.cpu,
        "memory": result.memory,
        "deadlocks": sum(deadlocks),
    }


async def one_document(bench: Bench, study: Study) -> dict[str, Any]:
    """Submit 1,000 versions of one document, among as many other documents."""
    async with (
        bench.serving(watching.watched(WRITERS)) as (environment, pids),
        traffic(environment) as flow,
    ):
        watching.begin(pids)
        began = time.monotonic()
        for version in range(1, VERSIONS + 1):
            await flow.submit(event(0, version=version))
            await flow.submit(event(version))
        await flow.settled(SETTLED_WITHIN)
        seconds = time.monotonic() - began
        deadlocks = sum(found["deadlocks"] for found in await watching.end(pids))
    outcomes = [answer.body.get("outcome", "failed") for answer in flow.answers.values()]
    record = bench.servers.driver.execute_query(
        "MATCH (d:Document {id: $id}) OPTIONAL MATCH (d)<-[:FROM_DOCUMENT]-(c) "
        "RETURN d.version AS version, count(c) AS n",
        id="bench/0",
    ).records[0]
    if (record["version"], record["n"]) != (VERSIONS, 2):
        study["problems"].append(f"expected version {VERSIONS} with 2 chunks, got {dict(record)}")
    if "failed" in outcomes:
        study["problems"].append(f"{outcomes.count('failed')} versions failed: {flow.failures()[:2]}")
    study["deadlocks"] += deadlocks
    found = {
        "versions": VERSIONS,
        "seconds": round(seconds, 2),
        "outcomes": {name: outcomes.count(name) for name in sorted(set(outcomes))},
        "deadlocks": deadlocks,
    }
    print(found, flush=True)
    return found


async def large_documents(bench: Bench, study: Study) -> list[dict[str, Any]]:
    """Submit documents of growing size, one after the other."""
    rows = []
    async with bench.serving(watching.watched()) as (environment, pids), traffic(environment) as flow:
        watching.begin(pids)
        for chunks in (1, *CHUNKS):  # the first is to warm up
            answer = await flow.submit(_of_chunks(chunks, f"large/{len(rows)}"))
            await flow.settled(SETTLED_WITHIN)
            total = answer.body.get("chunks", {}).get("total", 0)
            if not chunks * 0.9 <= total <= chunks * 1.1 + 1:
                study["problems"].append(f"expected about {chunks} chunks, got {answer.body}")
            rows.append({"chunks": total, "seconds": round(answer.milliseconds / 1000, 3)})
            print(rows[-1], flush=True)
        study["deadlocks"] += sum(found["deadlocks"] for found in await watching.end(pids))
    stored = bench.servers.counts().chunks
    if stored != (wanted := sum(row["chunks"] for row in rows)):
        study["problems"].append(f"expected {wanted} chunks in the graph, got {stored}")
    return rows[1:]


def _of_chunks(chunks: int, document_id: str) -> Event:
    paragraphs: list[str] = []
    number = 0
    while len(paragraphs) < chunks:
        number += 1
        paragraphs += event(number)["text"].split("\n\n")
    # Headings make each paragraph a section of its own, and a boundary that no other outranks.
    sections = [f"# {place}\n\n{text[:CHUNK]}" for place, text in enumerate(paragraphs[:chunks])]
    return event(0) | {"document_id": document_id, "text": "\n\n".join(sections), "media_type": "text/markdown"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    parser.add_argument("--out", type=Path, help="results file; the tables go beside it")
    asyncio.run(main(**vars(parser.parse_args())))
