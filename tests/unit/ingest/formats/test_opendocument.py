"""ODT, ODS and ODP."""

import io
import zipfile

import pytest

from service.errors import CorruptError, EncryptedError, TooLargeError, UnsafeError
from tests.unit.ingest.formats.builders import DECLARATION, odf, parsed, paths, with_member

TEXT = (
    "<office:text><text:tracked-changes><text:p>struck out</text:p></text:tracked-changes>"
    '<text:h text:outline-level="1">Bees</text:h>'
    '<text:p>They<text:s text:c="2"/>fly<text:line-break/>high<text:note><text:note-citation>1</text:note-citation>'
    "<text:note-body><text:p>A note.</text:p></text:note-body></text:note>."
    "<office:annotation><text:p>Really?</text:p></office:annotation></text:p>"
    '<text:h text:outline-level="2">Castes</text:h><text:list><text:list-item><text:p>queen</text:p></text:list-item>'
    "<text:list-item><text:p>worker</text:p></text:list-item></text:list><text:p>All of them.</text:p></office:text>"
)
SHEETS = (
    '<office:spreadsheet><table:table table:name="Hives"><table:table-row><table:table-cell><text:p>Hive</text:p>'
    '</table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell><text:p>Frames</text:p>'
    '</table:table-cell><table:table-cell table:number-columns-repeated="16380"/></table:table-row>'
    '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/>'
    '</table:table-row></table:table><table:table table:name="Notes"><table:table-row><table:table-cell>'
    "<text:p>None</text:p><text:p>yet</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>"
)
SLIDES = (
    '<office:presentation><draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Bees</text:p>'
    "</draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>fly.</text:p></draw:text-box></draw:frame>"
    "</draw:page><draw:page><draw:frame><draw:text-box><text:p>And dance.</text:p></draw:text-box></draw:frame>"
    "</draw:page></office:presentation>"
)


def test_a_text_keeps_order_headings_lists_and_notes_and_drops_changes_and_remarks():
    read = parsed(odf(TEXT))
    assert read.text == "# Bees\n\nThey  fly\nhigh.\n\nA note.\n\n## Castes\n\n- queen\n- worker\n\nAll of them."
    assert paths(read) == [("Bees", "# Bees", None), ("Bees > Castes", "## Castes", None)]


def test_a_sheet_is_a_page_and_a_section_of_its_name():
    read = parsed(odf(SHEETS, "spreadsheet"))
    assert read.text == "# Hives\n\n| Hive |  |  | Frames |\n\n# Notes\n\n| None yet |"
    assert paths(read) == [("Hives", "# Hives", 1), ("Notes", "# Notes", 2)]


def test_a_slide_is_a_page():
    assert paths(parsed(odf(SLIDES, "presentation"))) == [("Bees", "# Bees", 1), ("", "And dance.", 2)]


def test_title_author_and_language_are_kept():
    meta = "<dc:title>Handbook</dc:title><meta:initial-creator>Ada</meta:initial-creator><dc:language>de</dc:language>"
    read = parsed(odf(TEXT, meta=meta))
    assert (read.title, read.language, read.metadata) == ("Handbook", "de", {"author": "Ada"})


def test_a_cell_that_is_repeated_a_million_times_is_read_once():
    cell = (
        '<table:table-cell table:number-columns-repeated="999999999999999999999"><text:p>x</text:p></table:table-cell>'
    )
    body = (
        f"<office:spreadsheet><table:table><table:table-row>{cell}</table:table-row></table:table></office:spreadsheet>"
    )
    assert parsed(odf(body, "spreadsheet")).text.count("x") == 1


def test_an_encrypted_document_is_told_by_its_manifest():
    manifest = f"{DECLARATION}<manifest><encryption-data/></manifest>"
    with pytest.raises(EncryptedError):
        parsed(with_member(odf(TEXT), "META-INF/manifest.xml", manifest))


def test_a_damaged_a_deep_and_a_long_document_are_refused():
    with pytest.raises(CorruptError, match=r"content\.xml"):
        parsed(with_member(odf(TEXT), "content.xml", "<a><b></a>"))
    with pytest.raises(UnsafeError, match=r"ordinary nesting in content\.xml"):
        parsed(odf("<text:list>" * 600 + "</text:list>" * 600))
    with pytest.raises(UnsafeError, match="at most 100 lists"):
        parsed(odf("<text:list>" * 200 + "</text:list>" * 200), max_nesting=100)
    with pytest.raises(TooLargeError, match="at most 1 sheets or slides"):
        parsed(odf(SHEETS, "spreadsheet"), max_pages=1)


STYLES = "<office:automatic-styles>%s</office:automatic-styles>"


@pytest.mark.parametrize(
    "styles",
    [
        STYLES % "<text:p>no text of the body</text:p>",
        STYLES % "a damaged <style",
        f"<!-- {STYLES % ''} -->",
        STYLES % "<!-- </office:automatic-styles> -->",
        "<!-- <office:automatic-styles> -->",
        "<?note <office:automatic-styles>?>",
    ],
)
def test_styles_are_not_read_and_what_looks_like_them_hides_nothing(styles):
    content = odf("<office:text><text:p>bees</text:p></office:text>")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("content.xml").decode()
    body = f"{styles}<office:body>"
    end = "</office:body><!-- </office:automatic-styles> -->"
    xml = xml.replace("<office:body>", body).replace("</office:body>", end)
    assert parsed(with_member(content, "content.xml", xml)).text == "bees"
