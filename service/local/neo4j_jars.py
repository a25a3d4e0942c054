"""The server's jars: copied by Maven once per version and shared by all stacks."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from service.local.commands import complete
from service.local.errors import LocalStackError
from service.local.locks import held

POM = Path(__file__).with_name("pom.xml")


def fetch_jars(version: str, root: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with the jars of this version. It appears complete or not at all."""
    library = root / "neo4j" / version / "lib"
    if library.exists():
        return library
    with held(root / "neo4j" / f"{version}.lock"):
        if not library.exists():
            say(f"Neo4j {version}: copying its jars with Maven (once)")
            library.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix="lib-", dir=library.parent))
            try:
                _copy(version, draft)
                draft.rename(library)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return library


def _copy(version: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalStackError("expected the command mvn, found none; run `make install` or install maven")
    command = [maven, "-q", "-B", "-f", str(POM), f"-Dneo4j.version={version}", "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={folder.absolute()}"]
    done = complete(command)
    if done.returncode != 0 or not any(folder.glob("neo4j-server-*.jar")):
        last = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-15:])
        raise LocalStackError(
            f"expected Maven to copy the jars of Neo4j {version}, got exit code {done.returncode}; "
            f"check DOCGRAPH_LOCAL_NEO4J_VERSION and Maven's settings. It said:\n{last}"
        )
