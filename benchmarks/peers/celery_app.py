"""What the Celery peers share: the app, its settings and the confirmed completion."""

import os

from celery import Celery

from benchmarks.names import COMPLETIONS, PROCESSED


def celery_app(name: str, prefetch: int = 4) -> Celery:
    """Return an app with late acknowledgements and confirmed publishes; no result backend, as completions answer."""
    app = Celery(name, broker=os.environ.get("RABBITMQ_URL", "amqp://"))
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=prefetch,
        worker_send_task_events=False,
        broker_pool_limit=32,  # connections for completions: one for each thread
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
    )
    return app


def complete(app: Celery, body: bytes) -> None:
    """Publish a completion by a producer from the app's pool."""
    with app.producer_pool.acquire(block=True) as producer:
        producer.publish(
            body,
            exchange=COMPLETIONS,
            routing_key=PROCESSED,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode="persistent",
        )
