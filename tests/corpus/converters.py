"""pandoc, LibreOffice and pdftotext, as Debian has them; `scripts/install.sh corpus` installs them."""

import shutil
import subprocess
import tempfile
from pathlib import Path

_TIMEOUT = 300


def missing() -> list[str]:
    """Return the programs that are not installed."""
    return [program for program in ("pandoc", "soffice", "pdftotext") if shutil.which(program) is None]


def pandoc(source: Path, kind: str, folder: Path) -> Path:
    """Write the source in another format to the folder; return the file."""
    target = folder / f"{source.stem}.{kind}"
    _run("pandoc", "--standalone", str(source), "--output", str(target), cwd=source.parent)
    return target


def plain_text(source: Path) -> str:
    """Return the file as pandoc reads it, without markup."""
    return _run("pandoc", "--to=plain", "--wrap=none", str(source), cwd=source.parent)


def pdf_text(source: Path) -> str:
    """Return a PDF's text as poppler reads it."""
    return _run("pdftotext", "-enc", "UTF-8", str(source), "-", cwd=source.parent)


def soffice(source: Path, kind: str, folder: Path, reads: str | None = None) -> Path:
    """Write the source in another format to the folder by LibreOffice; return the file."""
    with tempfile.TemporaryDirectory() as profile:
        # A profile of its own: LibreOffice refuses to run twice on one, and the user's may be in use.
        options = [f"-env:UserInstallation=file://{profile}", "--headless", *([f"--infilter={reads}"] if reads else [])]
        _run("soffice", *options, "--convert-to", kind, "--outdir", str(folder), str(source), cwd=source.parent)
    target = folder / f"{source.stem}.{kind}"
    if not target.is_file():
        raise RuntimeError(f"expected LibreOffice to write {target.name}, got none")
    return target


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=_TIMEOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"expected {command[0]} to succeed, got {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout.decode("utf-8", "replace")
