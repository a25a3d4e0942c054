"""Async actors: dramatiq's AsyncIO middleware has one loop per worker process, and the client lives in it."""

import os
from typing import Any

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import AsyncIO, CurrentMessage, Middleware
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from service.client import AsyncDocgraph, DocumentFailedError

docgraph = AsyncDocgraph()  # it connects at its first call, and belongs to the loop of that call


class CloseClient(Middleware):
    """Add it after `AsyncIO`: it is then told of the end before the loop ends."""

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        get_event_loop_thread().run_coroutine(docgraph.aclose())


results = RedisBackend(url=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"))
broker = RabbitmqBroker(
    url=os.environ.get("DRAMATIQ_BROKER_URL", "amqp://127.0.0.1:5672/"),
    confirm_delivery=True,  # off by default: then a message may be lost without a word
)
for middleware in (Results(backend=results), CurrentMessage(), AsyncIO(), CloseClient()):
    broker.add_middleware(middleware)
dramatiq.set_broker(broker)


# A document that the service has given up will not get better by asking again.
@dramatiq.actor(store_results=True, throws=(DocumentFailedError,))
async def process_document(document_id: str, text: str) -> str:
    # A message that dramatiq delivers again sends the same event again, and gets the same answer.
    message = CurrentMessage.get_current_message()
    done = await docgraph.submit_and_wait(document_id, text=text, event_id=message.message_id)
    return done.outcome
