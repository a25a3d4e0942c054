"""RTF."""

import pytest

from service.errors import UnsafeError
from tests.unit.ingest.formats.builders import parsed, paths

HEAD = (
    r"{\rtf1\ansi\ansicpg1252{\info{\title Handbook}}{\stylesheet{\s1\sbasedon0\outlinelevel0 heading 1;}{\s2 body;}}"
)


def test_paragraphs_tables_and_headings_are_read():
    body = (
        r"{\pard\plain \s1 Bees\par}{\pard\plain \s2 They fly h\'f6her.\par}{\pard \outlinelevel1 Castes\par}"
        r"\trowd\cellx1\cellx2{\pard\intbl Hive\par}\cell{\pard\intbl 12\par}\cell\row \pard \bullet\tab queen\par}"
    )
    read = parsed((HEAD + body).encode())
    assert read.title == "Handbook"
    assert read.text == "# Bees\n\nThey fly höher.\n\n## Castes\n\n| Hive | 12 |\n\n- queen"
    assert paths(read) == [("Bees", "# Bees", None), ("Bees > Castes", "## Castes", None)]


def test_other_code_pages_and_unicode_escapes_are_read():
    assert parsed(rb"{\rtf1\ansi\ansicpg1251 \'ef\'f7\'e5\'eb\'fb}").text == "пчелы"
    assert parsed(rb"{\rtf1\ansi\uc1 \u-30974?\u-30948?}").text == "蜂蜜"


def test_groups_without_end_are_unsafe():
    with pytest.raises(UnsafeError, match="at most 512 groups"):
        parsed(b"{\\rtf1" + b"{" * 100_000)


def test_what_stands_in_for_a_character_is_passed_over_and_nothing_else():
    assert parsed(rb"{\rtf1\uc1 \u34588\'b7\u-30974\b0 fly}").text == "蜜蜂fly"
    assert parsed(rb"{\rtf1\ansicpg936 {\uc2\u34588\'b7\'e4\u-30974\'b7\'e4}{\uc0\u66?}}").text == "蜜蜂B?"


def test_bytes_of_the_font_s_charset_are_read():
    fonts = rb"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset78 Osaka;}}"
    assert parsed(rb"{\rtf1\ansi" + fonts + rb"\f0 h\'f6her {\f1 \'ef\'f7\'e5\'eb\'fb} {\f2 x\'41} \'f6}").text == (
        "höher пчелы xA ö"
    )


def test_a_font_that_names_no_charset_does_not_take_the_next_one_s():
    fonts = rb"{\fonttbl{\f0\fswiss Arial;}{\f1{\*\falt Helvetica}\fprq2\fcharset204 Arial Cyr;}}"
    assert parsed(rb"{\rtf1\ansi" + fonts + rb"\f0 h\'f6her {\f1 \'ef\'f7\'e5\'eb\'fb}}").text == "höher пчелы"


@pytest.mark.timeout(30)
def test_a_font_table_without_end_takes_no_longer_than_another_one():
    endless = rb"{\*\f5\fswiss\fprq2\fcharset0 Liberation Sans" * 2000
    assert parsed(rb"{\rtf1 Bees{\fonttbl{\f0\fcharset0 Arial;}}}" + endless).text == "Bees"
    with pytest.raises(UnsafeError):
        parsed(rb"{\rtf1 Bees{\fonttbl" + endless)


def test_pictures_and_other_groups_that_may_be_ignored_are_passed_over():
    pictures = b"{\\pict\\bin6 }{\\x}!}{\\*\\shppict{\\pict 00ff}}{\\*\\unknown{a{b}c}\\}d}"
    assert parsed(rb"{\rtf1 Bees" + pictures + rb" fly\{\}.} after").text == "Bees fly{}."
