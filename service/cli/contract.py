"""Generated files of the contract: `asyncapi.yaml` and `schemas/json`."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.export import json_schemas


def asyncapi(
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """Print the AsyncAPI document."""
    # Imported here: building the app takes a moment that other commands need not wait for.
    from service.app import build_app  # noqa: PLC0415
    from service.http.asyncapi import asyncapi_yaml  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415

    _write(out, asyncapi_yaml(build_app(Settings.load())))


def schemas(folder: Annotated[Path, typer.Argument(help="Folder to write to.")] = Path("schemas/json")) -> None:
    """Write the JSON Schema of each event."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in json_schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


def _write(out: Path | None, text: str) -> None:
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
