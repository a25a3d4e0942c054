"""The two servers as environment variables: given by the caller, or handed to a command."""

import shlex
from collections.abc import Mapping

from service.local.errors import LocalStackError

REQUIRED = ("RABBITMQ_URL", "NEO4J_URI")


def are_given(environment: Mapping[str, str]) -> bool:
    """Whether the caller brings servers of their own. One without the other is a mistake, not a wish."""
    given = [name for name in REQUIRED if environment.get(name) or environment.get(f"{name}_FILE")]
    if len(given) == 1:
        missing = next(name for name in REQUIRED if name not in given)
        raise LocalStackError(
            f"expected RABBITMQ_URL and NEO4J_URI together, got only {given[0]}; "
            f"set {missing} too, or unset {given[0]} to have private servers started"
        )
    return bool(given)


def export_lines(variables: Mapping[str, str]) -> str:
    """Lines for `eval` in a shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
