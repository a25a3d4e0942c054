"""JSON and JSON Lines: `name: value`, one line each, in the order of the file."""

import json
from collections.abc import Iterator
from typing import Any

from service.errors import CorruptError, UnsafeError
from service.ingest.charsets import decode
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

_TITLES = ("title", "name", "headline", "subject")
_LONGEST_NAME = 200


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the values with their names; each member of an outer list is a paragraph.

    Raises:
        CorruptError: this is neither JSON nor JSON Lines.
        UnsafeError: it is nested deeper than the limit.

    """
    text = decode(content, charset)
    try:
        value = _loaded(text)
    except json.JSONDecodeError as error:
        # Lines of JSON are often called JSON.
        if error.msg != "Extra data":
            raise _corrupt(error, error.lineno) from None
        return _lines(text, options)
    return _written([value], options)


def parse_lines(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the values of each line as a paragraph; errors as those of `parse`."""
    return _lines(decode(content, charset), options)


def _lines(text: str, options: IngestOptions) -> ParsedDocument:
    return _written(_values(text), options)


def _values(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield _loaded(line)
            except json.JSONDecodeError as error:
                raise _corrupt(error, number) from None


def _loaded(text: str) -> Any:
    # Numbers stay as written: an integer of a million digits is an attack, and 1.10 is not 1.1.
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _corrupt(error: json.JSONDecodeError, line: int) -> CorruptError:
    return CorruptError(f"expected JSON, got {error.msg} in line {line}, column {error.colno}")


def _written(values: Iterator[Any] | list[Any], options: IngestOptions) -> ParsedDocument:
    builder = DocumentBuilder(options.max_characters)
    title = None
    for value in values:
        if title is None and isinstance(value, dict):
            title = next((value[name] for name in _TITLES if isinstance(value.get(name), str)), None)
        _write(value, builder, options.max_nesting)
        builder.end_block()
    return builder.build(title)


def _write(value: Any, builder: DocumentBuilder, deepest: int) -> None:
    """Write a value; a stack of its own instead of recursion, as the file decides the depth."""
    stack: list[tuple[str, Any, int]] = [("", value, 0)]
    while stack:
        name, value, depth = stack.pop()
        if depth > deepest:
            msg = f"expected at most {deepest} lists and objects inside each other, got more"
            raise UnsafeError(msg)
        if isinstance(value, dict):
            if depth:
                builder.end_block()
            prefix = f"{name}." if name else ""
            stack.extend(((prefix + key)[:_LONGEST_NAME], inner, depth + 1) for key, inner in reversed(value.items()))
        elif isinstance(value, list):
            if all(not isinstance(inner, dict | list) for inner in value):
                _line(builder, name, ", ".join(map(_shown, value)))
            else:
                stack.extend((name, inner, depth + 1) for inner in reversed(value))
        else:
            _line(builder, name, _shown(value))


def _line(builder: DocumentBuilder, name: str, text: str) -> None:
    if not text.strip():
        return
    builder.line(f"{name}: {text}" if name else text)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
