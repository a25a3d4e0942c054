"""What is seen of XML files before they are parsed."""

import pytest

from service.errors import CorruptError, UnsafeError
from service.ingest.formats.safe_xml import check_prolog, may_be_thinned

NAMED = '<?xml version="1.0" encoding="%s"?><a/>'


@pytest.mark.parametrize(
    ("content", "may"),
    [
        (NAMED % "UTF-8", True),
        ('<?xml version="1.0" encoding="utf-8" standalone="yes" ?>\n<a/>', True),
        ("<?xml version='1.0'?><a/>", True),
        ("\ufeff" + NAMED % "UTF-8", True),
        (NAMED % "ISO-2022-JP", False),
        (NAMED % "UTF-16", False),
        ('<?xml version="1.0" standalone="yes" encoding="EUC-JP"?><a/>', False),
        (NAMED % "UTF-8" + "<![CDATA[b]]>", False),
        (NAMED % "UTF-8" + "b" * 10_000_000, False),
        ("<a/>", False),
    ],
)
def test_only_bytes_that_stand_for_one_character_each_may_be_cut_out(content, may):
    assert may_be_thinned(content.encode()) is may


@pytest.mark.parametrize(
    "start", ["", "\ufeff", "<?xml version='1.0'?>", NAMED[:-4] % "UTF-8" + "\n", "<?a b?>", "<!-- b -->"]
)
def test_a_document_type_is_found_behind_whatever_may_stand_in_front_of_it(start):
    check_prolog(f"{start}<a b='c' d=\"'\"/>".encode(), "it")
    check_prolog(f'{start}<a:b xmlns:a="&#99;" é="&lt;">'.encode(), "it")
    for document_type in ("<!DOCTYPE a>", '<!DOCTYPE a [<!ENTITY b "c">]>'):
        with pytest.raises(UnsafeError, match="document type"):
            check_prolog(f"{start}{document_type}<a/>".encode(), "it")


@pytest.mark.parametrize(
    "content", ["", "a", "<a", "<a b>", "<a b=c>", "<a b='<'>", "<a b='&c'>", "<1>", "< a>", "a<a>"]
)
def test_a_root_element_that_is_none_is_corrupt(content):
    with pytest.raises(CorruptError):
        check_prolog(content.encode(), "it")
