"""The examples are whole: each has commands, is in the table and in a test, and needs nothing but the client."""

import ast
import re
from pathlib import Path

import pytest

from tests.examples.test_examples import EXAMPLES
from tests.support.programs import commands

ROOT = Path(__file__).parents[2] / "examples"
TABLE = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = sorted(path.parent for path in ROOT.glob("*/README.md"))
WITH_A_SERVER_OF_THEIR_OWN = {"prefect", "temporal"}
RUN_NOTHING_AGAIN = {"aio_pika", "fastapi", "script"}


def test_each_is_run_by_a_test():
    assert {folder.name for folder in FOLDERS} == {example.name for example in EXAMPLES} | WITH_A_SERVER_OF_THEIR_OWN


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_its_commands_name_files_that_are_there(folder):
    for command in commands(folder / "README.md"):
        scripts = [word for word in command if word.endswith(".py")]
        modules = [re.split(r"[.:]", word)[0] for word in command[1:3] if word in {"tasks", "tasks:broker", "app:app"}]
        for name in scripts + [f"{module}.py" for module in modules]:
            assert (folder / name).is_file(), name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_its_framework_runs_again_is_the_same_event(folder):
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    submits = [call for call in calls if getattr(call.func, "attr", "") == "submit_and_wait"]
    named = ["event_id" in {keyword.arg for keyword in call.keywords} for call in submits]
    assert folder.name in RUN_NOTHING_AGAIN or (named and all(named))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_is_in_the_table(folder):
    assert f"]({folder.name}/" in TABLE


def test_every_link_of_the_table_leads_somewhere():
    for page in (ROOT / "README.md", *(folder / "README.md" for folder in FOLDERS)):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_of_the_service_it_imports_only_the_client(folder):
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                assert module.partition(".")[0] not in {"neo4j", "faststream"}, path
                assert module.partition(".")[0] != "service" or module == "service.client", path
