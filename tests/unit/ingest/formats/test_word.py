"""DOCX."""

import io

import docx
import pytest

from service.errors import CorruptError, UnsafeError
from tests.unit.ingest.formats.builders import DECLARATION, parsed, paths, with_member

MAIN = "word/document.xml"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)


def saved(document) -> bytes:
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def with_body(body: str) -> bytes:
    """Return a document whose body is the given XML."""
    return with_member(saved(docx.Document()), MAIN, f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>")


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_paragraphs_lists_and_tables_come_in_their_order_under_their_headings():
    document = docx.Document()
    document.core_properties.title = ""
    document.core_properties.author = "Ada Keeper"
    document.add_heading("The Apiary", 0)
    document.add_paragraph("About bees.")
    document.add_heading("Hives", 1)
    document.add_paragraph("Oak", style="List Bullet")
    document.add_paragraph("Lime", style="List Bullet")
    document.add_heading("Frames", 2)
    table = document.add_table(2, 2)
    for cell, text in zip(
        [*table.rows[0].cells, *table.rows[1].cells], ["Hive", "Frames", "Oak\ntop", "12"], strict=True
    ):
        cell.text = text
    document.add_paragraph("After the table.")
    read = parsed(saved(document))
    assert read.title == "The Apiary"
    assert read.metadata["author"] == "Ada Keeper"
    assert read.text == (
        "# The Apiary\n\nAbout bees.\n\n# Hives\n\n- Oak\n- Lime\n\n## Frames\n\n"
        "| Hive | Frames |\n| Oak top | 12 |\n\nAfter the table."
    )
    assert paths(read) == [
        ("The Apiary", "# The Apiary", None),
        ("Hives", "# Hives", None),
        ("Hives > Frames", "## Frames", None),
    ]


def test_the_title_among_the_properties_wins_over_the_first_heading():
    document = docx.Document()
    document.core_properties.title = "Handbook"
    document.core_properties.language = "de-DE"
    document.add_heading("Bees", 1)
    read = parsed(saved(document))
    assert (read.title, read.language) == ("Handbook", "de-DE")


def test_what_is_struck_out_or_shown_twice_is_not_read():
    box = "<mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{}</mc:Fallback></mc:AlternateContent>"
    inner = paragraph("In a box.")
    body = (
        "<w:p><w:r><w:t>Bees</w:t></w:r><w:del><w:r><w:delText>wasps</w:delText></w:r></w:del>"
        f"<w:ins><w:r><w:tab/><w:t>fly.</w:t></w:r></w:ins><w:r>{box.format(inner, inner)}</w:r></w:p>"
    )
    assert parsed(with_body(body)).text == "Bees\tfly.\n\nIn a box."


def test_what_follows_a_text_box_in_a_paragraph_is_part_of_the_paragraph():
    box = f"<w:txbxContent>{paragraph('In a box.')}<w:tbl><w:tr><w:tc>{paragraph('x')}</w:tc></w:tr></w:tbl>"
    body = f"<w:p><w:r><w:t>Bees</w:t>{box}</w:txbxContent></w:r><w:r><w:t> fly.</w:t></w:r></w:p>"
    assert parsed(with_body(body + paragraph("After."))).text == "Bees fly.\n\nIn a box.\n\nx\n\nAfter."


def test_only_parts_that_hold_text_need_be_sound():
    whole = saved(docx.Document(io.BytesIO(with_body(paragraph("Bees")))))
    damaged = with_member(whole, "word/theme/theme1.xml", "<a:theme")
    assert parsed(with_member(damaged, "docProps/thumbnail.xml", "<!DOCTYPE x><x/>")).text == "Bees"
    with pytest.raises(UnsafeError):
        parsed(with_member(damaged, "word/styles.xml", "<!DOCTYPE x><x/>"))


def test_a_formula_is_read_in_its_place():
    formula = '<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:r><m:t>mc</m:t></m:r>{}'
    power = "<m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>"
    text = "<w:r><w:t>{}</w:t></w:r>"
    body = f"<w:p>{text.format('E=')}{formula.format(power)}{text.format(' holds.')}</w:p>"
    assert parsed(with_body(body)).text == "E=mcc2 holds."


def test_content_controls_and_links_are_read():
    body = f"<w:sdt><w:sdtContent>{paragraph('Chosen.')}</w:sdtContent></w:sdt>"
    body += "<w:p><w:hyperlink><w:r><w:t>Linked.</w:t></w:r></w:hyperlink></w:p>"
    assert parsed(with_body(body)).text == "Chosen.\n\nLinked."


def test_a_table_in_a_cell_is_part_of_the_cell():
    inner = f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"
    row = f"<w:tr><w:tc>{paragraph('x')}{inner}</w:tc><w:tc>{paragraph('y')}</w:tc></w:tr>"
    assert parsed(with_body(f"<w:tbl>{row}</w:tbl>")).text == "| x a, b | y |"


def test_a_document_nested_deeper_than_the_limit_is_unsafe():
    with pytest.raises(UnsafeError, match="at most 100 paragraphs and tables"):
        parsed(with_body("<w:p>" * 200 + "</w:p>" * 200), max_nesting=100)
    with pytest.raises(UnsafeError, match="nesting"):
        parsed(with_body("<w:p>" * 5000 + "</w:p>" * 5000))


def test_a_document_without_its_main_part_is_corrupt():
    with pytest.raises(CorruptError):
        parsed(with_member(saved(docx.Document()), "_rels/.rels", "<Relationships/>"))
    with pytest.raises(CorruptError):
        parsed(with_member(saved(docx.Document()), MAIN, "<w:document"))


@pytest.mark.parametrize("encoding", ["QTF-8", "shift_jis"])
def test_a_part_in_an_encoding_that_xml_is_not_in_is_corrupt(encoding):
    with pytest.raises(CorruptError, match="encoding"):
        parsed(with_member(saved(docx.Document()), MAIN, f'<?xml version="1.0" encoding="{encoding}"?><w:document/>'))


def test_comments_and_instructions_are_not_read_and_cut_nothing_off():
    assert parsed(with_body("<w:p><w:r><w:t>Bees<!-- ? --> fly<?now?>.</w:t></w:r></w:p>")).text == "Bees fly."


RUN = '<w:r w:rsidR="00A1"><w:rPr><w:b/><w:color w:val="red" /></w:rPr><w:t xml:space="preserve">%s</w:t></w:r>'


@pytest.mark.parametrize(
    "look", ["<w:rPr/>", "<w:rPr></w:rPr>", '<w:rPr><w:rPrChange w:id="1"><w:rPr/></w:rPrChange></w:rPr>']
)
def test_words_that_look_different_are_one_text(look):
    runs = RUN % "be" + RUN % "es &amp; " + f"<w:r>{look}<w:t>oak</w:t></w:r><w:r><w:tab/><w:t>ash</w:t></w:r>"
    document = f"{DECLARATION}<w:document {NAMESPACES}><w:body><w:p>{runs}</w:p></w:body></w:document>"
    assert parsed(with_member(saved(docx.Document()), MAIN, document)).text == "bees & oak\tash"


@pytest.mark.parametrize("declaration", ["", DECLARATION, DECLARATION.replace("UTF-8", "UTF-16")])
def test_text_that_reads_like_a_look_is_text_whatever_the_encoding(declaration):
    shown = "<w:rPr></w:rPr></w:t></w:r><w:r><w:t>"
    body = f"<!-- {shown} --><w:p><w:r><w:t><![CDATA[{shown}]]> oak</w:t></w:r></w:p>"
    document = f"{declaration}<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>"
    content = document.encode("utf-16" if "16" in declaration else "utf-8")
    assert parsed(with_member(saved(docx.Document()), MAIN, content)).text == f"{shown} oak"


def test_runs_that_are_too_long_together_are_read_one_by_one():
    runs = f"<w:p>{RUN % ('bees ' * 1_100_000)}{RUN % ('oak ' * 1_300_000)}</w:p>"
    document = f"{DECLARATION}<w:document {NAMESPACES}><w:body>{runs}</w:body></w:document>"
    text = parsed(with_member(saved(docx.Document()), MAIN, document), max_compression_ratio=10_000).text
    assert (text.count("bees"), text.count("oak")) == (1_100_000, 1_300_000)
