"""The Celery bridge against a Celery prefork worker with the sync driver.

    python -m benchmarks.bridge --rounds 3

One queue is filled by the real Celery client with tasks that want their results by `rpc://`; then either the service
or the worker takes them. Measured is the rate of the completions between the first tenth and the last one.
"""

import argparse
import asyncio
import random
import statistics
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from celery import Celery

from benchmarks.documents import events, expected
from benchmarks.harness.processes import ROOT, collecting, running, until_either
from benchmarks.harness.servers import Servers, running_servers
from benchmarks.report.studies import conclude
from benchmarks.systems import SERVICE
from service.local.ports import free_port

QUEUE = "ingest"
WORKER = ("celery", "-A", "benchmarks.bridge_worker", "worker", "--loglevel", "WARNING", "--pool", "prefork")
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
WITHIN = 900.0


def submit(url: str, count: int) -> None:
    """Fill the queue."""
    client = Celery("client", broker=url, backend="rpc://", set_as_current=False)
    client.conf.broker_transport_options = {"confirm_publish": True}
    with client.producer_pool.acquire(block=True) as producer:
        for event in events(0, count):
            client.send_task("process_document", kwargs=event, queue=QUEUE, producer=producer)
    client.close()


async def measure(servers: Servers, folder: Path, name: str, options: argparse.Namespace) -> float:
    """Return the documents a second of one run.

    Raises:
        SystemExit: the graph does not hold what it must.

    """
    count = options.documents
    vhost = f"bridge-{name}-{random.getrandbits(32):x}"
    environment = servers.environment(vhost) | {"DOCGRAPH_CELERY_QUEUES": QUEUE, "DOCGRAPH_LOG_LEVEL": "WARNING"}
    servers.prepare_graph(fulltext=name == "bridge")
    log = folder / f"{name}.log"
    if name == "bridge":
        command = (str(ROOT / ".venv" / "bin" / SERVICE[0]), *SERVICE[1:])
        command = tuple(part.replace("{port}", str(free_port())) for part in command)
        command += ("--workers", str(options.workers)) if options.workers > 1 else ()
    else:
        concurrency = ("--concurrency", str(options.concurrency), "-Q", QUEUE)
        command = (str(ROOT / ".venv" / "bin" / WORKER[0]), *WORKER[1:], *QUIET, *concurrency)
    try:
        async with AsyncExitStack() as stack:
            collector = await stack.enter_async_context(collecting(environment, folder, [1, count // 10, count]))
            await asyncio.to_thread(submit, environment["RABBITMQ_URL"], count)
            worker = await stack.enter_async_context(running(command, environment, log))
            began = await until_either(collector.until(count // 10), [worker], log, WITHIN)
            ended = await until_either(collector.until(count), [worker], log, WITHIN)
        if (found := servers.counts()) != (right := expected(0, count)):
            raise SystemExit(f"{name}: expected {right} in the graph, got {found}; see {log}")
        return (count - count // 10) / (ended - began)
    finally:
        servers.drop_vhost(vhost)


async def main(options: argparse.Namespace) -> None:
    folder = ROOT / ".local" / "benchmarks" / "bridge"
    folder.mkdir(parents=True, exist_ok=True)
    rates: dict[str, list[float]] = {"bridge": [], "celery": []}
    with running_servers(options.stack, lambda line: print(line, file=sys.stderr)) as servers:
        for number in range(1 - options.warm_up, options.rounds + 1):
            for name in random.sample(sorted(rates), len(rates)):
                rate = await measure(servers, folder, name, options)
                print(f"{'warm-up' if number < 1 else f'round {number}'}  {name:8}{rate:7.0f} documents/s", flush=True)
                if number >= 1:
                    rates[name].append(rate)
    ratios = [ours / theirs for ours, theirs in zip(rates["bridge"], rates["celery"], strict=True)]
    conclude(
        "bridge",
        {
            "documents": options.documents,
            "processes": options.workers,
            "celery_processes": options.concurrency,
            "rates": rates,
            "ratio": statistics.median(ratios),
            "problems": [],
        },
        options.out,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bridge", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=4, help="rounds before those that count: Neo4j compiles long")
    parser.add_argument("--documents", type=int, default=6000)
    parser.add_argument("--concurrency", type=int, default=4, help="processes of the Celery worker")
    parser.add_argument("--workers", type=int, default=1, help="processes of the service")
    parser.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    parser.add_argument("--out", type=Path, help="results file; the table goes beside it")
    asyncio.run(main(parser.parse_args()))
