"""The generated files of the contract are fresh, and the contract has not broken since the last release.

`schemas/released/` holds the schemas of the last release. It changes at a release only, as a copy of `schemas/json/`; a
change that `incompatibilities` reports needs a new major version.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from schemas import COMPLETIONS, INPUTS
from schemas.export import incompatibilities, json_schema, json_schemas
from service.app import build_app
from service.http.asyncapi import asyncapi_document, asyncapi_yaml
from service.settings import Settings, variables

ROOT = Path(__file__).parents[2]
EVENTS = (*INPUTS, *COMPLETIONS)
GENERATE = "from service.cli import main; import sys; sys.argv = ['docgraph', 'asyncapi']; main()"


@pytest.fixture
def settings(monkeypatch):
    """The defaults, whatever the environment says."""
    for variable in variables(Settings).values():
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(f"{variable}_FILE", raising=False)
    return Settings()


@pytest.fixture
def document(settings):
    return asyncapi_document(build_app(settings))


# --- asyncapi.yaml ----------------------------------------------------------------------------------------------------


def test_asyncapi_yaml_is_fresh(settings):
    committed = (ROOT / "asyncapi.yaml").read_text(encoding="utf-8")
    assert committed == asyncapi_yaml(build_app(settings)), "run: docgraph asyncapi --out asyncapi.yaml"


def test_the_environment_does_not_show_in_the_asyncapi_document(settings, monkeypatch):
    monkeypatch.setenv("RABBITMQ_URL", "amqps://user:password@broker.internal:5671/other")
    monkeypatch.setenv("NEO4J_URI", "neo4j+s://graph.internal")
    monkeypatch.setenv("NEO4J_PASSWORD", "hunter3")
    monkeypatch.setenv("DOCGRAPH_RETRY_DELAYS", "7s,8s")
    monkeypatch.setenv("DOCGRAPH_PREFETCH", "999")
    assert asyncapi_yaml(build_app(Settings.load())) == asyncapi_yaml(build_app(settings))


def test_the_asyncapi_document_is_the_same_in_every_process():
    texts = {
        subprocess.run(
            [sys.executable, "-c", GENERATE],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {(ROOT / "asyncapi.yaml").read_bytes()}


def test_the_asyncapi_document_holds_no_credentials():
    text = (ROOT / "asyncapi.yaml").read_text(encoding="utf-8")
    (server,) = yaml.safe_load(text)["servers"].values()
    assert server["host"] == "rabbitmq.example.com:5672"
    assert "@" not in text
    assert "guest" not in text


def test_every_event_is_a_channel_an_operation_and_a_message(document):
    names = [event.__name__ for event in EVENTS]
    assert list(document["channels"]) == names
    assert list(document["operations"]) == names
    assert list(document["components"]["messages"]) == names


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_every_message_has_its_name_its_description_and_its_schema(document, event):
    message = document["components"]["messages"][event.__name__]
    payload = document["components"]["schemas"][event.__name__]
    assert message["title"] == event.__name__
    assert message["name"] == message["bindings"]["amqp"]["messageType"] == event.kind
    assert message["payload"] == {"$ref": f"#/components/schemas/{event.__name__}"}
    assert message["summary"] == payload["description"] != ""
    assert document["channels"][event.__name__]["address"] == event.kind


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_every_message_has_an_example_that_the_service_could_read(document, event):
    examples = document["components"]["messages"][event.__name__]["examples"]
    assert examples
    for example in examples:
        assert event.read(json.dumps(example["payload"]).encode())


@pytest.mark.parametrize("event", INPUTS, ids=lambda event: event.kind)
def test_inputs_are_received(document, event):
    assert document["operations"][event.__name__]["action"] == "receive"


@pytest.mark.parametrize("event", COMPLETIONS, ids=lambda event: event.kind)
def test_completions_are_sent(document, event):
    assert document["operations"][event.__name__]["action"] == "send"


def test_every_field_of_every_message_is_described(document):
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        for field, node in schema.get("properties", {}).items():
            target = schemas[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else {}
            assert {**target, **node}.get("description"), f"{name}.{field} has no description"


def test_every_reference_leads_somewhere(document):
    def references(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for child in node.values():
                yield from references(child)
        elif isinstance(node, list):
            for child in node:
                yield from references(child)

    found = set(references(document))
    assert found
    for reference in found:
        target = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, f"{reference} leads nowhere"
            target = target[part]


# --- schemas ----------------------------------------------------------------------------------------------------------


def test_the_json_schemas_are_fresh():
    committed = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "schemas" / "json").iterdir()}
    assert committed == json_schemas(), "run: docgraph schemas"


def test_every_event_that_was_released_is_still_there():
    released = {path.name for path in (ROOT / "schemas" / "released").glob("*.schema.json")}
    assert released
    assert released <= set(json_schemas())


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_is_compatible_with_the_last_release(event):
    path = ROOT / "schemas" / "released" / f"{event.kind}.schema.json"
    if not path.exists():
        pytest.skip("not released yet")
    released = json.loads(path.read_text(encoding="utf-8"))
    assert list(incompatibilities(released, json_schema(event))) == []


# --- what counts as a break -------------------------------------------------------------------------------------------


STRING = {"type": "string"}
TIME_OR_NULL = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
COUNTS = {"type": "object", "properties": {"kept": {"type": "integer"}}, "required": ["kept"]}
OUTCOME = {"type": "string", "enum": ["created", "updated"]}


def schema(*, required=("id",), without=(), counts=COUNTS, outcome=OUTCOME, **fields):
    """A schema of a text, a time that may be absent, an object and an enumeration."""
    references = {"counts": {"$ref": "#/$defs/Counts"}, "outcome": {"$ref": "#/$defs/Outcome"}}
    properties = {"id": STRING, "when": TIME_OR_NULL, **references, **fields}
    return {
        "type": "object",
        "properties": {name: field for name, field in properties.items() if name not in without},
        "required": list(required),
        "$defs": {"Counts": counts, "Outcome": outcome},
    }


def broken(**changes):
    return list(incompatibilities(schema(), schema(**changes)))


def test_an_unchanged_schema_is_compatible():
    assert broken() == []


def test_a_new_optional_field_is_compatible():
    assert broken(title=STRING) == []


def test_a_new_value_is_compatible():
    assert broken(outcome={"type": "string", "enum": ["created", "updated", "unchanged"]}) == []


def test_a_new_description_is_compatible():
    assert broken(id={"type": "string", "description": "The producer's id."}) == []


def test_a_removed_field_is_a_break():
    assert broken(without=("id",), required=()) == ["id: removed"]


def test_a_renamed_field_is_a_break():
    assert broken(without=("id",), required=(), key=STRING) == ["id: removed"]


def test_a_retyped_field_is_a_break():
    assert broken(id={"type": "integer"}) == ["id: was ['string'], is ['integer']"]


def test_another_format_is_a_break():
    assert broken(when={"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}) == [
        "when: was ['null', 'string:date-time'], is ['null', 'string:date']"
    ]


def test_a_field_that_may_no_longer_be_null_is_a_break():
    assert broken(when={"type": "string", "format": "date-time"}) == [
        "when: was ['null', 'string:date-time'], is ['string:date-time']"
    ]


def test_a_newly_required_field_is_a_break():
    assert broken(required=("id", "when")) == ["when: newly required"]


def test_a_new_field_that_is_required_is_a_break():
    assert broken(required=("id", "title"), title=STRING) == ["title: newly required"]


def test_a_removed_value_is_a_break():
    assert broken(outcome={"type": "string", "enum": ["created"]}) == ["outcome.updated: value removed"]


def test_a_field_removed_from_a_part_is_a_break():
    assert broken(counts={"type": "object", "properties": {}}) == ["counts.kept: removed"]


def test_a_field_retyped_in_a_part_is_a_break():
    part = {"type": "object", "properties": {"kept": {"type": "string"}}, "required": ["kept"]}
    assert broken(counts=part) == ["counts.kept: was ['integer'], is ['string']"]


def test_a_field_newly_required_in_a_part_is_a_break():
    part = {
        "type": "object",
        "properties": {"kept": {"type": "integer"}, "created": {"type": "integer"}},
        "required": ["kept", "created"],
    }
    assert broken(counts=part) == ["counts.created: newly required"]
