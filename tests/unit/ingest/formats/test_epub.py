"""EPUB."""

import io
import zipfile

import pytest

from service.errors import CorruptError, EncryptedError, UnsafeError
from tests.unit.ingest.formats.builders import DECLARATION, epub, parsed, paths, with_member

PACKAGE = "OEBPS/book.opf"
CHAPTERS = {
    "nav.xhtml": "<nav>Contents</nav><h1>Contents</h1>",
    "one%20and%20two.xhtml": "<h1>Bees</h1><p>They fly.</p>",
    "two.xhtml": "<h1>Honey</h1><h2>Taste</h2><p>Sweet.</p>",
}
ENCRYPTION = (
    f'{DECLARATION}<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherData><CipherReference URI="OEBPS/{}"/>'
    "</CipherData></EncryptedData></encryption>"
)


def test_chapters_come_in_the_order_of_the_spine_without_the_table_of_contents():
    read = parsed(epub(CHAPTERS))
    assert (read.title, read.language, read.metadata) == ("The Apiary", "en", {"author": "Ada Keeper"})
    assert read.text == "# Bees\n\nThey fly.\n\n# Honey\n\n## Taste\n\nSweet."
    assert paths(read) == [("Bees", "# Bees", None), ("Honey", "# Honey", None), ("Honey > Taste", "## Taste", None)]


def test_marks_of_pages_and_empty_elements_cost_a_chapter_nothing():
    pages = "".join(f'<p><span id="p{number}"/>Page {number}.</p>' for number in range(600))
    read = parsed(epub({"a.xhtml": f'<script src="a.js"/><h1><a id="one"/>Bees</h1>{pages}<p>The end.</p>'}))
    assert read.text.startswith("# Bees\n\nPage 0.\n\nPage 1.")
    assert read.text.endswith("The end.")


def test_a_picture_among_the_chapters_is_passed_over():
    book = epub({"cover.jpg": "", **CHAPTERS}, extra={"OEBPS/cover.jpg": b"\xff\xd8\xff\xe0 no text"})
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        package = archive.read(PACKAGE).decode()
    cover = 'href="cover.jpg" media-type="{}"'
    package = package.replace(cover.format("application/xhtml+xml"), cover.format("image/jpeg"))
    assert parsed(with_member(book, PACKAGE, package)) == parsed(epub(CHAPTERS))


def test_a_book_with_copy_protection_is_encrypted_and_one_with_veiled_fonts_is_not():
    with pytest.raises(EncryptedError):
        parsed(epub(CHAPTERS, extra={"META-INF/encryption.xml": ENCRYPTION.format("two.xhtml")}))
    assert parsed(epub(CHAPTERS, extra={"META-INF/encryption.xml": ENCRYPTION.format("font.otf")})).text


def test_a_book_without_a_spine_or_with_a_damaged_one_is_corrupt():
    book = epub(CHAPTERS)
    with pytest.raises(CorruptError, match="spine names none"):
        parsed(with_member(book, "OEBPS/book.opf", f"{DECLARATION}<package/>"))
    for name in ("META-INF/container.xml", "OEBPS/book.opf"):
        with pytest.raises(CorruptError):
            parsed(with_member(book, name, "<package"))


def test_entities_in_the_package_are_unsafe_and_a_plain_document_type_is_not():
    book = epub(CHAPTERS)
    entity = '<!DOCTYPE package [<!ENTITY a SYSTEM "file:///etc/passwd">]><package>&a;</package>'
    with pytest.raises(UnsafeError, match="document type"):
        parsed(with_member(book, "OEBPS/book.opf", entity))
    public = '<!DOCTYPE package PUBLIC "+//ISBN 0-9673008-1-9//DTD OEB 1.2 Package//EN" "oebpkg12.dtd"><package/>'
    with pytest.raises(CorruptError, match="spine"):
        parsed(with_member(book, "OEBPS/book.opf", public))
