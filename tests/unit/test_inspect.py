"""`docgraph inspect`: what it shows, and that it refuses what the service would refuse."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from tests.support.web import a_site
from tests.unit.ingest.pdf_writer import pdf

ROOT = Path(__file__).parents[2]
MARKDOWN = "# Hive\n\nBees live in the hive.\n\n## Queen\n\nThe queen lays eggs."


def run(*arguments: str):
    return CliRunner().invoke(app, ["inspect", *arguments])


@pytest.fixture
def hive(tmp_path):
    path = tmp_path / "hive.md"
    path.write_text(MARKDOWN)
    return str(path)


def test_a_file_is_shown_with_its_sections_chunks_keywords_and_times(hive):
    result = run(hive, "--media-type", "text/markdown", "--language", "en")
    assert result.exit_code == 0
    assert re.search(r"^title +Hive$", result.stdout, re.MULTILINE)
    assert re.search(r"^language +en$", result.stdout, re.MULTILINE)
    assert re.search(r"\d+ ms to fetch, \d+ ms to prepare", result.stdout)
    assert "  Hive: chunk" in result.stdout
    assert re.search(r"\bqueen \d\.\d\d", result.stdout)


def test_the_same_is_given_as_json(hive):
    result = run(hive, "--media-type", "text/markdown", "--json")
    shown = json.loads(result.stdout)
    assert (shown["title"], shown["media_type"], shown["bytes"]) == ("Hive", "text/markdown", len(MARKDOWN))
    assert "".join(chunk["text"] for chunk in shown["chunks"]) in MARKDOWN
    assert all(word["name"] and 0 < word["weight"] <= 1 for chunk in shown["chunks"] for word in chunk["keywords"])
    assert shown["sections"][0]["first_chunk"] == 0
    assert shown["sections"][-1]["last_chunk"] == len(shown["chunks"]) - 1
    assert set(shown["timing_ms"]) == {"fetch", "prepare"}


def test_what_a_document_says_of_itself_is_shown(tmp_path):
    path = tmp_path / "swarm.eml"
    path.write_text("From: Anna <anna@h.example>\nSubject: A swarm\nMIME-Version: 1.0\n\nIt hangs in the lime.")
    shown = run(str(path)).stdout
    assert "\nmetadata\n  mail_from: Anna <anna@h.example>\n\nsections\n" in shown
    assert json.loads(run(str(path), "--json").stdout)["metadata"] == {"mail_from": "Anna <anna@h.example>"}


def test_a_document_that_says_nothing_of_itself_has_no_such_lines(hive):
    assert "metadata" not in run(hive).stdout
    assert json.loads(run(hive, "--json").stdout)["metadata"] == {}


def test_a_document_that_is_parsed_in_a_child_shows_its_pages(tmp_path):
    path = tmp_path / "swarm.pdf"
    path.write_bytes(pdf([["The bees are in the hive and make honey."] * 20] * 3, title="Swarm"))
    shown = json.loads(run(str(path), "--json").stdout)
    assert shown["media_type"] == "application/pdf"
    assert {chunk["page"] for chunk in shown["chunks"]} == {1, 2, 3}


def test_a_document_that_cannot_be_read_is_refused_with_the_services_reason(tmp_path, monkeypatch):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 broken")
    result = run(str(tmp_path / "a.pdf"))
    assert result.exit_code == 1
    assert result.stderr.startswith("docgraph: corrupt: expected")
    shown = run(str(tmp_path / "a.pdf"), "--json")
    assert (shown.exit_code, json.loads(shown.stdout)["reason"]) == (1, "corrupt")
    (tmp_path / "b.txt").write_text("bees " * 1000)
    monkeypatch.setenv("DOCGRAPH_MAX_DOCUMENT_BYTES", "2000")
    assert "too_large" in run(str(tmp_path / "b.txt")).stderr


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path):
    result = run(str(tmp_path / "none.md"))
    assert result.exit_code == 1
    assert "expected a file or a URI" in str(result.exception)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://127.0.0.1/a", "fetch_forbidden"),
        ("http://h.example/a", "unsupported_uri"),
        ("file:///etc/hostname", "unsupported_uri"),
    ],
)
def test_an_address_that_the_service_would_not_fetch_is_refused(uri, reason):
    result = run(uri)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"docgraph: {reason}: ")


async def test_a_page_is_fetched_under_the_services_settings(monkeypatch):
    import asyncio

    async with a_site() as site:
        uri = site.page("/hive.md", MARKDOWN, Content_Type="text/markdown")
        monkeypatch.setenv("DOCGRAPH_FETCH_SCHEMES", "http")
        monkeypatch.setenv("DOCGRAPH_FETCH_ALLOW", "127.0.0.1")
        monkeypatch.setenv("DOCGRAPH_FETCH_PORTS", str(site.port))
        result = await asyncio.to_thread(run, uri, "--json")
    shown = json.loads(result.stdout)
    assert (shown["document"], shown["title"]) == (uri, "Hive")


def test_the_readme_shows_what_it_really_prints(monkeypatch):
    monkeypatch.chdir(ROOT)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ((argument, expected),) = re.findall(r"^\$ docgraph inspect (\S+)\n(.*?)```", readme, re.MULTILINE | re.DOTALL)
    shown = run(argument).stdout

    def timeless(text: str) -> str:
        return re.sub(r"\d+ ms", "N ms", text)

    assert timeless(shown) == timeless(expected), f"put this into the README:\n{shown}"


def test_every_setting_and_reason_of_fetching_is_described_in_its_guide():
    from schemas import Reason
    from service.settings import Settings, variables

    guide = (ROOT / "docs" / "fetching.md").read_text(encoding="utf-8")
    for reason in (reason for reason in Reason if reason.startswith("fetch_")):
        assert f"`{reason}`" in guide
    named = {name.rstrip("_") for name in re.findall(r"DOCGRAPH_\w+", guide)}
    assert named <= set(variables(Settings).values())
