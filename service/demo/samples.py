"""The sample documents as events, in the order of their manifest."""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas import DocumentDeleted, DocumentSubmitted, Event
from service.errors import StartupError


@dataclass(frozen=True, slots=True)
class Sample:
    """One event to publish."""

    event_id: str
    label: str
    event: Event


def samples(folder: Path) -> Iterator[Sample]:
    """Yield the events that `manifest.json` lists.

    Versions continue from the present time in milliseconds: a graph that has seen the samples before takes them again.

    Raises:
        StartupError: the folder holds no samples.

    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        msg = f"expected sample documents in {folder}, found no manifest.json; run the demo in a checkout of docgraph"
        raise StartupError(msg)
    now = time.time_ns() // 1_000_000
    for entry in json.loads(manifest.read_text(encoding="utf-8")):
        document_id, version = entry["document_id"], now + entry["version"]
        event: Event
        if entry["action"] == "delete":
            label = f"{document_id} (deletion)"
            event = DocumentDeleted(document_id=document_id, version=version)
        else:
            label = f"{document_id} ({entry['file']})"
            content = (folder / entry["file"]).read_bytes()
            event = DocumentSubmitted(
                document_id=document_id,
                version=version,
                data=base64.b64encode(content),
                media_type=entry["media_type"],
                language=entry.get("language"),
            )
        yield Sample(str(uuid.uuid4()), label, event)
