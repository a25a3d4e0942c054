"""Documents that other people's programs made of our texts, against what we know of these texts."""

import io
import re
import unicodedata
import zipfile
from collections import Counter

import pytest

from tests.corpus.charsets import encoded_texts
from tests.corpus.documents import DOCUMENTS, MADE, READINGS, media_type_of
from tests.corpus.labelled import labelled_text, labelled_texts, sentences
from tests.unit.ingest.builders import prepared

MADE_OF_TEXTS = [path for path in DOCUMENTS if path.stem in MADE]
TABLES = [path for path in DOCUMENTS if path.stem == "readings"]
WITH_HEADINGS = [path for path in MADE_OF_TEXTS if path.suffix not in (".pdf", ".pptx", ".odp", ".rtf")]
OPEN_XML = [path for path in DOCUMENTS if path.suffix in (".docx", ".pptx", ".xlsx")]
ENCODED = encoded_texts()
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


def words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def whole(document) -> str:
    return "\n".join(chunk.text for chunk in document.chunks)


def by_name(path):
    return path.name


@pytest.mark.parametrize("path", MADE_OF_TEXTS, ids=by_name)
def test_no_word_of_a_text_is_lost_whatever_its_format(path):
    text = labelled_text(path.stem)
    document = prepared(path.read_bytes(), media_type_of(path))
    missing = words(text.text) - words(whole(document))
    assert missing.total() <= 0.01 * words(text.text).total(), missing
    assert document.language == text.language


@pytest.mark.parametrize("path", MADE_OF_TEXTS, ids=by_name)
def test_next_to_nothing_is_added_to_a_text(path):
    text = labelled_text(path.stem)
    added = words(whole(prepared(path.read_bytes(), media_type_of(path)))) - words(text.text) - words(text.title)
    assert added.total() <= 0.05 * words(text.text).total(), added


@pytest.mark.parametrize("path", WITH_HEADINGS, ids=by_name)
def test_chunks_know_the_headings_they_lie_under(path):
    text = labelled_text(path.stem)
    options = prepared(path.read_bytes(), media_type_of(path))
    # A text of this size is one chunk or two, so look at how the words of a chunk are headed.
    assert options.title == text.title
    shown = whole(options)
    at = [shown.find(heading.rpartition(" > ")[2]) for heading in text.headings]
    assert all(place >= 0 for place in at)
    assert at == sorted(at)


@pytest.mark.parametrize("path", MADE_OF_TEXTS, ids=by_name)
def test_a_document_is_known_without_a_declared_type(path):
    expected = media_type_of(path).replace("application/xhtml+xml", "text/html")  # they look alike, and are read alike
    assert prepared(path.read_bytes()).media_type == expected


def strict(content: bytes) -> bytes:
    """Return an office document as "Strict Open XML", in which Office can save too: the same under other names."""
    usual = rb"http://schemas\.openxmlformats\.org/(\w+)/2006/(main|relationships)"
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith(".xml"):
                part = re.sub(usual, rb"http://purl.oclc.org/ooxml/\1/\2", part)
            new.writestr(name, part)
    return packed.getvalue()


@pytest.mark.parametrize("path", OPEN_XML, ids=by_name)
def test_strict_open_xml_is_read_like_the_usual_one(path):
    content = path.read_bytes()
    changed = strict(content)
    assert b"purl.oclc.org" in changed
    assert whole(prepared(changed)) == whole(prepared(content))


@pytest.mark.parametrize("path", TABLES, ids=by_name)
def test_the_cells_of_a_row_stay_together(path):
    lines = whole(prepared(path.read_bytes(), media_type_of(path))).splitlines()
    for row in READINGS:
        assert any(all(cell in line for cell in row) for line in lines), (row, lines)


def test_a_mail_keeps_its_headers_its_text_and_its_attachment():
    path = next(path for path in DOCUMENTS if path.name == "water-level.eml")
    document = prepared(path.read_bytes(), media_type_of(path))
    shown = whole(document)
    assert document.title == "Pegelstände im März – bitte prüfen"
    assert "Jürgen Förster" in shown
    assert shown.count("Können Sie die Messung prüfen?") == 1
    assert "東港" in shown
    assert document.language == "de"


def test_a_mail_in_big5_is_read():
    path = next(path for path in DOCUMENTS if path.name == "order-big5.eml")
    document = prepared(path.read_bytes(), media_type_of(path))
    assert document.title == "春茶的訂單"
    assert "請在週五以前確認訂單的數量" in whole(document)


@pytest.mark.parametrize("name", ["stations.json", "log.jsonl"])
def test_values_of_json_stand_beside_their_names(name):
    path = next(path for path in DOCUMENTS if path.name == name)
    lines = whole(prepared(path.read_bytes(), media_type_of(path))).splitlines()
    name, value = {"stations.json": ("height", "4.25"), "log.jsonl": ("message", "Der Pegel wurde gereinigt.")}[name]
    assert any(name in line and value in line for line in lines), lines


@pytest.mark.parametrize("encoded", ENCODED, ids=lambda each: f"{each.text.name}-{each.declared}")
def test_a_declared_charset_gives_every_character(encoded):
    document = prepared(encoded.content, f"text/markdown; charset={encoded.declared}")
    assert words(whole(document)) == words(encoded.text.text)
    assert document.language == encoded.text.language


@pytest.mark.parametrize("encoded", ENCODED, ids=lambda each: f"{each.text.name}-{each.declared}")
def test_an_undeclared_charset_is_found_out(encoded):
    document = prepared(encoded.content, "text/markdown")
    missing = words(encoded.text.text) - words(whole(document))
    assert missing.total() <= 0.02 * words(encoded.text.text).total(), missing


@pytest.mark.parametrize(
    "encoded", [each for each in ENCODED if "utf-16" not in each.charset], ids=lambda each: each.declared
)
def test_a_page_says_its_charset_itself(encoded):
    head = f'<html><head><meta charset="{encoded.declared}"><title>x</title></head><body><pre>'
    document = prepared(
        head.encode() + encoded.content.removeprefix(b"\xef\xbb\xbf") + b"</pre></body></html>", "text/html"
    )
    assert words(encoded.text.text) - words(whole(document)) == Counter()


@pytest.mark.parametrize("text", labelled_texts(), ids=lambda text: text.name)
def test_headings_of_a_text_are_told_in_order(text):
    from service.ingest.formats.markdown import headings_of

    assert [heading.title for heading in headings_of(text.text)] == [
        path.rpartition(" > ")[2] for path in text.headings
    ]


@pytest.mark.parametrize("language", ["de", "nl", "hr", "tr", "lv"])
def test_the_headers_of_a_mail_do_not_make_it_english(language):
    head = "From: Anna <anna@example.org>\r\nTo: Bert <bert@example.org>\r\nSubject: 4711\r\nMIME-Version: 1.0\r\n"
    body = f'Content-Type: text/plain; charset="utf-8"\r\n\r\n{" ".join(sentences()[language][:2])}\r\n'
    assert prepared((head + body).encode(), "message/rfc822").language == language
