"""One process that reads files by one of the readers: `python reader.py READER`, a line of JSON in, a line out.

It runs in the virtual environment of its reader, so it imports nothing of ours unless docgraph is the reader.
"""

# ruff: noqa: PLC0415 - each environment has one reader only

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

Read = Callable[[str, str], str]


def docgraph() -> Read:
    from service.ingest.options import IngestOptions
    from service.ingest.reading import read

    options = IngestOptions()

    def extracted(path: str, media_type: str) -> str:
        return read(Path(path).read_bytes(), media_type, None, None, options)[1].text

    return extracted


def docgraph_whole() -> Read:
    """All that the service does with a document before the graph: chunks, language, keywords."""
    from service.ingest.options import IngestOptions
    from service.ingest.preparation import prepare
    from service.ingest.source import Source

    options = IngestOptions()

    def prepared(path: str, media_type: str) -> str:
        document = prepare(Source("doc", Path(path).read_bytes(), media_type), options)
        return "\n".join(chunk.text for chunk in document.chunks)

    return prepared


def markitdown() -> Read:
    from markitdown import MarkItDown

    converter = MarkItDown()
    return lambda path, _: converter.convert(path).text_content


def kreuzberg() -> Read:
    from kreuzberg import ExtractionConfig, extract_file_sync

    config = ExtractionConfig(use_cache=False, disable_ocr=True)
    return lambda path, _: extract_file_sync(path, config=config).content


def kreuzberg_markdown() -> Read:
    from kreuzberg import ExtractionConfig, extract_file_sync

    config = ExtractionConfig(use_cache=False, disable_ocr=True, output_format="markdown")
    return lambda path, _: extract_file_sync(path, config=config).content


READERS = {reader.__name__: reader for reader in (docgraph, docgraph_whole, markitdown, kreuzberg, kreuzberg_markdown)}


def main() -> None:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not end up between the replies
    read = READERS[sys.argv[1]]()
    for line in sys.stdin:
        replies.write(json.dumps(_answer(read, json.loads(line))) + "\n")
        replies.flush()


def _answer(read: Read, request: dict[str, str]) -> dict[str, object]:
    """Read a file; what is timed is nothing but the reader, from the path to the text."""
    start, work = time.perf_counter(), time.process_time()
    try:
        text = read(request["path"], request["media_type"])
    except (KeyboardInterrupt, SystemExit):
        raise
    # Whatever a reader raises, the next file is to be read; a panic of one written in Rust is no Exception.
    except BaseException as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    work, seconds = time.process_time() - work, time.perf_counter() - start
    if request["write"]:
        Path(request["write"]).write_text(text, encoding="utf-8", errors="replace")
    return {"error": None, "characters": len(text), "work": work, "seconds": seconds}


if __name__ == "__main__":
    main()
