"""The README is true: its commands exist, its settings and reasons are those of the code, its links lead somewhere."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from schemas import Reason
from service.cli.reference import reference
from service.settings import Settings, variables

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_make_target_that_it_names_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_make_target_is_listed_by_help():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for target in targets:
        assert re.search(rf"make {target}\b.* \w", listed), target


@pytest.mark.parametrize("document", DOCS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_link_into_the_repository_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("name", reference())
def test_the_generated_reference_is_fresh(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == reference()[name], "run `make generate`"


def test_the_reference_names_every_setting_and_every_reason():
    for variable in variables(Settings).values():
        assert f"| `{variable}` |" in reference()["settings.md"]
    for reason in Reason:
        assert f"| `{reason}` |" in reference()["reasons.md"]


def test_the_page_on_operating_says_what_to_do_about_every_reason():
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [reason for reason in Reason if not any(f"`{reason}`" in row.split("|")[1] for row in rows)] == []


def test_the_page_on_operating_says_what_to_do_about_every_warning_and_error_in_the_log():
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    # The client's are told on its own page, as another program writes them.
    files = [file for file in (ROOT / "service").rglob("*.py") if "client" not in file.parts]
    told = {line for file in files for line in alarms(ast.parse(file.read_text(encoding="utf-8")))}
    assert "document failed" in told
    assert sorted(line for line in told if f"`{line}`" not in page) == []


def alarms(code):
    """The texts that a module logs as a warning or worse."""
    for call in ast.walk(code):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("log.warning", "log.error", "log.critical"):
            (text, *_) = call.args
            assert isinstance(text, ast.Constant), "a text that is put together cannot be looked up"
            yield text.value


def test_no_password_and_no_machine_path_is_in_the_repository():
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    secret = re.compile(rb"(?i)(?:amqps?|bolt|neo4j)(?:\+s+c?)?://[^\s/:@{}$\"']+:[^\s/:@{}$\"']+@")
    machine = re.compile(rb"/(?:home|Users)/\w+/|/work/")
    for name in filter(None, files):
        path = ROOT / name.decode()
        if path.suffix in {".gz", ".pdf", ".png"} or not path.is_file():
            continue
        content = path.read_bytes()
        for match in [*secret.finditer(content), *machine.finditer(content)]:
            assert b"user:password@" in match[0] or path == Path(__file__), f"{path}: {match[0]!r}"
