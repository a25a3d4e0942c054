"""Plain text: one section. Nothing in it is read as a heading, since `# apt-get update` is none."""

from service.ingest.charsets import decode
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument, sections_of


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the text as it is."""
    text = decode(content, charset)
    return ParsedDocument(text, None, sections_of(len(text), []))
