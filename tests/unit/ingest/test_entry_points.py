"""What an entry point may name, and what comes of one that names something else."""

import sys
from pathlib import Path

import pytest

from service.errors import CorruptError, StartupError
from service.ingest.formats import Format, format_of, suffixes
from service.ingest.ingestor import Ingestor
from service.ingest.options import IngestOptions
from tests.unit.ingest.added_format import forget_formats, install
from tests.unit.ingest.builders import prepared


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    sys.modules.pop("honey_formats", None)
    forget_formats()


def test_an_added_format_takes_the_place_of_a_built_in_one(tmp_path, monkeypatch):
    folder = install(tmp_path, "plain = honey_formats:plain")
    with (folder / "honey_formats.py").open("a") as module:
        module.write('plain = Format(("text/plain",), parse)\n')
    monkeypatch.syspath_prepend(folder)
    forget_formats()
    try:
        assert prepared("words").chunks[0].heading == "Jar"
    finally:
        monkeypatch.undo()
        forget_formats()
    assert not format_of("text/plain").isolated


@pytest.mark.parametrize(
    ("entry_point", "complaint"),
    [
        ("honey = honey_formats:absent", "AttributeError"),
        ("honey = no_such_module:honey", "ModuleNotFoundError"),
        ("honey = honey_formats:parse", "got <function parse"),
    ],
)
async def test_an_entry_point_that_names_no_format_stops_the_start_and_is_named(
    tmp_path, monkeypatch, entry_point, complaint
):
    monkeypatch.syspath_prepend(install(tmp_path, entry_point))
    forget_formats()
    try:
        with pytest.raises(StartupError, match=f"'honey' of docgraph.formats.*{complaint}"):
            async with Ingestor():
                pass
    finally:
        monkeypatch.undo()
        forget_formats()


def test_the_example_in_the_documentation_is_a_format():
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    defined: dict[str, object] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], defined)
    honey = defined["honey"]
    assert isinstance(honey, Format)
    assert honey.parse(b"HONEYis sweet", None, IngestOptions()).text == "# A jar\n\nis sweet"
    with pytest.raises(CorruptError):
        honey.parse(b"wax", None, IngestOptions())


def test_every_format_is_in_the_documentation():
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    for suffix in suffixes():
        assert f"`{suffix}`" in page, suffix
    for setting in ("unpacked", "nesting", "compression", "characters", "pages", "chunks", "message", "cpu"):
        assert setting.upper() in page
