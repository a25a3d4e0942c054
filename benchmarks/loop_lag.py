"""How late the service's event loop is, and how long short documents wait, while heavy documents are being read.

    python -m benchmarks.loop_lag --seconds 30

Each load runs for so many seconds on the same warm service: short documents alone, then with texts of 30 KB, 100 KB and
1 MB and PDFs among them. The loop's lag is what a timer in the service's own process is late.
"""

import argparse
import asyncio
import base64
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.documents import Event, event
from benchmarks.harness import watching
from benchmarks.harness.pdf import pdf
from benchmarks.harness.run import Bench
from benchmarks.harness.servers import running_servers
from benchmarks.harness.traffic import Answered, Traffic, traffic
from benchmarks.report.studies import conclude, percentiles

RATE = 50.0
"""Short documents a second, in every load."""
SETTLED_WITHIN = 300.0


def _text(number: int, kilobytes: int) -> str:
    texts: list[str] = []
    while sum(map(len, texts)) < kilobytes * 1000:
        texts.append(event(number + len(texts))["text"])
    return "\n\n".join(texts)


def _long(kilobytes: int) -> Callable[[int], Event]:
    return lambda number: event(number) | {"document_id": f"long/{number}", "text": _text(number, kilobytes)}


def _pdf(pages: int) -> Callable[[int], Event]:
    def make(number: int) -> Event:
        data = base64.b64encode(pdf([_text(number + page, 4) for page in range(pages)])).decode()
        return {"document_id": f"pdf/{number}", "version": 1, "media_type": "application/pdf", "data": data}

    return make


LOADS: dict[str, list[tuple[float, Callable[[int], Event]]]] = {
    "short documents alone": [],
    "and 5 texts of 30 KB a second": [(5.0, _long(30))],
    "and 2 texts of 100 KB a second": [(2.0, _long(100))],
    "and a PDF of 20 pages a second": [(1.0, _pdf(20))],
    "and all of these, and a text of 1 MB every 5 s": [
        (5.0, _long(30)),
        (2.0, _long(100)),
        (1.0, _pdf(20)),
        (0.2, _long(1000)),
    ],
}


async def main(seconds: float, stack: str | None, out: Path | None) -> None:
    rows: list[dict[str, Any]] = []
    with running_servers(stack) as servers:
        bench = Bench(servers)
        async with bench.serving(watching.watched()) as (environment, pids), traffic(environment) as flow:
            numbers = count()
            await _warm_up(flow, numbers)
            for name, heavy in LOADS.items():
                watching.begin(pids)
                short, long = await _load(flow, numbers, heavy, seconds)
                (watch,) = await watching.end(pids)
                row = {"load": name, "lag": percentiles(each * 1000 for each in watch["lags"])}
                row["short"] = percentiles(answer.milliseconds for answer in short)
                row["long"] = percentiles(answer.milliseconds for answer in long)
                row["cpu"] = watch["cpu"] / watch["seconds"]
                rows.append(row)
                print(row, flush=True)
            failures = flow.failures()
    conclude("loop_lag", {"seconds": seconds, "rate": RATE, "loads": rows, "problems": failures[:5]}, out)


async def _warm_up(flow: Traffic, numbers: Iterator[int]) -> None:
    for make in (event, _long(30), _long(100), _pdf(20)):
        for _ in range(300 if make is event else 4):
            await flow.submit(make(next(numbers)))
    await flow.settled(SETTLED_WITHIN)


async def _load(
    flow: Traffic, numbers: Iterator[int], heavy: list[tuple[float, Callable[[int], Event]]], seconds: float
) -> tuple[list[Answered], list[Answered]]:
    """Submit for so many seconds; return the answers to short and to heavy documents."""
    short: list[Answered] = []
    long: list[Answered] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(_steady(flow, short, numbers, rate=RATE, make=event, seconds=seconds))
        for rate, make in heavy:
            group.create_task(_steady(flow, long, numbers, rate=rate, make=make, seconds=seconds))
    await flow.settled(SETTLED_WITHIN)
    return short, long


async def _steady(
    flow: Traffic,
    answers: list[Answered],
    numbers: Iterator[int],
    *,
    rate: float,
    make: Callable[[int], Event],
    seconds: float,
) -> None:
    # Made beforehand, and sent in an open loop: a slow service does not slow the load down.
    events = [make(next(numbers)) for _ in range(max(1, int(rate * seconds)))]
    began = time.monotonic()
    for place, each in enumerate(events):
        await asyncio.sleep(began + place / rate - time.monotonic())
        answers.append(await flow.submit(each))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loop_lag")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    parser.add_argument("--out", type=Path, help="results file; the table goes beside it")
    asyncio.run(main(**vars(parser.parse_args())))
