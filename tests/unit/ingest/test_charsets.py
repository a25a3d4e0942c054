import pytest

from service.errors import NoTextError, UnsupportedMediaTypeError
from service.ingest.charsets import decode
from tests.unit.ingest.builders import prepared

CHINESE = "中文编码测试：这是一个使用国标编码的文本文件，用于检测能否识别。养蜂人每周检查蜂箱里的王台。" * 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_chinese_text_is_read_in_any_charset_that_it_comes_in(encoding):
    assert decode(CHINESE.encode(encoding)) == CHINESE


@pytest.mark.parametrize("name", ["gb2312", "GBK", "gb18030"])
def test_a_declared_chinese_charset_is_read_as_its_successor(name):
    # Given a character that GB 2312 does not have
    text = CHINESE + "镕"
    assert decode(text.encode("gb18030"), name) == text


def test_the_charset_of_a_page_is_found_in_its_meta_element():
    page = f'<html><head><meta charset="gb2312"><title>蜂箱</title></head><body><p>{CHINESE}</p></body></html>'
    document = prepared(page.encode("gb18030"))
    assert document.title == "蜂箱"
    assert document.chunks[0].text == CHINESE


def test_the_declared_charset_of_a_text_event_is_not_true_any_more():
    # Given characters that JSON carried, and a media type from before
    assert prepared("Grüße aus dem Bienenhaus", "text/plain; charset=iso-8859-1").chunks[0].text.startswith("Grüße")


def test_a_page_that_claims_to_be_utf_16_in_plain_bytes_is_not():
    assert decode(b'<meta charset="utf-16">Bees', html=True).endswith("Bees")


@pytest.mark.parametrize("name", ["no-such-charset", "unicode_escape", "rot13", "hex"])
def test_an_unknown_charset_is_ignored(name):
    assert decode(rb"Bees \ud800", name) == r"Bees \ud800"


def test_line_ends_are_one_character():
    assert decode(b"a\r\nb\rc\n\0") == "a\nb\nc\n"


def test_latin_text_without_a_declared_charset_is_guessed():
    text = "Die Bienen fliegen über die Wiese und hören das Gewitter früh. " * 10
    assert "über die Wiese" in decode(text.encode("latin-1"))


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(UnsupportedMediaTypeError):
        decode(bytes(range(128, 256)) * 64 + b"\0\1\2" * 500)


@pytest.mark.parametrize("content", ["   \n\t", "\ufeff", "<html><body><script>x()</script></body></html>"])
def test_a_document_without_a_word_is_refused(content):
    with pytest.raises(NoTextError):
        prepared(content)
