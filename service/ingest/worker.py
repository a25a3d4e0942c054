"""The child process: reads requests from stdin, writes replies to stdout, and may be killed at any moment.

It is confined before it loads anything (`confinement`): it holds no secrets, reaches no network, reads no files but the
program's, writes none, and dies with its parent. Its memory and time are limited, so a document that unpacks without
end takes down this process and nothing else.
"""

import os
import sys
from typing import BinaryIO

from service.errors import ParserCrashedError, PermanentError, UnsafeError
from service.ingest import frames
from service.ingest.confinement import confine
from service.ingest.confinement.limits import allow_processor_time
from service.ingest.options import MIB, IngestOptions
from service.ingest.preparation import prepare
from service.ingest.source import Source


def main() -> None:
    """Serve requests until stdin ends. Arguments: process id of the parent, memory limit in bytes."""
    confine(int(sys.argv[1]), int(sys.argv[2]), (sys.prefix, sys.base_prefix, *sys.path))
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not end up between the frames.
    os.dup2(2, 1)
    serve(sys.stdin.buffer, replies)


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer the requests one by one; return at the end of the stream, or when memory has run out."""
    replies.write(frames.framed(frames.READY))
    replies.flush()
    while request := frames.read_request(requests):
        source, options = request
        try:
            _answer(source, options, replies)
        except MemoryError:
            msg = (
                f"expected a document that is read in at most {options.memory_limit} bytes of memory, got a larger one"
            )
            replies.write(frames.refusal(ParserCrashedError(msg)))
            # What is left of the memory is not worth another document.
            return
        finally:
            replies.flush()


def _answer(source: Source, options: IngestOptions, replies: BinaryIO) -> None:
    allow_processor_time(options.cpu_seconds * max(1, len(source.content) / MIB))
    try:
        document = prepare(source, options)
    except PermanentError as error:
        replies.write(frames.refusal(error))
    except RecursionError:
        msg = f"expected a document of at most {options.max_nesting} elements inside each other, got a deeper one"
        replies.write(frames.refusal(UnsafeError(msg)))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a parser's own error is an answer about its document
        text = f"expected the parser to read the document, got {type(error).__name__}: {error}"
        replies.write(frames.refusal(ParserCrashedError(text)))
    else:
        replies.writelines(frames.reply(document))
