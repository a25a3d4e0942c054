"""Lets the driver see a connection that was reset for what it is, whatever the event loop."""

from typing import Any

from neo4j._async_compat.network._bolt_socket import AsyncBoltSocketBase

_sendall: Any = AsyncBoltSocketBase.sendall


async def _sendall_or_reset(self: AsyncBoltSocketBase, data: Any) -> Any:
    try:
        return await _sendall(self, data)
    except RuntimeError as error:
        msg = f"expected to write to an open connection, got {error}"
        raise ConnectionResetError(msg) from error


def tell_resets() -> None:
    """Raise an `OSError` where uvloop raises a `RuntimeError`: when a connection is written to that was reset.

    The driver expects the first only. With the second it would neither try again on another connection nor take this
    one out of its pool: a place in the pool would be lost for good. It has no public place for this; the pinned
    version is covered by a test.
    """
    AsyncBoltSocketBase.sendall = _sendall_or_reset  # type: ignore[method-assign]
