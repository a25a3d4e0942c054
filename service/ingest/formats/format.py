"""How a format is described: to the service, and by those who add one."""

from collections.abc import Callable
from dataclasses import dataclass

from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

Parse = Callable[[bytes, str | None, IngestOptions], ParsedDocument]
"""Takes content, charset (None when unknown) and options; raises the `PermanentError`s of `service.errors`."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: by what it is recognised, and how it is read."""

    media_types: tuple[str, ...]
    """In lower case and without parameters. The first is the one that documents get, the others mean the same."""
    parse: Parse
    suffixes: tuple[str, ...] = ()
    """Ends of file names, such as `.pdf`, in lower case."""
    heads: tuple[bytes, ...] = ()
    """First bytes that no document of another format has. Whatever is declared, such a document is of this format."""
    isolated: bool = True
    """Whether it is read in a child process whatever its size: its parser may hang, crash or exhaust the memory. Only
    Python's own modules and parsers in Rust read a stranger's bytes in the service itself."""
