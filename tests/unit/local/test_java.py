"""Which Java runs which Neo4j."""

from pathlib import Path

import pytest

from service.local import java
from service.local.errors import LocalStackError


@pytest.mark.parametrize(
    ("version", "majors"),
    [("5.26.31", {17, 21}), ("2025.01.0", {21}), ("2025.09.1", {21}), ("2025.10.1", {21, 25}), ("2026.09.0", {21, 25})],
)
def test_each_version_names_its_javas(version: str, majors: set[int]):
    assert java.fitting_majors(version) == majors


def test_the_users_choice_comes_first(tmp_path: Path):
    for name in ("b-jdk", "a-jdk"):
        _fake_java(tmp_path / name, 21)

    found = list(java.candidates({"JAVA_HOME": "/opt/mine", "PATH": ""}, tmp_path))

    assert found == [Path("/opt/mine/bin/java"), tmp_path / "a-jdk/bin/java", tmp_path / "b-jdk/bin/java"]


def test_the_first_java_that_fits_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    javas = [_fake_java(tmp_path / "old", 11), _fake_java(tmp_path / "good", 17), _fake_java(tmp_path / "other", 21)]
    monkeypatch.setattr(java, "candidates", lambda _: [tmp_path / "absent", *javas])

    assert java.find_java("5.26.31", tmp_path) == (javas[1], 17)


def test_without_a_fitting_java_the_error_says_which_were_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(java, "candidates", lambda _: [_fake_java(tmp_path / "old", 11)])

    with pytest.raises(LocalStackError, match=r"expected Java 17 or 21 .* found 11 .* install openjdk-17-jre-headless"):
        java.find_java("5.26.31", tmp_path)


def _fake_java(home: Path, major: int) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '    java.specification.version = {major}' >&2\n")
    program.chmod(0o755)
    return program
