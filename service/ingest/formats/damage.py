"""Turns what a foreign parser raises into an error that says what is wrong with the document."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import CorruptError, DocgraphError

_LONGEST = 300


@contextmanager
def reading(format_name: str) -> Iterator[None]:
    """Call a library that reads a document of that format.

    Raises:
        CorruptError: whatever the library raised. Its errors are not documented one by one, and a document that makes
            it fail does not follow its format. What says something about memory or depth is passed on.

    """
    try:
        yield
    except (DocgraphError, MemoryError, RecursionError):
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"[:_LONGEST]
        msg = f"expected a readable {format_name} document, got one that does not open ({text})"
        raise CorruptError(msg) from error
