"""Formats of other distributions, found by entry point."""

import pytest

from service.errors import CorruptError
from service.ingest.ingestor import Ingestor
from service.ingest.telling import tell
from tests.unit.ingest.builders import prepared, submitted


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize(
    ("content", "declared", "name"),
    [
        (b"HONEYis sweet", None, None),
        (b"HONEYis sweet", "text/plain", "a.txt"),
        (b"is sweet", "application/x-mead", None),
        (b"is sweet", None, "a.honey"),
        (b"PK\x03\x04is sweet", "application/x-honey", None),
    ],
)
def test_an_added_format_is_told_by_bytes_declaration_and_name(content, declared, name):
    assert tell(content, declared, name).name == "application/x-honey"


@pytest.mark.usefixtures("added")
async def test_an_added_format_is_read_in_the_child_processes():
    async with Ingestor() as ingestor:
        document = await ingestor.prepare(submitted(b"HONEYis sweet and keeps for years."))
        assert ingestor._pool.pids
        assert document == prepared(b"HONEYis sweet and keeps for years.")
        assert document.title == "Honey"
        assert document.media_type == "application/x-honey"
        assert (document.chunks[0].heading, document.chunks[0].page) == ("Jar", 3)
        with pytest.raises(CorruptError, match="got spoilt"):
            await ingestor.prepare(submitted(b"HONEYspoilt"))
