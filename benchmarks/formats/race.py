"""Two processes of one reader, given files in turn; what that takes on the clock and in work."""

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks.formats.corpus import Sample
from benchmarks.formats.recall import Match, match

ROOT = Path(__file__).parents[2]
WORKERS = 2
LEAST_SECONDS = float(os.environ.get("DOCGRAPH_BENCH_SECONDS", "3"))
MOST_ROUNDS = 50
LONG_SECONDS = 20.0
MOST_SECONDS_A_FILE = 60


@dataclass(slots=True)
class Lap:
    """What a reader did with the files of one format. Times are those in its processes, around the reading alone."""

    documents: int = 0
    characters: int = 0
    seconds: float = 0.0
    """On the clock, of all processes together."""
    work: dict[str, list[float]] = field(default_factory=dict)
    """Processor seconds, its threads' included, of each time that a file was read."""
    failures: dict[str, str] = field(default_factory=dict)
    matches: list[Match] = field(default_factory=list)


class Readers:
    """The processes of one reader; the import is done when the first file comes."""

    def __init__(self, name: str, python: Path) -> None:
        self._command = (str(python), str(Path(__file__).with_name("reader.py")), name)
        self.name = name
        self._processes: list[Process] = []

    async def __aenter__(self) -> Self:
        self._processes = [await self._started() for _ in range(WORKERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        await asyncio.gather(*(process.wait() for process in self._processes))

    async def _started(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )

    async def read(self, samples: Sequence[Sample], lap: Lap, texts: Path | None = None) -> None:
        """Read each sample once that has not failed yet; write the texts to the folder if there is one."""
        waiting = [sample for sample in reversed(samples) if sample.path.name not in lap.failures]

        async def work(at: int) -> None:
            while waiting:
                sample = waiting.pop()
                name = sample.path.name
                reply = await self._ask(at, sample, texts / f"{name}.txt" if texts else None)
                if reply["error"]:
                    lap.failures[name] = reply["error"]
                    continue
                lap.documents += 1
                lap.characters += reply["characters"]
                lap.seconds += reply["seconds"]
                lap.work.setdefault(name, []).append(reply["work"])

        await asyncio.gather(*(work(at) for at in range(WORKERS)))

    async def _ask(self, at: int, sample: Sample, write: Path | None) -> dict:
        request = {"path": str(sample.path), "media_type": sample.media_type, "write": str(write) if write else None}
        process = self._processes[at]
        process.stdin.write(json.dumps(request).encode() + b"\n")
        try:
            async with asyncio.timeout(MOST_SECONDS_A_FILE):
                line = await process.stdout.readline()
        except TimeoutError:
            line = b""
        if line:
            return json.loads(line)
        process.kill()
        await process.wait()
        self._processes[at] = await self._started()
        return {"error": f"no answer within {MOST_SECONDS_A_FILE} s, or the process died"}


async def race(readers: Sequence[Readers], samples: Sequence[Sample], folder: Path) -> dict[str, Lap]:
    """Let the readers read the samples in turn: once to warm up and to keep the texts, then round after round.

    They take turns after each round, so that they meet the same moments of the machine. A reader whose first round
    takes long has only that one.

    Args:
        readers: warm ones.
        samples: of one format.
        folder: where the texts are kept, a folder for each reader.

    """
    laps = {}
    for each in readers:
        texts = folder / each.name / samples[0].path.parent.name
        await asyncio.to_thread(texts.mkdir, parents=True, exist_ok=True)
        first = Lap()
        await each.read(samples, first, texts)
        laps[each.name] = first if first.seconds > LONG_SECONDS else Lap(failures=first.failures)
        laps[each.name].matches = [_match(texts, sample) for sample in samples]
    for _ in range(MOST_ROUNDS):
        for each in readers:
            if laps[each.name].seconds < LEAST_SECONDS:
                await each.read(samples, laps[each.name])
    return laps


def _match(texts: Path, sample: Sample) -> Match:
    path = texts / f"{sample.path.name}.txt"
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    return match(found, sample.reference.read_text(encoding="utf-8", errors="replace"))
