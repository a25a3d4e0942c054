"""Changes to the body of a dead letter, so that it can be processed: by assignment or in an editor."""

import asyncio
import json
import os
import shlex
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas import INPUTS
from service.delivery.dead_letters import DeadLetter
from service.errors import DocgraphError


class EditError(DocgraphError):
    """The edit leads to nothing that can be replayed. The letter stays."""


def parse_assignment(text: str) -> tuple[str, Any]:
    """Return the key and the JSON value of `key=value`.

    Raises:
        EditError: it is none.

    """
    key, equals, value = text.partition("=")
    try:
        if key and equals:
            return key, json.loads(value)
    except ValueError:
        pass
    msg = f"expected KEY=VALUE with a JSON value, such as version=3 or title='\"Bees\"', got {text!r}"
    raise EditError(msg)


def assign(body: bytes, values: Mapping[str, Any]) -> bytes:
    """Return a JSON object with some of its fields set.

    Raises:
        EditError: the body is no JSON object.

    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        msg = "expected a JSON object to set fields of, got something else; replay it with --edit"
        raise EditError(msg)
    return json.dumps(content | dict(values), ensure_ascii=False).encode()


async def edit_body(body: bytes) -> bytes:
    """Let a person change a body in `$VISUAL` or `$EDITOR`; JSON is laid out for reading. Unchanged, it stays as it is.

    Raises:
        EditError: the body is no text, the editor failed, or the person emptied the file: leave this letter alone.

    """
    shown = _laid_out(body)
    with tempfile.TemporaryDirectory(prefix="docgraph-") as folder:
        path = Path(folder) / "body.json"
        path.write_text(shown, encoding="utf-8")
        await _edit(path)
        edited = path.read_text(encoding="utf-8")
    if not edited.strip():
        msg = "the file was emptied: left alone"
        raise EditError(msg)
    return body if edited == shown else edited.encode()


def editing(values: Mapping[str, Any], *, in_editor: bool) -> Callable[[DeadLetter, bytes], Awaitable[bytes]]:
    """Return the edit that sets fields, opens an editor if asked to, and checks what comes of it."""

    async def edit(letter: DeadLetter, body: bytes) -> bytes:
        body = assign(body, values) if values else body
        if in_editor:
            body = await edit_body(body)
        check(letter.routing_key, body)
        return body

    return edit


def check(routing_key: str, body: bytes) -> None:
    """Refuse an edited body that the service would refuse again. Of other events nothing is known.

    Raises:
        EditError: it is not the event that the routing key promises.

    """
    for event in INPUTS:
        if event.kind == routing_key:
            try:
                event.read(body)
            except ValidationError as error:
                problem = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, problem["loc"]))
                msg = f"expected the edited body to be a {routing_key}, got: {where} {problem['msg']}".strip()
                raise EditError(msg) from None


def _laid_out(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False) + "\n"
    except (ValueError, RecursionError):
        pass
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        msg = f"expected a body in UTF-8 to edit, got something else ({error.reason})"
        raise EditError(msg) from None


async def _edit(path: Path) -> None:
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    try:
        # A child of the loop: the connection's heartbeats go on while the person types.
        process = await asyncio.create_subprocess_exec(*command, str(path))
    except OSError as error:
        msg = f"EDITOR: expected a command that edits a file, got {command[0]!r}: {error.strerror}"
        raise EditError(msg) from None
    if code := await process.wait():
        msg = f"expected the editor to succeed, but it ended with {code}: left alone"
        raise EditError(msg)
