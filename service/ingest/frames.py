"""The bytes between the service and its child processes: length, then JSON.

A request is a header and the document's raw bytes. A reply is a head and then batches of chunks, so that neither side
ever holds a JSON text of the whole document. JSON and never pickle: a child that a document has taken over can say
something wrong, and that is all it can do. So whatever it says is checked here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any, BinaryIO, TypeVar

from service import errors
from service.documents import Chunk, Keyword, PreparedDocument, Scalar
from service.errors import ParserCrashedError, PermanentError
from service.ingest.options import MIB, IngestOptions
from service.ingest.source import Source

_T = TypeVar("_T")

LENGTH = 4
LARGEST = 16 * MIB
"""Most bytes of a frame: a batch of chunks takes about 0.2 MiB."""
READY = b"{}"
_BATCH = 32
_MOST_DETAIL = 2000
_MOST_METADATA = 200


class BadFrameError(ParserCrashedError):
    """A child said what the worker never says."""


def framed(body: bytes) -> bytes:
    """Return the body with its length before it."""
    return len(body).to_bytes(LENGTH, "big") + body


def request(source: Source, options: IngestOptions) -> bytes:
    """Return the frame that asks a child for the document; the document's bytes follow it."""
    header = {name: value for name, value in asdict(source).items() if name != "content"}
    return framed(_json({"source": header, "size": len(source.content), "options": asdict(options)}))


def read_request(stream: BinaryIO) -> tuple[Source, IngestOptions] | None:
    """Return the next request from the stream, or None at its end."""
    length = stream.read(LENGTH)
    if len(length) < LENGTH:
        return None
    header = json.loads(stream.read(int.from_bytes(length, "big")))
    content = stream.read(header["size"])
    return Source(content=content, **header["source"]), IngestOptions(**header["options"])


def reply(document: PreparedDocument) -> Iterator[bytes]:
    """Yield the frames of a prepared document."""
    head = {name: getattr(document, name) for name in ("title", "media_type", "language", "content_hash")}
    yield framed(_json(head | {"metadata": dict(document.metadata), "chunks": len(document.chunks)}))
    chunks = iter(document.chunks)
    while batch := list(islice(chunks, _BATCH)):
        yield framed(_json([_listed(chunk) for chunk in batch]))


def refusal(error: PermanentError) -> bytes:
    """Return the frame that says why there is no document."""
    return framed(_json({"error": type(error).__name__, "detail": str(error)[:_MOST_DETAIL]}))


def read_head(body: bytes, most_chunks: int) -> Mapping[str, Any]:
    """Return the head of a reply: `title`, `media_type`, `language`, `content_hash`, `metadata`, number of `chunks`.

    Raises:
        PermanentError: the child refuses the document.
        BadFrameError: this is no such head.

    """
    head = _loaded(body, dict)
    if "error" in head:
        raise _error(_text(head["error"]), _text(head.get("detail")))
    for name in ("media_type", "language", "content_hash"):
        _text(head.get(name))
    if head.get("title") is not None:
        _text(head["title"])
    head["metadata"] = _metadata(head.get("metadata"))
    _number(head.get("chunks"), most_chunks)
    return head


def largest_reply(options: IngestOptions) -> int:
    """Return the most bytes of all frames of a reply.

    A character takes 4 bytes at most and may be repeated by the next chunk. Headings and keywords fit into what is
    left: texts that are all of such characters do not come.
    """
    return LARGEST + 8 * options.max_characters


def read_chunks(body: bytes, first: int, most: int, options: IngestOptions) -> list[Chunk]:
    """Return a batch of 1 to `most` chunks of a reply, of which `first` is the index of the first one.

    Raises:
        BadFrameError: this is no such batch.

    """
    rows = _loaded(body, list)
    if not 1 <= len(rows) <= most:
        msg = f"expected a batch of 1 to {most} chunks from the parser process, got {len(rows)}"
        raise BadFrameError(msg)
    return [_chunk(row, first + index, options) for index, row in enumerate(rows)]


def _listed(chunk: Chunk) -> list[Any]:
    words = [[word.name, word.weight] for word in chunk.keywords]
    return [chunk.id, chunk.text, chunk.hash, chunk.heading, chunk.page, chunk.start, chunk.end, words]


def _chunk(row: Any, index: int, options: IngestOptions) -> Chunk:
    try:
        ident, text, digest, heading, page, start, end, words = row
        if len(text) > options.chunk_size or len(words) > options.keywords_per_chunk:
            msg = (
                f"expected a chunk of at most {options.chunk_size} characters and {options.keywords_per_chunk} "
                f"keywords from the parser process, got {len(text)} and {len(words)}"
            )
            raise BadFrameError(msg)
        keywords = tuple(Keyword(f"keyword:{_text(name)}", name, _weight(weight)) for name, weight in words)
    except (TypeError, ValueError):
        msg = "expected a chunk from the parser process, got something else"
        raise BadFrameError(msg) from None
    return Chunk(
        id=_text(ident),
        index=index,
        text=_text(text),
        hash=_text(digest),
        heading=_text(heading),
        page=None if page is None else _number(page),
        start=_number(start),
        end=_number(end),
        keywords=keywords,
    )


def _error(name: str, detail: str) -> PermanentError:
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, PermanentError):
        return kind(detail[:_MOST_DETAIL])
    return BadFrameError(f"expected an error of the service from the parser process, got {name[:100]!r}")


def _loaded(body: bytes, kind: type[_T]) -> _T:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        msg = f"expected a JSON {kind.__name__} from the parser process, got {body[:40]!r}"
        raise BadFrameError(msg)
    return value


def _text(value: object) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # half a surrogate pair, which neither Neo4j nor RabbitMQ takes
            pass
        else:
            return value
    msg = "expected text from the parser process, got something else"
    raise BadFrameError(msg)


def _metadata(value: object) -> dict[str, Scalar]:
    if isinstance(value, dict) and len(value) <= _MOST_METADATA:
        for name, each in value.items():
            _text(name)
            if isinstance(each, str):
                _text(each)
            elif not isinstance(each, Scalar):
                break
        else:
            return value
    msg = "expected flat metadata from the parser process, got something else"
    raise BadFrameError(msg)


def _number(value: object, most: int = 2**31) -> int:
    if type(value) is int and 0 <= value <= most:
        return value
    msg = f"expected a number from 0 to {most} from the parser process, got something else"
    raise BadFrameError(msg)


def _weight(value: object) -> float:
    if isinstance(value, int | float) and 0 < value <= 1:
        return float(value)
    msg = "expected a weight above 0 and at most 1 from the parser process, got something else"
    raise BadFrameError(msg)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
