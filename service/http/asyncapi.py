"""The AsyncAPI document and its page, which needs no internet: the viewer's files are served from here."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from faststream.asgi import AsgiFastStream, AsgiResponse, get

from schemas import COMPLETIONS, INPUTS, Event
from schemas.export import json_schema

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>docgraph: AsyncAPI</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/asyncapi.css">
<style>body { margin: 0; font-family: system-ui, sans-serif }</style>
<body>
<div id="asyncapi">This page needs JavaScript. The document is at <a href="/asyncapi.yaml">/asyncapi.yaml</a>.</div>
<script src="/docs/asyncapi.js"></script>
<script>
  const page = document.getElementById("asyncapi"), config = {expand: {messageExamples: true}};
  fetch("/asyncapi.json").then(response => response.json()).then(schema =>
    AsyncApiStandalone.render({schema, config}, page));
</script>
</body>
</html>
"""


def asyncapi_document(app: AsgiFastStream) -> dict[str, Any]:
    """Return the AsyncAPI document in the contract's order: FastStream keeps its subscribers in a set."""
    document = app.schema.to_specification().to_jsonable()
    events = (*INPUTS, *COMPLETIONS)
    order = [event.__name__ for event in events]
    schemas = {name: schema for event in events for name, schema in _schemas(event).items()}
    for part in ("channels", "operations"):
        # Fails for a channel that is none of the contract's.
        document[part] = dict(sorted(document[part].items(), key=lambda item: order.index(item[0])))
    document["components"] = {
        "messages": {event.__name__: _message(event) for event in events},
        "schemas": dict(sorted(schemas.items())),
    }
    for name in order:
        document["channels"][name]["messages"] = {name: {"$ref": f"#/components/messages/{name}"}}
        document["operations"][name]["messages"] = [{"$ref": f"#/channels/{name}/messages/{name}"}]
    result: dict[str, Any] = json.loads(json.dumps(document).replace("#/servers/development", "#/servers/production"))
    result["servers"] = {"production": result["servers"]["development"]}
    return {"asyncapi": result.pop("asyncapi"), **result}


def _message(event: type[Event]) -> dict[str, Any]:
    """Return what a program needs to know of one event; FastStream tells neither its type nor an example."""
    schema = json_schema(event)
    return {
        "name": event.kind,
        "title": event.__name__,
        "summary": schema["description"],
        "contentType": "application/json",
        "correlationId": {"location": "$message.header#/correlation_id"},
        "bindings": {"amqp": {"messageType": event.kind, "bindingVersion": "0.3.0"}},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "examples": [{"payload": example} for example in schema["examples"]],
    }


def _schemas(event: type[Event]) -> dict[str, Any]:
    """Return the event's published schema, which is open to new fields, and its parts."""
    text = json.dumps(json_schema(event)).replace("#/$defs/", "#/components/schemas/")
    schema: dict[str, Any] = json.loads(text)
    parts: dict[str, Any] = schema.pop("$defs", {})
    return parts | {event.__name__: {key: value for key, value in schema.items() if key not in ("$schema", "$id")}}


def asyncapi_yaml(app: AsgiFastStream) -> str:
    """Return the AsyncAPI document as YAML, equal for equal code."""
    return yaml.safe_dump(asyncapi_document(app), sort_keys=False, allow_unicode=True, width=120)


def asyncapi_routes(app: AsgiFastStream) -> list[tuple[str, Any]]:
    """Return the document, the page and the viewer's files. No try-it: it would act on the live broker."""

    @cache
    def text(kind: str) -> bytes:
        return (asyncapi_yaml(app) if kind == "yaml" else json.dumps(asyncapi_document(app))).encode()

    @get(include_in_schema=False)
    async def as_json(scope: Any) -> AsgiResponse:
        return AsgiResponse(text("json"), 200, {"content-type": "application/json"})

    @get(include_in_schema=False)
    async def as_yaml(scope: Any) -> AsgiResponse:
        return AsgiResponse(text("yaml"), 200, {"content-type": "application/yaml"})

    return [
        ("/asyncapi.json", as_json),
        ("/asyncapi.yaml", as_yaml),
        ("/docs", _file(_PAGE.encode(), "text/html; charset=utf-8")),
        ("/docs/asyncapi.js", _file("asyncapi.js.gz", "text/javascript; charset=utf-8")),
        ("/docs/asyncapi.css", _file("asyncapi.css.gz", "text/css; charset=utf-8")),
    ]


def _file(content: bytes | str, content_type: str) -> Any:
    """Return a route for a page, or for a compressed file of the package."""

    @get(include_in_schema=False)
    async def serve(scope: Any) -> AsgiResponse:
        headers = {"content-type": content_type, "cache-control": "no-cache"}
        if isinstance(content, bytes):
            return AsgiResponse(content, 200, headers)
        # Every browser takes gzip; the files are kept compressed as the viewer is 3 MB.
        body = files("service.http").joinpath("static", content).read_bytes()
        return AsgiResponse(body, 200, headers | {"content-encoding": "gzip"})

    return serve
