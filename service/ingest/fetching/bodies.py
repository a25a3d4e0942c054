"""Bodies are collected up to a limit, whatever was announced, and their content encoding is undone within it."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from service.errors import CorruptError, FetchRejectedError, TooLargeError

_PIECE = 256 * 1024
# Window bits for zlib: gzip or zlib, told by the header.
_ANY_HEADER = 47


async def collect(pieces: AsyncIterator[bytes], encoding: str | None, limit: int) -> bytes:
    """Return the whole body.

    Args:
        pieces: the bytes as they arrive.
        encoding: the `Content-Encoding`. None was asked for, but files are stored with one.
        limit: most bytes, before and after the encoding is undone.

    Raises:
        TooLargeError: there are more.
        CorruptError: they do not follow their encoding.
        FetchRejectedError: it is an encoding that is not undone.

    """
    plain = _inflated(_limited(pieces, limit)) if _is_deflated(encoding) else pieces
    # Not joined from a bytearray: that would hold the body twice for longer. In a thread, where Python lets go of its
    # lock for it: 64 MiB take 50 ms.
    return await asyncio.to_thread(b"".join, [piece async for piece in _limited(plain, limit)])


def check_size(announced: int | None, limit: int) -> None:
    """Check a size that was announced, before anything is read.

    Raises:
        TooLargeError: it is over the limit.

    """
    if announced is not None and announced > limit:
        msg = f"expected at most {limit} bytes at the uri, got an announcement of {announced}"
        raise TooLargeError(msg)


async def _limited(pieces: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > limit:
            msg = f"expected at most {limit} bytes at the uri, got more"
            raise TooLargeError(msg)
        yield piece


def _is_deflated(encoding: str | None) -> bool:
    name = (encoding or "identity").strip().lower()
    if name in {"gzip", "x-gzip", "deflate"}:
        return True
    if name in {"", "identity", "aws-chunked"}:
        return False
    msg = f"expected a body without content encoding, or gzip or deflate, got {name[:40]!r}, which was not asked for"
    raise FetchRejectedError(msg)


async def _inflated(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.decompressobj(_ANY_HEADER)
    started = False
    try:
        async for piece in pieces:
            rest = piece
            while rest:
                if packer.eof:  # gzip may have several members
                    packer = zlib.decompressobj(_ANY_HEADER)
                started = True
                # In small steps: a kilobyte may unpack to a megabyte, and the loop has other work.
                yield packer.decompress(rest, _PIECE)
                rest = packer.unused_data if packer.eof else packer.unconsumed_tail
                await asyncio.sleep(0)
    except zlib.error as error:
        msg = f"expected a body in its content encoding, got {error}"
        raise CorruptError(msg) from None
    if started and not packer.eof:
        msg = "expected a whole body in its content encoding, got one that is cut off"
        raise CorruptError(msg)
