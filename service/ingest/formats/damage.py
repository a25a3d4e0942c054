"""Turns what a foreign parser raises into an error that says what is wrong with the document."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import CorruptError, DocgraphError, UnsafeError

TOO_DEEP = "xcessive depth"
"""What libxml2 says of a document that is nested deeper than it goes."""
_LONGEST = 300
_PANIC = "PanicException"


@contextmanager
def reading(format_name: str) -> Iterator[None]:
    """Call a library that reads a document of that format.

    Raises:
        UnsafeError: the library's XML parser gave up at the depth of the document.
        CorruptError: whatever else the library raised. Its errors are not documented one by one, and a document that
            makes it fail does not follow its format. What says something about memory or depth is passed on.

    """
    try:
        yield
    except (DocgraphError, MemoryError, RecursionError):
        raise
    except BaseException as error:
        # A panic of a library in Rust is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        text = f"{type(error).__name__}: {error}"[:_LONGEST]
        if TOO_DEEP in text:
            msg = f"expected a {format_name} document of ordinary nesting, got a deeper one ({text})"
            raise UnsafeError(msg) from error
        msg = f"expected a readable {format_name} document, got one that does not open ({text})"
        raise CorruptError(msg) from error
