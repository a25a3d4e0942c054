"""The documents under `tests/data/documents`: texts of ours in each format, made by other people's programs.

`python -m tests.corpus.documents` makes them anew from `tests/data/labelled`. That needs pandoc and LibreOffice
(`scripts/install.sh corpus`); the test suite does not.
"""

import csv
import io
import tempfile
from pathlib import Path

from tests.corpus.converters import pandoc, soffice
from tests.corpus.labelled import DATA, LabelledText, labelled_text

FOLDER = DATA / "documents"
DOCUMENTS = tuple(sorted(path for path in FOLDER.iterdir() if path.suffix != ".md"))
"""Those that are committed."""
MADE = {
    "en-tides": ("docx", "odt", "epub", "rtf", "pptx", "odp", "html", "xhtml", "pdf"),
    "zh-tea": ("docx", "odt", "epub", "rtf", "pdf"),
    "ja-onsen": ("docx", "html"),
    "ru-samovar": ("docx", "rtf"),
    "ar-dates": ("docx", "odt"),
}
# LibreOffice writes these from another format; the others come from pandoc.
_BY_OFFICE = {
    ("en-tides", "odp"): "pptx",
    ("zh-tea", "docx"): "odt",
    ("zh-tea", "rtf"): "docx",
    ("ru-samovar", "rtf"): "docx",
}
READINGS = (
    ("station", "day", "water level", "note"),
    ("Harbour North", "2026-03-01", "4.25", "spring tide"),
    ("Harbour North", "2026-03-02", "4.5", "wind from the sea, strong"),
    ("Außenmole", "2026-03-01", "3.75", "Pegel gereinigt"),
    ("東港", "2026-03-01", "4", "大潮"),
)
_TYPES = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".eml": "message/rfc822",
    ".epub": "application/epub+zip",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pdf": "application/pdf",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rtf": "application/rtf",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xhtml": "application/xhtml+xml",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def media_type_of(path: Path) -> str:
    """Return the media type that a producer would declare."""
    return _TYPES[path.suffix]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, kinds in MADE.items():
            for kind in kinds:
                _write(labelled_text(name), kind, Path(folder))
        table = Path(folder) / "readings.csv"
        table.write_text(table_text(), encoding="utf-8")
        for kind in ("xlsx", "xls", "ods"):
            soffice(table, kind, FOLDER, reads="CSV:44,34,76")


def _write(text: LabelledText, kind: str, folder: Path) -> None:
    source = folder / f"{text.name}.md"
    source.write_text(f'---\ntitle: "{text.title}"\nlang: {text.language}\n---\n\n{text.text}', encoding="utf-8")
    if kind == "pdf":
        soffice(pandoc(source, "docx", folder), "pdf", FOLDER)
    elif first := _BY_OFFICE.get((text.name, kind)):
        soffice(pandoc(source, first, folder), kind, FOLDER)
    else:
        pandoc(source, kind, FOLDER)


def table_text(delimiter: str = ",") -> str:
    """Return the readings as text."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(READINGS)
    return out.getvalue()


if __name__ == "__main__":
    main()
