"""Imports point one way, so that each layer can be read, tested and replaced without those above it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("service", "schemas")

# What a part may import of the project; a longer name is a narrower part and wins.
ALLOWED = {
    "schemas": {"schemas"},
    "service.errors": {"schemas"},
    "service.documents": set(),
    "service.durations": set(),
    "service.telemetry": {"schemas"},
    "service.settings": {"service.bridge.mapping", "service.durations", "service.errors"},
    "service.bridge.mapping": set(),
    "service.bridge": {
        "schemas",
        "service",
        "service.bridge",
        "service.bridge.mapping",
        "service.delivery",
        "service.errors",
        "service.graph",
        "service.handlers",
        "service.ingest",
        "service.settings",
        "service.telemetry",
    },
    "service.ingest": {"schemas", "service.documents", "service.errors", "service.ingest"},
    "service.graph": {"schemas", "service", "service.documents", "service.errors", "service.graph"},
    "service.delivery": {
        "schemas",
        "service",
        "service.delivery",
        "service.durations",
        "service.errors",
        "service.telemetry",
    },
    "service.handlers": {
        "schemas",
        "service.delivery",
        "service.errors",
        "service.graph",
        "service.handlers",
        "service.ingest",
        "service.telemetry",
    },
    "service.http": {"schemas", "service", "service.delivery", "service.graph", "service.http"},
    "service.local": {"service.errors", "service.local"},
    "service.client": {"schemas", "service.client"},
    "service.demo": {"schemas", "service.delivery", "service.demo", "service.errors", "service.graph", "service.local"},
}
FORBIDDEN_LIBRARIES = {
    "schemas": {"faststream", "neo4j", "aio_pika", "structlog"},
    "service.ingest": {"faststream", "neo4j", "aio_pika", "service.settings"},
    "service.graph": {"faststream", "aio_pika", "service.settings"},
    "service.delivery": {"neo4j"},
    "service.handlers": {"neo4j", "aio_pika"},
    "service.bridge": {"celery", "kombu", "faststream", "neo4j"},
    "service.client": {"faststream", "neo4j", "pydantic_settings", "structlog"},
}


def modules():
    for top in PRODUCT:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                inner = ROOT.joinpath(*node.module.split("."), f"{alias.name}.py")
                yield f"{node.module}.{alias.name}" if inner.is_file() else node.module


def part_of(module, parts):
    return max((part for part in parts if module == part or module.startswith(part + ".")), key=len, default=None)


@pytest.mark.parametrize("module", [pytest.param(path, id=name) for name, path in modules()])
def test_a_module_imports_only_what_lies_below_it(module):
    names = {path: name for name, path in modules()}
    part = part_of(names[module], ALLOWED)
    if part is None:  # app, lifespan, startup, cli: the composition root and the commands over it
        return
    for imported in imports_of(module):
        if imported.partition(".")[0] in PRODUCT:
            target = part_of(imported, ALLOWED) or imported
            assert target in ALLOWED[part] or target == part, f"{names[module]} imports {imported}"
        for library in FORBIDDEN_LIBRARIES.get(part, ()):
            assert part_of(imported, {library}) is None, f"{names[module]} imports {imported}"


def test_no_module_has_a_name_that_says_nothing():
    for name, _ in modules():
        assert not {"utils", "common", "core", "base", "helpers"} & set(name.split(".")), name


def test_every_package_says_what_belongs_there():
    for _, path in modules():
        if path.name == "__init__.py":
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
