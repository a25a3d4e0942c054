"""Round trip of one document: raw aio-pika, `AsyncDocgraph` and `Docgraph`, in turns, in the same run.

    python -m benchmarks.roundtrip --rounds 300

Each submits a new version of a small document, waits for its completion, and only then submits the next. The three take
turns, so that whatever else the machine does falls on all of them alike. Told are the medians, the ratios to raw
aio-pika, and the processor time of this process, all threads.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika

from benchmarks.harness.servers import running_servers
from benchmarks.report.studies import conclude
from service.client import AsyncDocgraph, Docgraph
from service.demo.service_process import running_service

VHOST = "roundtrip"
RAW = "raw aio-pika"
WARM_UP = 50
TEXT = "Honey bees live in a hive. The keeper looks after them, and takes the honey in summer."


@asynccontextmanager
async def raw(url: str) -> AsyncGenerator[Callable[[int], Awaitable[None]], None]:
    """The shortest program that does the same with nothing but aio-pika."""
    waiting: dict[str, asyncio.Future[dict]] = {}

    async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        completion = json.loads(message.body)
        if future := waiting.pop(completion["causation_id"], None):
            future.set_result(completion)

    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind("documents.completions", "#")
        await queue.consume(hear, no_ack=True)
        documents = await channel.get_exchange("documents")

        async def submit_and_wait(version: int) -> None:
            id_ = str(uuid.uuid4())
            waiting[id_] = asyncio.get_running_loop().create_future()
            future = waiting[id_]
            body = json.dumps({"document_id": "raw", "version": version, "text": TEXT}).encode()
            message = aio_pika.Message(body, message_id=id_, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await documents.publish(message, "document.submitted")
            assert (await future)["outcome"] in {"created", "unchanged"}

        yield submit_and_wait


async def measure(url: str, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return wall and processor seconds of each round trip, by contender."""
    async with raw(url) as raw_call, AsyncDocgraph(url) as asynchronous:
        synchronous = Docgraph(url)

        async def async_call(version: int) -> None:
            await asynchronous.submit_and_wait("async", text=TEXT, version=version)

        def sync_call(version: int) -> tuple[float, float]:
            wall, cpu = time.perf_counter(), time.process_time()
            synchronous.submit_and_wait("sync", text=TEXT, version=version)
            return time.perf_counter() - wall, time.process_time() - cpu

        async def timed(call: Callable[[int], Awaitable[None]], version: int) -> tuple[float, float]:
            wall, cpu = time.perf_counter(), time.process_time()
            await call(version)
            return time.perf_counter() - wall, time.process_time() - cpu

        times: dict[str, tuple[list[float], list[float]]] = {
            name: ([], []) for name in (RAW, "AsyncDocgraph", "Docgraph")
        }
        for version in range(1, WARM_UP + rounds + 1):
            results = (
                await timed(raw_call, version),
                await timed(async_call, version),
                # Called as a script calls it, from a thread that does nothing else; this loop waits for it meanwhile.
                await asyncio.to_thread(sync_call, version),
            )
            if version > WARM_UP:
                for (walls, cpus), (wall, cpu) in zip(times.values(), results, strict=True):
                    walls.append(wall)
                    cpus.append(cpu)
        await asyncio.to_thread(synchronous.close)
        return times


def main(rounds: int, stack: str | None, out: Path | None) -> None:
    with running_servers(stack) as servers, tempfile.TemporaryDirectory() as folder:
        environment = servers.environment(VHOST)
        servers.prepare_graph(fulltext=True)
        with running_service(environment, Path(folder) / "service.log"):
            times = asyncio.run(measure(environment["RABBITMQ_URL"], rounds))
    raw_wall, raw_cpu = map(statistics.median, times[RAW])
    rows = []
    for name, each in times.items():
        wall, cpu = map(statistics.median, each)
        rows.append(
            {"name": name, "ms": wall * 1000, "ratio": wall / raw_wall, "cpu": cpu * 1000, "cpu_ratio": cpu / raw_cpu}
        )
    conclude("roundtrip", {"rounds": rounds, "rows": rows, "problems": []}, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.roundtrip")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    parser.add_argument("--out", type=Path, help="results file; the table goes beside it")
    main(**vars(parser.parse_args()))
