"""From the settings to a running bridge, or to none."""

from contextlib import AsyncExitStack

from yarl import URL

from service.bridge.bridge import Bridge, Options
from service.bridge.redis_results import RedisResults
from service.bridge.worker import Ways
from service.delivery.subscriber import Line
from service.handlers.pipeline import Pipeline
from service.settings import Settings
from service.telemetry import Metrics


async def celery_bridge(
    settings: Settings, stack: AsyncExitStack, pipeline: Pipeline, line: Line, metrics: Metrics
) -> Bridge | None:
    """Start the bridge; the stack ends it. None when the settings name no queue.

    Raises:
        StartupError: RabbitMQ does not let it consume, or a package is missing.

    """
    if not settings.celery_queues:
        return None
    redis = None
    if settings.celery_result_url:
        results = RedisResults(settings.celery_result_url, expires=settings.celery_result_expires)
        redis = await stack.enter_async_context(results)
    ways = Ways(
        tasks=settings.celery_tasks,
        default_queue=settings.celery_default_queue,
        track_started=settings.celery_track_started,
        max_document=settings.max_document_bytes,
        result_expires=settings.celery_result_expires,
    )
    url = URL(settings.rabbitmq_url)
    options = Options(
        url=str(url.update_query({"name": "docgraph celery bridge", "heartbeat": "15", **url.query})),
        queues=settings.celery_queues,
        prefetch=settings.prefetch,
        delivery_limit=settings.delivery_limit,
        timeout=settings.hold_timeout,
        startup_timeout=settings.startup_timeout,
        ways=ways,
    )
    return await stack.enter_async_context(Bridge(options, pipeline, line, metrics, redis))
