"""JSON Schemas of the events, generated; and whether a change of one is backward compatible."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from schemas.completions import COMPLETIONS
from schemas.events import INPUTS, Event

DIALECT = GenerateJsonSchema.schema_dialect


def json_schemas() -> dict[str, str]:
    """Return the text of each schema by file name, equal for equal code."""
    return {f"{event.kind}.schema.json": _text(json_schema(event)) for event in (*INPUTS, *COMPLETIONS)}


def json_schema(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one event, as a reader should apply it."""
    schema = event.model_json_schema(mode="serialization" if event in COMPLETIONS else "validation")
    # A reader ignores what it does not know, or an added field would break it.
    _open(schema)
    return {"$schema": DIALECT, "$id": f"{event.kind}.schema.json", **schema}


def incompatibilities(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield what breaks programs that were written for `old`: a field removed, retyped or newly required.

    For an input they are writers, for a completion readers; either way such a change needs a new major version.
    """
    before, after = _fields(old, old), _fields(new, new)
    for name, field in before.items():
        where = f"{path}{name}"
        if name not in after:
            yield f"{where}: removed"
        elif _types(field, old) != _types(after[name], new):
            yield f"{where}: was {_types(field, old)}, is {_types(after[name], new)}"
        else:
            yield from incompatibilities(
                {**_resolve(field, old), "$defs": old.get("$defs", {})},
                {**_resolve(after[name], new), "$defs": new.get("$defs", {})},
                f"{where}.",
            )
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{path}{name}: newly required"
    for name in sorted(set(old.get("enum", ())) - set(new.get("enum", ()))):
        yield f"{path}{name}: value removed"


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _open(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("additionalProperties") is False:
            del node["additionalProperties"]
        for child in node.values():
            _open(child)
    elif isinstance(node, list):
        for child in node:
            _open(child)


def _fields(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = _resolve(schema, root).get("properties", {})
    return fields


def _resolve(node: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in node:
        target: Mapping[str, Any] = root["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return target
    return node


def _types(field: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    """Return the JSON types (and formats) that a field may have."""
    node = _resolve(field, root)
    if "anyOf" in node:
        return sorted({kind for option in node["anyOf"] for kind in _types(option, root)})
    kind = str(node.get("type", "any"))
    return [f"{kind}:{node['format']}" if "format" in node else kind]
