import bz2
import gzip
import io
import lzma
import subprocess
import sys
import zipfile

import pytest

from service.errors import CorruptError, EncryptedError, UnsupportedMediaTypeError
from service.ingest import media_types as types
from service.ingest.containers import inside
from service.ingest.formats import format_of, formats
from service.ingest.media_types import MediaType
from service.ingest.options import IngestOptions
from service.ingest.source import given
from service.ingest.telling import is_isolated, tell
from tests.unit.ingest.builders import submitted

MAIL = b"Received: from a by b\r\nFrom: a@example.org\r\nSubject: Bees\r\n\r\nBees."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        (b"plain words", None, MediaType("text/plain")),
        (b"# heading", None, MediaType("text/plain")),
        (b"# heading", "text/markdown", MediaType("text/markdown")),
        (b"# heading", "text/x-markdown", MediaType("text/markdown")),
        (b"  \n<!DOCTYPE html><p>x", None, MediaType("text/html")),
        (b"\xef\xbb\xbf<html lang='en'>", None, MediaType("text/html")),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', None, MediaType("text/html")),
        (b"<htmlish>", None, MediaType("text/plain")),
        (b"<!DOCTYPE html><p>x", "text/plain", MediaType("text/plain")),
        (b"%PDF-1.7 ...", None, MediaType("application/pdf")),
        (b"%PDF-1.7 ...", "text/plain", MediaType("application/pdf")),
        (b"%PDF-1.7 ...", types.DOCX, MediaType("application/pdf")),
        (b"a file begins with %PDF-1.7", "text/plain", MediaType("text/plain")),
        (b"{\\rtf1 bees}", "application/msword", MediaType(types.RTF)),
        (b"PK\x03\x04", "text/plain", MediaType(types.ZIP)),
        (b"PK\x03\x04", types.PDF, MediaType(types.ZIP)),
        (OLE, types.DOCX, MediaType(types.OLE)),
        (MAIL, None, MediaType(types.EML)),
        (MAIL.replace(b"\r\n", b"\n"), None, MediaType(types.EML)),
        (b"To: the keeper\nSubject: bees\n\nNo mail, a memo.", None, MediaType("text/plain")),
        (b"words", "application/octet-stream", MediaType("text/plain")),
        (b"words", 'Text/Plain; format=flowed; Charset="GB2312"', MediaType("text/plain", "gb2312")),
        (b"words", "image/png", MediaType("image/png")),
        (b"{}", "application/ld+json", MediaType(types.JSON)),
        (b"<html><table>", types.XLS, MediaType(types.HTML)),
        (b"<html><p>", types.DOCX, MediaType(types.HTML)),
        (b"a\tb\n", types.XLS, MediaType(types.TSV)),
    ],
)
def test_the_declared_type_holds_unless_the_bytes_plainly_contradict_it(content, declared, expected):
    assert tell(content, declared) == expected


@pytest.mark.parametrize(
    "head",
    [b"Ab: x\r\n" * 60, b"Ab: x\r\n y\r\n" * 30, b"Ab: x\n" * 60, b" " * 1024, b"\0" * 1024, b"<!--" * 4000],
    ids=["header lines", "folded lines", "lines of another system", "blanks", "zeros", "comments"],
)
@pytest.mark.timeout(10)
def test_text_that_nearly_begins_like_another_format_is_told_at_once(head):
    # A hundred times: what takes a tenth of a second holds up the service as well
    assert {tell(head + b"\r\nbees", None).name for _ in range(100)} == {types.PLAIN}


@pytest.mark.parametrize(
    ("declared", "name", "expected"),
    [
        (None, "notes/bees.md", types.MARKDOWN),
        (None, "C:\\bees\\HIVES.CSV", types.CSV),
        ("application/octet-stream", "bees.jsonl", types.JSONL),
        ("text/plain", "bees.json", types.JSON),
        ("text/plain", "bees.html", types.PLAIN),
        ("text/markdown", "bees.csv", types.MARKDOWN),
        (types.XLS, "bees.csv", types.CSV),
        (types.DOCX, "bees.md", types.MARKDOWN),
        (None, "bees.unknown", types.PLAIN),
        (None, "bees", types.PLAIN),
    ],
)
def test_the_name_tells_where_the_declaration_says_nothing(declared, name, expected):
    assert tell(b"bees, hives", declared, name).name == expected


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"\x89PNG\r\n", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"GIF87a", "a GIF image"),
        (b"GIF89a", "a GIF image"),
        (b"II*\0", "a TIFF image"),
        (b"MM\0*", "a TIFF image"),
        (b"RIFF\n\0\0\0WEBPVP8 ", r"a RIFF file \(WEBP, WAV, AVI\)"),
        (b"RIFF\x24\x08\0\0WAVEfmt ", r"a RIFF file \(WEBP, WAV, AVI\)"),
        (gzip.compress(b"bees", mtime=0), "a gzip file"),
        (bz2.compress(b"bees"), "a bzip2 file"),
        (bz2.compress(b""), "a bzip2 file"),
        (lzma.compress(b"bees"), "an xz file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"\x7fELF\x02", "a program"),
        (b"MZ\x90\0\x03", "a program"),
    ],
)
@pytest.mark.parametrize("declared", [None, "text/plain", types.DOCX])
def test_a_binary_file_is_refused_by_name_even_when_it_is_declared_as_text(head, what, declared):
    with pytest.raises(UnsupportedMediaTypeError, match=f"expected a document, got {what}$"):
        tell(head + b"rest", declared)


@pytest.mark.parametrize(
    "text",
    [
        b"RIFF files hold chunks.",
        b"RIFF",
        b"GIF89 is a format.",
        b"GIF8",
        b"BZh is short.",
        b"BZh91AY",
        b"PK",
        b"MZ",
        b"7z",
    ],
)
def test_a_text_that_begins_with_the_name_of_a_binary_format_is_a_text(text):
    assert tell(text, None).name == types.PLAIN


@pytest.mark.parametrize("declared", [types.DOCX, types.EPUB, types.XLS, types.RTF])
def test_text_declared_as_a_binary_format_is_found_out(declared):
    with pytest.raises(CorruptError, match="got b'words"):
        tell(b"words", declared)


def test_an_unknown_media_type_is_answered_with_the_known_ones():
    with pytest.raises(UnsupportedMediaTypeError, match=r"text/markdown.*application/pdf.*'video/mp4'"):
        format_of("video/mp4")


def test_what_unpacks_or_is_parsed_by_a_library_in_c_is_never_read_by_the_service_itself():
    in_process = {name for name, each in formats().items() if not each.isolated}
    # Python's own modules read these, and pulldown-cmark, which is Rust
    quick = {types.PLAIN, types.MARKDOWN, types.CSV, types.TSV, types.JSON, types.JSONL}
    assert {format_of(name).media_types[0] for name in in_process} == quick
    assert is_isolated(MediaType(types.ZIP))
    assert is_isolated(MediaType(types.OLE))


def test_the_service_itself_does_not_even_load_the_parsers_of_its_children():
    program = (
        "import sys, service.app, service.ingest.ingestor; "
        "print({'selectolax', 'lxml', 'pypdfium2', 'striprtf', 'python_calamine'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def told(content: bytes) -> str:
    return inside(content, tell(content, None), IngestOptions()).name


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"word/document.xml": b""}, types.DOCX),
        ({"word/document2.xml": b""}, types.DOCX),
        ({"ppt/presentation.xml": b""}, types.PPTX),
        ({"xl/workbook.bin": b""}, types.XLSX),
        ({"META-INF/container.xml": b""}, types.EPUB),
        ({"mimetype": b"application/epub+zip\n"}, types.EPUB),
        ({"mimetype": types.ODS.encode()}, types.ODS),
        ({"mimetype": b"application/vnd.oasis.opendocument.text-template"}, types.ODT),
    ],
)
def test_an_archive_is_what_its_members_make_it(members, expected):
    assert told(zipped(**members)) == expected


def test_an_archive_that_is_no_document_is_refused_with_its_first_members():
    with pytest.raises(UnsupportedMediaTypeError, match=r"ZIP archive of 2 members such as 'a\.txt, b\.txt'"):
        told(zipped(**{"b.txt": b"b", "a.txt": b"a"}))


def ole(stream: str) -> bytes:
    """Return as much of an OLE file as names one stream in its directory."""
    return (OLE.ljust(1024, b"\0") + f"{stream}\0".encode("utf-16-le")).ljust(2048, b"\0")


def test_an_ole_file_is_what_its_streams_make_it():
    assert told(ole("Workbook")) == types.XLS
    with pytest.raises(EncryptedError):
        told(ole("EncryptedPackage"))
    for stream, advice in (("WordDocument", "DOCX"), ("PowerPoint Document", "PPTX"), ("Anything", "another kind")):
        with pytest.raises(UnsupportedMediaTypeError, match=advice):
            told(ole(stream))


def test_a_word_in_the_text_of_an_ole_file_is_no_stream():
    with pytest.raises(UnsupportedMediaTypeError, match="another kind"):
        told(OLE.ljust(1025, b"\0") + "EncryptedPackage\0".encode("utf-16-le"))


@pytest.mark.parametrize("key", ["filename", "file_name"])
def test_the_name_may_stand_in_the_metadata(key):
    source = given(submitted(b"Hive,Frames", metadata={key: "hives.csv"}))
    assert tell(source.content, source.media_type, source.name).name == types.CSV
