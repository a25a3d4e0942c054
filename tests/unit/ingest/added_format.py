"""A distribution that adds formats, as another project would install it."""

from pathlib import Path

from service.ingest import formats

MODULE = '''
"""Formats of a project that uses the service."""
import os
import socket

from service.errors import CorruptError
from service.ingest.formats import Format
from service.ingest.parsed import ParsedDocument, Section


def parse(content, charset, options):
    text = content.removeprefix(b"HONEY").decode(charset or "utf-8")
    if text == "spoilt":
        raise CorruptError("expected good honey, got spoilt")
    return ParsedDocument(text, "Honey", (Section(0, len(text), ("Jar",), 3),))


def attempt(content, charset, options):
    """Do something that a parser never does, and report how it went."""
    try:
        result = eval(content.decode(), {"os": os, "socket": socket})
    except Exception as error:
        result = f"refused: {type(error).__name__} {error}"
    text = f"{os.getpid()} {result}"
    return ParsedDocument(text, None, (Section(0, len(text), ()),))


honey = Format(("application/x-honey", "application/x-mead"), parse, (".honey",), (b"HONEY",))
attempts = Format(("application/x-attempt",), attempt)
'''


def install(folder: Path, entry_points: str) -> Path:
    """Install the distribution into a folder and return that."""
    (folder / "honey_formats.py").write_text(MODULE)
    info = folder / "honey_formats-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: honey-formats\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[docgraph.formats]\n{entry_points}\n")
    return folder


def forget_formats() -> None:
    """Have the entry points looked up again."""
    for function in (formats.added_formats, formats.formats, formats.suffixes):
        function.cache_clear()
