"""arq: one loop; driver and broker connection opened at start-up and kept in the context. Its queue is in Redis."""

import os
from contextlib import asynccontextmanager

from arq import create_pool
from arq.connections import RedisSettings

from benchmarks import graph, job
from benchmarks.peers.rabbit import completions, connect

REDIS = RedisSettings.from_dsn(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))


async def startup(ctx):
    ctx["driver"] = graph.async_driver()
    await ctx["driver"].verify_connectivity()
    ctx["connection"] = await connect()
    ctx["publish"] = await completions(ctx["connection"])


async def shutdown(ctx):
    await ctx["connection"].close()
    await ctx["driver"].close()


async def process(ctx, event):
    row = job.prepare(event)
    await graph.write(ctx["driver"], [row])
    await ctx["publish"](job.completion(row))


class WorkerSettings:
    functions = [process]  # noqa: RUF012 - arq's own way
    on_startup = startup
    on_shutdown = shutdown
    redis_settings = REDIS
    max_jobs = 32
    poll_delay = 0.02  # the default of 0.5 s caps it at 5 x max_jobs per half second
    keep_result = 0


@asynccontextmanager
async def submitting():
    pool = await create_pool(REDIS)

    async def submit(event):
        await pool.enqueue_job("process", event)

    yield submit
    await pool.aclose()
