"""The service with answers that get lost: what was done is reported as failed. Run it as `faststream run`.

`DOCGRAPH_FAULTS_COMMIT=100`: of each hundred transactions one commits and then raises, as if the connection had died
under COMMIT. `DOCGRAPH_FAULTS_PUBLISH=100`: of each hundred publishes one is confirmed and then raises, as if the
confirm had come too late. `DOCGRAPH_FAULTS_SEED` decides which.
"""

import functools
import os
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiormq

from service.app import build_app
from service.delivery import publishing
from service.errors import GraphUnavailableError
from service.graph.writer import GraphWriter
from service.settings import Settings

INJECTED = "injected by the harness"


def then_raise(
    call: Callable[..., Awaitable[Any]], error: Exception, one_in: int, rng: random.Random
) -> Callable[..., Awaitable[Any]]:
    """Wrap a call so that one of each `one_in` calls is made, succeeds and raises."""
    left: list[int] = []

    @functools.wraps(call)
    async def wrapped(*arguments: Any, **keywords: Any) -> Any:
        if not left:
            chosen = rng.randrange(one_in)
            left.extend(int(number == chosen) for number in range(one_in))
        unlucky = left.pop()
        result = await call(*arguments, **keywords)
        if unlucky:
            print(f"{INJECTED}: {error}", file=sys.stderr, flush=True)  # noqa: T201
            raise type(error)(*error.args)
        return result

    return wrapped


def _inject() -> None:
    rng = random.Random(os.environ.get("DOCGRAPH_FAULTS_SEED", "1"))
    if one_in := int(os.environ.get("DOCGRAPH_FAULTS_COMMIT", "0")):
        error: Exception = GraphUnavailableError(f"committed, then raised, {INJECTED}")
        GraphWriter.write = then_raise(GraphWriter.write, error, one_in, rng)  # type: ignore[method-assign]
    if one_in := int(os.environ.get("DOCGRAPH_FAULTS_PUBLISH", "0")):
        error = TimeoutError(f"confirmed, then raised, {INJECTED}")
        # Completions and what the bridge sends, then retries and dead letters.
        for sender, name in ((publishing._Writer, "send"), (aiormq.Channel, "basic_publish")):
            setattr(sender, name, then_raise(getattr(sender, name), error, one_in, rng))


_inject()
app = build_app(Settings.load())
