"""`docgraph inspect`: what the service would make of a document, without a broker and without a graph."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from service.documents import Chunk, PreparedDocument
from service.errors import DocgraphError, StartupError

_WIDTH = 100
_MOST_KEYWORDS = 5


@dataclass(frozen=True, slots=True)
class _Inspected:
    document: PreparedDocument
    size: int
    """Bytes."""
    fetch_ms: float
    prepare_ms: float


def inspect(
    document: Annotated[str, typer.Argument(metavar="FILE|URI", help="A file's path, or any URI that is fetched.")],
    media_type: Annotated[str | None, typer.Option(help="As an event would declare it.")] = None,
    language: Annotated[str | None, typer.Option(help="As an event would declare it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the whole text of each chunk.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what the service would make of a document: metadata, sections, chunks, keywords, time.

    It reads the same settings as the service, so a document that is over a limit or an address that may not be fetched
    from is refused here for the same reason.
    """
    try:
        inspected = asyncio.run(_inspect(document, media_type, language))
    except StartupError:
        raise
    except DocgraphError as error:
        if as_json:
            failure = {"reason": error.reason.value, "error": type(error).__name__, "detail": str(error)}
            typer.echo(json.dumps(failure, indent=2, ensure_ascii=False))
        else:
            typer.echo(f"docgraph: {error.reason.value}: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(_as_json(document, inspected), indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(inspected)))


async def _inspect(document: str, media_type: str | None, language: str | None) -> _Inspected:
    # Imported here: other commands need not wait for the parsers' word lists and the clients of object stores.
    from service.fetch_options import fetch_options  # noqa: PLC0415
    from service.ingest.fetching.fetcher import Fetcher  # noqa: PLC0415
    from service.ingest.ingestor import Ingestor  # noqa: PLC0415
    from service.ingest.source import Source  # noqa: PLC0415
    from service.lifespan import ingest_options  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415

    settings = Settings.load()
    options = ingest_options(settings)
    async with Fetcher(fetch_options(settings)) as fetcher, Ingestor(options) as ingestor:
        began = time.perf_counter()
        if "://" in document:
            async with fetcher.fetched(document) as fetched:
                assert fetched is not None
            name, content, declared = fetched.name, fetched.content, media_type or fetched.media_type
        else:
            name, declared = Path(document).name, media_type
            content = await asyncio.to_thread(_read, document, options.max_document)
        had = time.perf_counter()
        source = Source(document, content, declared, language=language, name=name)
        prepared = await ingestor.prepare_source(source)
        done = time.perf_counter()
    return _Inspected(prepared, len(content), (had - began) * 1000, (done - had) * 1000)


def _read(path: str, most: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(most + 1)  # one more, so that a larger file is refused like a larger document
    except OSError as error:
        msg = f"expected a file or a URI, got {path}: {error.strerror}"
        raise StartupError(msg) from None


def _sections(chunks: tuple[Chunk, ...]) -> Iterator[dict[str, Any]]:
    """Yield runs of chunks under one heading."""
    for heading, run in groupby(chunks, key=lambda chunk: chunk.heading):
        members = list(run)
        yield {
            "heading": heading,
            "page": members[0].page,
            "first_chunk": members[0].index,
            "last_chunk": members[-1].index,
            "characters": members[-1].end - members[0].start,
        }


def _as_json(name: str, inspected: _Inspected) -> dict[str, Any]:
    document = inspected.document
    return {
        "document": name,
        "title": document.title,
        "media_type": document.media_type,
        "language": document.language,
        "metadata": dict(document.metadata),
        "bytes": inspected.size,
        "content_hash": document.content_hash,
        "sections": list(_sections(document.chunks)),
        "chunks": [
            asdict(chunk) | {"keywords": [{"name": word.name, "weight": word.weight} for word in chunk.keywords]}
            for chunk in document.chunks
        ],
        "timing_ms": {"fetch": round(inspected.fetch_ms, 1), "prepare": round(inspected.prepare_ms, 1)},
    }


def _lines(inspected: _Inspected) -> Iterator[str]:
    document = inspected.document
    characters = document.chunks[-1].end if document.chunks else 0
    keywords = {word.id for chunk in document.chunks for word in chunk.keywords}
    yield f"title       {document.title or '(none)'}"
    yield f"media type  {document.media_type}"
    yield f"language    {document.language}"
    yield f"size        {_count(inspected.size, 'byte')}, {_count(characters, 'character')} of text"
    yield f"result      {_count(len(document.chunks), 'chunk')}, {_count(len(keywords), 'keyword')}"
    yield f"time        {inspected.fetch_ms:.0f} ms to fetch, {inspected.prepare_ms:.0f} ms to prepare"
    if document.metadata:
        yield ""
        yield "metadata"
        for name, value in document.metadata.items():
            yield _cut(f"  {name}: {' '.join(str(value).split())}")
    yield ""
    yield "sections"
    for section in _sections(document.chunks):
        first, last = section["first_chunk"], section["last_chunk"]
        numbers = f"chunk {first}" if first == last else f"chunks {first} to {last}"
        page = f", page {section['page']}" if section["page"] is not None else ""
        yield f"  {section['heading'] or '(before the first heading)'}: {numbers}{page}"
    yield ""
    yield "chunks"
    for chunk in document.chunks:
        yield _cut(f"  {chunk.index}  {chunk.start} to {chunk.end}  {' '.join(chunk.text.split())}")
        words = sorted(chunk.keywords, key=lambda word: -word.weight)[:_MOST_KEYWORDS]
        if words:
            yield "     " + ", ".join(f"{word.name} {word.weight:.2f}" for word in words)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
