"""Cypher statements, one a file, loaded by name. Valid in Cypher 5 and 25; values are parameters, never spliced."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Return the text of `name.cypher`.

    Raises:
        FileNotFoundError: there is no such statement.

    """
    return files(__name__).joinpath(f"{name}.cypher").read_text(encoding="utf-8")


@cache
def schema_statements() -> tuple[str, ...]:
    """Return the statements of `schema.cypher`, which are separated by semicolons."""
    return tuple(text.strip() for text in statement("schema").split(";") if text.strip())
