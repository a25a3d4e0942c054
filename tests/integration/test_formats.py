"""Documents of other formats all the way: into the graph, or to the dead letters with their reason."""

import base64
import io
import json

import docx
import pytest

from tests.unit.ingest.formats.builders import odf, with_member, zipped


def word() -> bytes:
    document = docx.Document()
    document.core_properties.author = "Ada Keeper"
    document.core_properties.title = ""
    document.add_heading("The Apiary", 0)
    document.add_paragraph("Honey bees live in a hive, and the hive is full of honey.")
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


async def submit(broker, id_: str, content: bytes, **said):
    return await broker.submit(id_, 1, text=None, data=base64.b64encode(content).decode(), **said)


async def test_a_word_document_that_is_declared_as_text_becomes_a_graph(broker, graph):
    answer = await broker.answer(await submit(broker, "apiary", word(), media_type="text/plain"))
    assert (answer["kind"], answer["outcome"]) == ("document.processed", "created")
    document = await graph.document("apiary")
    assert document["title"] == "The Apiary"
    assert document["mediaType"].endswith("wordprocessingml.document")
    assert json.loads(document["metadata"])["author"] == "Ada Keeper"
    assert "honey" in await graph.keywords("apiary")
    assert "in a hive" in "\n".join(await graph.texts("apiary"))


HOSTILE = {
    "a bomb": (zipped({"content.xml": "\0" * 20_000_000}), "unsafe", "200 times"),
    "an entity": (with_member(odf(""), "content.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), "unsafe", "document type"),
    "half a file": (word()[:9000], "corrupt", "ZIP"),
    "a picture": (b"\x89PNG\r\n", "unsupported_media_type", "PNG"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_fails_with_its_reason_and_the_next_one_is_fine(broker, graph, name):
    content, reason, detail = HOSTILE[name]
    answer = await broker.answer(await submit(broker, "bad", content))
    assert (answer["kind"], answer["reason"]) == ("document.failed", reason)
    assert detail in answer["detail"]
    assert (await broker.answer(await submit(broker, "good", word())))["outcome"] == "created"
