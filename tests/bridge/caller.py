"""A caller: the real Celery client, in one thread of its own, as its results belong to the thread that asked."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from celery import Celery
from celery.result import AsyncResult

T = TypeVar("T")

QUEUE = "ingest"
WITHIN = 60.0


class Caller:
    def __init__(self, broker: str, backend: str = "rpc://", **conf: Any) -> None:
        self.app = Celery("caller", broker=broker, backend=backend, set_as_current=False)
        self.app.conf.task_routes = {"process_document": {"queue": QUEUE}}
        self.app.conf.update(conf)
        self._thread = ThreadPoolExecutor(1)

    async def do(self, work: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """Do something in the caller's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*arguments, **keywords))

    async def send(self, *args: Any, task: str = "process_document", **options: Any) -> AsyncResult:
        """Send a task with positional arguments; the rest are options of `send_task`."""
        if "exchange" not in options:
            options.setdefault("queue", QUEUE)
        return await self.do(self.app.send_task, task, args=args, **options)

    async def get(self, result: AsyncResult, **options: Any) -> Any:
        return await self.do(result.get, **({"timeout": WITHIN, "interval": 0.05} | options))

    async def outcome(self, result: AsyncResult, **options: Any) -> Any:
        """Return the result, or the exception that `get` raises."""
        try:
            return await self.get(result, **options)
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            return error

    async def ask(self, *args: Any, **options: Any) -> Any:
        return await self.outcome(await self.send(*args, **options))

    async def close(self) -> None:
        def end() -> None:
            # Results that somebody still holds would unsubscribe when they go, from servers that are gone by then.
            self.app.backend.remove_pending_result = lambda _: None
            self.app.backend.result_consumer.stop()
            self.app.close()

        await self.do(end)
        await asyncio.to_thread(self._thread.shutdown)
