"""Enqueue documents and wait for the results: `python send.py 200`."""

import asyncio
import sys

from arq import create_pool
from worker import WorkerSettings


async def main(count: int) -> None:
    redis = await create_pool(WorkerSettings.redis_settings)
    jobs = [await redis.enqueue_job("process_document", f"arq-{n}", f"Note {n} on beekeeping.") for n in range(count)]
    outcomes = [await job.result(timeout=60, poll_delay=0.05) for job in jobs if job is not None]
    await redis.aclose()
    print(f"{count} documents: {len(outcomes)} completions, {', '.join(sorted(set(outcomes)))}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
