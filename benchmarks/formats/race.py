"""Two processes of one reader, given files in turn; what that takes on the clock and in work."""

import asyncio
import json
import os
import time
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
    """What a reader did with the files of one format."""

    documents: int = 0
    characters: int = 0
    seconds: float = 0.0
    work: float = 0.0
    """Processor seconds of the readers."""
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

    async def run(self, samples: Sequence[Sample], texts: Path) -> Lap:
        """Read the samples: once to warm up and to keep the texts, then round after round against the clock.

        Where the first round takes long, it counts, and is the only one.
        """
        lap, first = Lap(), Lap()
        start = time.monotonic()
        await self._round(samples, first, texts, lap)
        first.seconds = time.monotonic() - start
        good = [sample for sample in samples if sample.path.name not in lap.failures]
        if first.seconds > LONG_SECONDS:
            first.failures = lap.failures
            lap, good = first, []
        for _ in range(MOST_ROUNDS if good else 0):
            start = time.monotonic()
            await self._round(good, lap, None, lap)
            lap.seconds += time.monotonic() - start
            if lap.seconds > LEAST_SECONDS:
                break
        for sample in samples:
            path = texts / f"{sample.path.name}.txt"
            found = path.read_text(encoding="utf-8") if path.is_file() else ""
            lap.matches.append(match(found, sample.reference.read_text(encoding="utf-8", errors="replace")))
        return lap

    async def _round(self, samples: Sequence[Sample], lap: Lap, texts: Path | None, failed: Lap) -> None:
        waiting = list(reversed(samples))

        async def work(at: int) -> None:
            while waiting:
                sample = waiting.pop()
                reply = await self._ask(at, sample, texts / f"{sample.path.name}.txt" if texts else None)
                if reply["error"]:
                    failed.failures[sample.path.name] = reply["error"]
                    continue
                lap.documents += 1
                lap.characters += reply["characters"]
                lap.work += reply["cpu"]

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
