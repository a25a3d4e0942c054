"""The files that are read: documents of ours in every format, and chapters and whole books of Debian's documentation.

Debian's packages are downloaded and unpacked into `.local`, never installed. Made once, kept until `make clean`.
"""

import gzip
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from tests.corpus.converters import pandoc, pdf_text, plain_text, soffice
from tests.corpus.documents import DOCUMENTS, media_type_of
from tests.corpus.labelled import labelled_texts

FOLDER = Path(__file__).parents[2] / ".local" / "corpus"
PACKAGES = ("debian-reference-en", "debian-reference-zh-cn", "developers-reference", "gnuplot-doc")
_CHAPTERS = ("ch01.en", "ch05.en", "ch09.en", "ch02.zh-cn", "ch08.zh-cn")
_PAGES = 24
_TOO_FEW = (".odp", ".xhtml")
"""Formats of one small file, read as others are."""
_NOUNS = (
    "harbour",
    "tide",
    "pump",
    "bearing",
    "starter",
    "dough",
    "lighthouse",
    "lens",
    "cheese",
    "mill",
    "sail",
    "kettle",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A file and its text as somebody else reads it."""

    path: Path
    media_type: str
    reference: Path


def samples() -> dict[str, list[Sample]]:
    """Return the samples by format; they are made when they are not there."""
    ready = FOLDER / "ready"
    if not ready.is_file():
        shutil.rmtree(FOLDER, ignore_errors=True)
        _make()
        ready.touch()
    found: dict[str, list[Sample]] = {}
    for folder in sorted(path for path in (FOLDER / "files").iterdir() if path.is_dir()):
        found[folder.name] = [
            Sample(path, media_type_of(path), FOLDER / "references" / folder.name / f"{path.name}.txt")
            for path in sorted(folder.iterdir())
        ]
    return found


def _make() -> None:
    debian = _unpacked()
    _copy_originals(debian)
    _convert_chapters(debian)
    _convert_texts()
    _write_tables()
    _write_mails_and_records()
    for name in _folders():
        for path in (FOLDER / "files" / name).iterdir():
            target = FOLDER / "references" / name / f"{path.name}.txt"
            if not target.exists():
                _put(target, _reference(path))


def _unpacked() -> Path:
    packages, target = FOLDER / "packages", FOLDER / "debian"
    packages.mkdir(parents=True)
    subprocess.run(["apt-get", "-qq", "download", *PACKAGES], cwd=packages, check=True, stderr=subprocess.DEVNULL)
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg", "--extract", package, target], check=True)
    return target / "usr" / "share"


def _copy_originals(debian: Path) -> None:
    pages = sorted((debian / "debian-reference").glob("*.html")) + sorted(
        (debian / "developers-reference").glob("*.html")
    )
    chosen = [page for page in pages if page.stem not in ("search", "index")][:_PAGES]
    books = [*debian.glob("*/*.pdf"), *debian.glob("*/*.epub"), *debian.glob("doc/gnuplot/gnuplot.pdf")]
    for path in [*chosen, *books]:
        _put(_file(path.suffix[1:], path.name), path.read_bytes())
    for path in debian.glob("*/*.txt.gz"):
        _put(_file("txt", path.stem), gzip.decompress(path.read_bytes()))
    for path in DOCUMENTS:
        if path.suffix not in _TOO_FEW:
            _put(_file(path.suffix[1:], path.name), path.read_bytes())


def _convert_chapters(debian: Path) -> None:
    for name in _CHAPTERS:
        source = FOLDER / f"{name.replace('.', '-')}.html"
        _put(source, (debian / "debian-reference" / f"{name}.html").read_bytes())
        for kind in ("docx", "odt", "epub", "rtf", "md"):
            pandoc(source, kind, _file(kind, "").parent / kind)
    for kind in ("docx", "odt", "rtf"):
        made = soffice(FOLDER / "files" / "docx" / "ch05-en.docx", kind, FOLDER)
        _put(_file(kind, f"ch05-en-libreoffice.{kind}"), made.read_bytes())


def _convert_texts() -> None:
    for text in labelled_texts():
        source = FOLDER / f"{text.name}.md"
        _put(source, text.text.encode())
        _put(_file("md", source.name), text.text.encode())
        pandoc(source, "pptx", _file("pptx", "").parent / "pptx")
        _put(FOLDER / "references" / "pptx" / f"{text.name}.pptx.txt", plain_text(source).encode())
    for name in ("en-pumps", "fr-fromage"):
        made = soffice(FOLDER / "files" / "pptx" / f"{name}.pptx", "pptx", FOLDER)
        _put(_file("pptx", f"{name}-libreoffice.pptx"), made.read_bytes())
        _put(
            FOLDER / "references" / "pptx" / f"{name}-libreoffice.pptx.txt", plain_text(FOLDER / f"{name}.md").encode()
        )
    _put(FOLDER / "references" / "pptx" / "en-tides.pptx.txt", plain_text(FOLDER / "en-tides.md").encode())


def _write_tables() -> None:
    chance = random.Random(11)
    for name, rows in (("stock", 3000), ("prices", 300)):
        nouns = iter(lambda: chance.choice(_NOUNS), "")
        lines = [
            f"{next(nouns)} {number},{next(nouns)},{chance.randrange(1000)},{next(nouns)} {next(nouns)}"
            for number in range(rows)
        ]
        text = "\n".join(["article,place,count,remark", *lines]).encode() + b"\n"
        table = _file("csv", f"{name}.csv")
        _put(table, text)
        _put(_file("tsv", f"{name}.tsv"), text.replace(b",", b"\t"))
        for kind in ("xlsx", "xls", "ods"):
            soffice(table, kind, _file(kind, "").parent / kind, reads="CSV:44,34,76")
    for kind in ("xlsx", "xls", "ods"):
        for path in (FOLDER / "files" / kind).iterdir():
            _put(
                FOLDER / "references" / kind / f"{path.name}.txt",
                (FOLDER / "files" / "csv" / f"{path.stem}.csv").read_bytes(),
            )


def _write_mails_and_records() -> None:
    for text in labelled_texts():
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = "Anna <anna@example.org>", "Bert <bert@example.org>", text.title
        mail.set_content(text.text)
        mail.add_alternative(f"<html><body><pre>{text.text}</pre></body></html>", subtype="html")
        _put(_file("eml", f"{text.name}.eml"), mail.as_bytes())
        said = f"From: {mail['From']}\nTo: {mail['To']}\nSubject: {text.title}\n\n{text.text}"
        _put(FOLDER / "references" / "eml" / f"{text.name}.eml.txt", said.encode())
        record = {"title": text.title, "language": text.language, "text": text.text}
        _put(_file("json", f"{text.name}.json"), json.dumps(record, ensure_ascii=False).encode())
    records = [
        json.dumps({"title": text.title, "text": text.text}, ensure_ascii=False) for text in labelled_texts() * 5
    ]
    _put(_file("jsonl", "texts.jsonl"), "\n".join(records).encode())
    for path in (FOLDER / "files" / "eml").iterdir():
        if path.stem in ("water-level", "order-big5"):  # their texts are encoded, and pandoc reads no mail
            path.unlink()


def _folders() -> Iterator[str]:
    yield from sorted(path.name for path in (FOLDER / "files").iterdir())


def _reference(path: Path) -> bytes:
    """Return a file's text: by poppler, by pandoc, or as it is."""
    if path.suffix == ".pdf":
        return pdf_text(path).encode()
    if path.suffix in (".docx", ".odt", ".epub", ".rtf", ".html"):
        return plain_text(path).encode()
    if path.suffix in (".json", ".jsonl"):
        return path.read_bytes().replace(b"\\n", b"\n")
    return path.read_bytes()


def _file(kind: str, name: str) -> Path:
    folder = FOLDER / "files" / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
