import pytest

from service.errors import UnsupportedMediaTypeError
from service.ingest.formats import format_of
from service.ingest.media_types import MediaType, tell


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
        (b"%PDF-1.7 ...", None, MediaType("application/pdf")),
        (b"%PDF-1.7 ...", "text/plain", MediaType("application/pdf")),
        (b"a file begins with %PDF-1.7", "text/plain", MediaType("text/plain")),
        (b"words", "application/octet-stream", MediaType("text/plain")),
        (b"words", 'Text/Plain; format=flowed; Charset="GB2312"', MediaType("text/plain", "gb2312")),
        (b"words", "image/png", MediaType("image/png")),
    ],
)
def test_the_declared_type_holds_unless_the_bytes_plainly_contradict_it(content, declared, expected):
    assert tell(content, declared) == expected


@pytest.mark.parametrize(
    "head", [b"PK\x03\x04", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"{\\rtf1", b"\xd0\xcf\x11\xe0\xa1"]
)
@pytest.mark.parametrize("declared", [None, "text/plain"])
def test_a_binary_file_is_refused_by_name_even_when_it_is_declared_as_text(head, declared):
    with pytest.raises(UnsupportedMediaTypeError, match=r"got (?:an? |RTF)"):
        tell(head + b"rest", declared)


def test_an_unknown_media_type_is_answered_with_the_known_ones():
    with pytest.raises(UnsupportedMediaTypeError, match=r"text/markdown.*application/pdf.*'video/mp4'"):
        format_of("video/mp4")
