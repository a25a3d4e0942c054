"""The child process: reads requests from stdin, writes replies to stdout, and may be killed at any moment.

It holds no secrets, writes no files and dies with its parent. Its memory is limited, so a document that unpacks
without end takes down this process and nothing else.
"""

import os
import sys
from typing import BinaryIO

from service.errors import ParserCrashedError, PermanentError, UnsafeError
from service.ingest import frames
from service.ingest.options import IngestOptions
from service.ingest.preparation import prepare
from service.ingest.source import Source

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def main() -> None:
    """Serve requests until stdin ends. Arguments: process id of the parent, memory limit in bytes."""
    parent, memory = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    _limit(memory)
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not end up between the frames.
    os.dup2(2, 1)
    serve(sys.stdin.buffer, replies)


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer the requests one by one; return at the end of the stream, or when memory has run out."""
    replies.write(frames.framed(frames.READY))
    replies.flush()
    while request := frames.read_request(requests):
        try:
            _answer(*request, replies)
        except MemoryError:
            error = ParserCrashedError("expected a document that fits in the parser's memory limit, got a larger one")
            replies.write(frames.refusal(error))
            # What is left of the memory is not worth another document.
            return
        finally:
            replies.flush()


def _answer(source: Source, options: IngestOptions, replies: BinaryIO) -> None:
    try:
        document = prepare(source, options)
    except PermanentError as error:
        replies.write(frames.refusal(error))
    except RecursionError:
        replies.write(frames.refusal(UnsafeError("expected a document of ordinary nesting, got a deeper one")))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a parser's own error is an answer about its document
        text = f"expected the parser to read the document, got {type(error).__name__}: {error}"
        replies.write(frames.refusal(ParserCrashedError(text)))
    else:
        replies.writelines(frames.reply(document))


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, even amid a document; elsewhere stdin ends in time."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - of use here only

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:  # it died before that
        os._exit(1)


def _limit(memory: int) -> None:
    try:
        import resource  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):  # macOS knows RLIMIT_AS and does not keep it
            continue
    # The event loop comes first when the cores are busy.
    os.nice(5)
