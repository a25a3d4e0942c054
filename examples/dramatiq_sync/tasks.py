"""Synchronous actors: the threads of a worker process share one client, which is made at its first use."""

import os

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import CurrentMessage
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from service.client import Docgraph, DocumentFailedError

results = RedisBackend(url=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"))
broker = RabbitmqBroker(
    url=os.environ.get("DRAMATIQ_BROKER_URL", "amqp://127.0.0.1:5672/"),
    confirm_delivery=True,  # off by default: then a message may be lost without a word
)
broker.add_middleware(Results(backend=results))
broker.add_middleware(CurrentMessage())
dramatiq.set_broker(broker)

docgraph = Docgraph()


# A document that the service has given up will not get better by asking again.
@dramatiq.actor(store_results=True, throws=(DocumentFailedError,))
def process_document(document_id: str, text: str) -> str:
    # A message that dramatiq delivers again sends the same event again, and gets the same answer.
    message = CurrentMessage.get_current_message()
    return docgraph.submit_and_wait(document_id, text=text, event_id=message.message_id).outcome
