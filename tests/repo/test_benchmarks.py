"""The benchmark itself: complete, described, importable, and fair in what it asks for."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import documents, job
from benchmarks.report.model import loads, processes
from benchmarks.report.snippets import SNIPPETS
from benchmarks.report.stages import STAGES, microseconds, stage_of
from benchmarks.report.summary import latency_rows, throughput_rows
from benchmarks.report.tables import tables
from benchmarks.systems import SYSTEMS
from benchmarks.words import CONTENT, STOPWORDS
from service.ingest.options import IngestOptions
from service.ingest.preparation import prepare
from service.ingest.source import Source
from service.ingest.stopwords import stopwords

ROOT = Path(__file__).parents[2]
README = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


def peers_of(venv: str) -> set[str]:
    """Names of the programs that run in a virtual environment."""
    commands = [" ".join(system.command) for system in SYSTEMS if system.venv == venv]
    return {found for command in commands for found in re.findall(r"benchmarks\.peers\.(\w+)", command)}


def test_the_readme_describes_every_system_and_no_other():
    assert re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE) == [system.name for system in SYSTEMS]


def test_every_peer_is_a_system_and_described():
    files = {path.stem for path in (ROOT / "benchmarks" / "peers").glob("*.py")}
    shared = {"__init__", "rabbit", "celery_app"}
    assert files - shared == peers_of(".venv") | peers_of(".venv-frameworks")
    assert {name for name in files - shared if f"(peers/{name}.py)" not in README} == set()


@pytest.mark.parametrize("venv", [".venv", ".venv-frameworks"])
def test_every_peer_can_be_imported_where_it_runs(venv):
    python = ROOT / venv / "bin" / "python" if venv != ".venv" else Path(sys.executable)
    if not python.exists():
        message = f"{venv} is missing: run `make frameworks`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    modules = sorted(f"benchmarks.peers.{name}" for name in peers_of(venv))
    modules += ["benchmarks.__main__", "benchmarks.scale"] if venv != ".venv" else ["benchmarks.harness.watched"]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run([python, "-c", code, *modules], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shape", documents.Shape)
def test_the_plain_job_and_the_service_make_the_same_chunks_and_keywords(shape):
    options = IngestOptions()
    for event in documents.events(0, 50, shape):
        row = job.prepare(event)
        text = event["text"].encode()
        ours = prepare(Source(event["document_id"], text, event["media_type"], "utf-8", language="en"), options)
        assert [chunk["text"] for chunk in row["chunks"]] == [chunk.text for chunk in ours.chunks]
        for chunk, theirs in zip(ours.chunks, row["chunks"], strict=True):
            links = {name for _, name, id_, _ in row["links"] if id_ == theirs["id"]}
            assert links == {keyword.name for keyword in chunk.keywords}


def test_what_is_expected_is_what_the_job_makes():
    rows = [job.prepare(event) for event in documents.events(7, 60)]
    keywords = {link[0] for row in rows for link in row["links"]}
    chunks, links = (sum(len(row[name]) for row in rows) for name in ("chunks", "links"))
    assert documents.expected(7, 60) == documents.Counts(60, chunks, 60, len(keywords), links)


def test_the_vocabulary_holds_no_stop_word_that_is_meant_as_a_keyword():
    assert not {*CONTENT, documents.HOT} & stopwords("en")
    assert set(STOPWORDS) <= stopwords("en")


def test_every_version_of_a_document_has_a_text_of_its_own():
    assert len({documents.event(0, version=version)["text"] for version in range(1, 50)}) == 49


def test_the_peers_write_every_property_of_a_chunk_but_the_ones_that_plain_text_has_not():
    written = set(job.prepare(documents.event(0))["chunks"][0])
    statement = (ROOT / "service" / "graph" / "statements" / "write.cypher").read_text(encoding="utf-8")
    ours = set(re.findall(r"(\w+): row\.", statement[statement.index("CREATE (c:Chunk") :].partition("})")[0]))
    assert ours - written <= {"documentId", "heading", "page"}


def run(system: str, rate: float, number: int = 1, *problems: str, count: int = 4000) -> dict:
    cpu = {"worker": 0.4, "neo4j": 0.3, "broker": 0.1, "collector": 0.1}
    return {
        "system": system,
        "kind": "throughput",
        "documents": count,
        "round": number,
        "problems": list(problems),
        "rate": rate,
        "cpu": cpu,
        "memory": 80.0,
        "seconds": 1.0,
        "p50": None,
        "p99": None,
    }


def test_ratios_are_taken_within_the_rounds():
    runs = [run("floor", 2000), run("service", 3000), run("floor", 1000, 2), run("service", 1000, 2)]
    (row,) = (row for row in throughput_rows(runs) if row.system == "service")
    assert (row.rate.low, row.rate.middle, row.rate.high) == (1000, 2000, 3000)
    assert (row.to_floor.low, row.to_floor.middle, row.to_floor.high) == (1.0, 1.25, 1.5)


def test_a_failed_run_is_shown_and_does_not_count():
    failed = run("service", 9999, 1, "expected one completion a document, got 3 more")
    results = {
        "command": "make bench",
        "date": "2026-01-01",
        "versions": {"Neo4j": "5"},
        "machine": {"cpus": 2, "processor": "p", "memory_gb": 4, "system": "s"},
        "runs": [run("floor", 2000), failed],
    }
    text = tables(results)
    assert "**failed**" in text
    assert "got 3 more" in text
    assert "9,999" not in text


def test_latency_is_listed_by_its_99th_percentile():
    def wait(system: str, p99: float) -> dict:
        return run(system, 0) | {"kind": "latency", "p50": 5.0, "p99": p99}

    assert [row.system for row in latency_rows([wait("floor", 20), wait("service", 10)])] == ["service", "floor"]


def test_a_stack_belongs_to_its_innermost_stage():
    keywords = ["collections/__init__.py:update", "service/ingest/keywords.py:keywords_of", "service/handlers/x.py:f"]
    assert stage_of([*keywords, "uvloop/__init__.py:run"]) == "keywords"
    assert stage_of(["pamqp/frame.py:marshal", "aiormq/channel.py:basic_publish", "x.py:y"]) == "publish"
    assert stage_of(["pamqp/frame.py:unmarshal", "aiormq/connection.py:get_frame"]) == "receive"
    assert stage_of(["asyncio/runners.py:run", "faststream/rabbit/x.py:y"]) == "event loop"
    assert microseconds([(keywords, 3), (["a.py:b"], 1)], cpu=2.0, documents=1000) == {"keywords": 1500, "other": 500}


def frames_of_the_project() -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{node.name}"
        for top in ("service", "schemas")
        for path in sorted((ROOT / top).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_every_stage_of_ours_still_has_code_that_belongs_to_it():
    frames = frames_of_the_project()
    ours = {stage for stage, rule in STAGES.items() if re.search(r"service/|schemas/", rule)}
    assert {stage for stage in ours if not any(stage_of([frame]) == stage for frame in frames)} == set()


def test_a_deadlock_that_the_driver_retries_is_counted():
    # In a process of its own: the watch belongs to an app and takes signals.
    code = """
import logging
from benchmarks.harness.watched import count_deadlocks, watch
from service.telemetry import configure_logging
configure_logging("INFO", "json")
count_deadlocks()
said = "{neo4j_code: Neo.TransientError.Transaction.DeadlockDetected}"
logging.getLogger("neo4j.session").warning("Transaction failed and will be retried in %ss (%s)", 1.0, said)
logging.getLogger("neo4j.session").warning("Transaction failed and will be retried in %ss (%s)", 1.0, "else")
print(watch.deadlocks)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_the_model_takes_the_lower_of_its_limits():
    cpu = {"worker": 0.5, "neo4j": 0.3, "broker": 0.1, "collector": 0.1}
    rows = [{"processes": count, "rate": 1500.0, "cpu": cpu} for count in (1, 8)]
    text = processes({"cpus": 4, "processes": rows})
    assert "| 1 | 2,000 | one loop | 1,500 | 75% |" in text
    assert "| 8 | 4,000 | the cores | 1,500 | 38% |" in text
    assert "| 10 × | 15,000 | 11 | 7 | 3 |" in loads({"cpus": 4, "processes": rows})


def test_quoted_figures_are_those_of_the_results():
    for name in ("README.md", "benchmarks/README.md", "docs/scaling.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for mark, body in re.findall(r"<!-- benchmark: (\w+) -->\n(.*?)<!-- end of benchmark -->", text, re.DOTALL):
            file, make = SNIPPETS[mark]
            path = ROOT / "benchmarks" / "results" / file
            if path.exists():
                assert body.strip() == make(json.loads(path.read_text())).strip(), f"{name}: run the report anew"
