"""Where the service's time goes: CPU microseconds a document, by stage.

    python -m benchmarks.profile --documents 10000

The service runs as users run it, with a sampler of stacks inside, over a queue that is full from the start. Samples are
taken by CPU time and weighted with the process's own, so that their sum is what the operating system counts.
"""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from benchmarks.harness import watching
from benchmarks.harness.result import line
from benchmarks.harness.run import Bench
from benchmarks.harness.servers import running_servers
from benchmarks.report.stages import microseconds
from benchmarks.report.studies import conclude


async def main(documents: int, stack: str | None, top: int, out: Path | None) -> None:
    system = watching.watched(sample=True)
    found: list[dict[str, Any]] = []

    async def ended(pids: list[int]) -> None:
        found.extend(await watching.end(pids))

    with running_servers(stack) as servers:
        bench = Bench(servers)
        print(line(await bench.throughput(system, 3000)), "(warm-up)")
        result = await bench.throughput(system, documents, began=watching.begin, ended=ended)
    print(line(result))
    (watch,) = found
    measured = documents - documents // 10
    samples = sum(count for _, count in watch["stacks"])
    study = {
        "documents": measured,
        "samples": samples,
        "rate": result.rate,
        "stages": microseconds(watch["stacks"], watch["cpu"], measured),
        "problems": result.problems,
    }
    _print_top(watch["stacks"], watch["cpu"] / samples / measured * 1e6, top)
    conclude("profile", study, out)


def _print_top(stacks: list[Any], per_sample: float, top: int) -> None:
    """Print the functions that take most themselves."""
    own: dict[str, int] = {}
    for stack, count in stacks:
        own[stack[0]] = own.get(stack[0], 0) + count
    print(f"\nthe {top} functions that take most themselves, CPU µs per document:")
    for name, count in sorted(own.items(), key=lambda item: -item[1])[:top]:
        print(f"{count * per_sample:8.1f}  {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    parser.add_argument("--out", type=Path, help="results file; the table goes beside it")
    parser.add_argument("--top", type=int, default=25)
    asyncio.run(main(**vars(parser.parse_args())))
