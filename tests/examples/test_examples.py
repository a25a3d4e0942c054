"""Two hundred documents through each example: as many completions, no loop error, one connection per process."""

import pytest

from tests.examples.runs import SLOW_MACHINE, Example, is_served

EXAMPLES = [
    Example("script"),
    Example("aio_pika"),
    Example("fastapi", ready="Application startup complete"),
    Example("arq", ready="Starting worker"),
    Example("dramatiq_sync", processes=2, ready="Worker process is ready for action"),
    Example("dramatiq_async", processes=2, ready="Worker process is ready for action"),
    Example("celery_sync_client", processes=2, ready="ready."),
    Example("celery_asyncio_run", processes=2, ready="ready.", connections=10),  # one per task of twenty documents
    Example("celery_loop_per_process", processes=2, ready="ready."),
    Example("taskiq", processes=3, ready="Listening started"),  # two workers, and the sender that listens
]


@pytest.mark.timeout(2 * SLOW_MACHINE)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_two_hundred_documents_through(example, served):
    await is_served(example, served)
