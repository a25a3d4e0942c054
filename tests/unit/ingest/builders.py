"""Short ways to the values that the ingest takes."""

import base64

from schemas import DocumentSubmitted
from service.documents import PreparedDocument
from service.ingest.options import IngestOptions
from service.ingest.preparation import prepare
from service.ingest.source import Source


def prepared(content: str | bytes, media_type: str | None = None, **said) -> PreparedDocument:
    """Prepare a document in this process."""
    options = said.pop("options", IngestOptions())
    charset = "utf-8" if isinstance(content, str) else None
    raw = content.encode() if isinstance(content, str) else content
    return prepare(Source("doc", raw, media_type, charset=charset, **said), options)


def submitted(content: str | bytes, media_type: str | None = None, **said) -> DocumentSubmitted:
    """Return the event that submits the content, as text or as data."""
    body = {"text": content} if isinstance(content, str) else {"data": base64.b64encode(content)}
    return DocumentSubmitted(document_id="doc", version=1, media_type=media_type, **body, **said)
