"""The service with a document that kills its process, as the kernel does when memory runs out.

Nothing else is replaced: parsers are children that may die alone, so the real service has no such document at hand.
"""

import os
import signal

from schemas import DocumentSubmitted
from service.app import build_app
from service.documents import PreparedDocument
from service.ingest.ingestor import Ingestor
from service.settings import Settings

KILLER = "killer"

prepare = Ingestor.prepare


async def prepare_or_die(self: Ingestor, event: DocumentSubmitted) -> PreparedDocument:
    if event.document_id == KILLER:
        os.kill(os.getpid(), signal.SIGKILL)
    return await prepare(self, event)


Ingestor.prepare = prepare_or_die  # type: ignore[method-assign]
app = build_app(Settings.load())
