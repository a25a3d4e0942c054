"""arq has one loop per worker: the client is opened when it starts and lies in the context."""

import os
from typing import Any, ClassVar

from arq.connections import RedisSettings

from service.client import AsyncDocgraph


async def open_client(ctx: dict[str, Any]) -> None:
    ctx["docgraph"] = AsyncDocgraph()
    await ctx["docgraph"].connect()  # or at the first job; like this a worker without RabbitMQ does not start


async def close_client(ctx: dict[str, Any]) -> None:
    await ctx["docgraph"].aclose()


async def process_document(ctx: dict[str, Any], document_id: str, text: str) -> str:
    docgraph: AsyncDocgraph = ctx["docgraph"]
    # A job that arq runs again sends the same event again, and gets the same answer.
    done = await docgraph.submit_and_wait(document_id, text=text, event_id=ctx["job_id"])
    return done.outcome


class WorkerSettings:
    functions: ClassVar = [process_document]
    on_startup = open_client
    on_shutdown = close_client
    redis_settings = RedisSettings.from_dsn(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"))
    max_jobs = 50
    poll_delay = 0.05  # seconds; the default of 0.5 allows 2 x max_jobs jobs a second
