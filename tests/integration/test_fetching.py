"""Documents by uri, on the real broker and the real graph, from real web and object servers."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from aiohttp import web
from yarl import URL

from schemas import completion_id
from service.graph import registers
from tests.support.broker import BrokerView
from tests.support.objects import an_object_store
from tests.support.processes import a_process
from tests.support.proxy import Proxy
from tests.support.web import a_raw_server, a_site

BEES = "# Bees\n\nHoney bees live in a hive."
WASPS = "# Wasps\n\nWasps build paper nests."


@pytest.fixture
async def site():
    async with a_site() as site:
        yield site


@pytest.fixture
def settings(settings, site, tmp_path):
    return settings.model_copy(
        update={
            "fetch_schemes": ("https", "http", "s3"),
            "fetch_allow": ("127.0.0.1",),
            "fetch_ports": (site.port,),
            "fetch_roots": (str(tmp_path),),
            "max_fetched_bytes": 10_000,
            "fetch_timeout": 20.0,
        }
    )


def page(site, text=BEES, etag='"1"', path="/bees.md") -> str:
    return site.page(path, text, Content_Type="text/markdown", ETag=etag)


async def refer(broker, uri, version=1, document_id="doc", **fields) -> str:
    return await broker.submit(document_id, version, text=None, uri=uri, **fields)


async def test_a_uri_becomes_a_graph_and_an_unchanged_one_is_not_parsed_again(broker, graph, site):
    uri = page(site)
    first = await broker.answer(await refer(broker, uri, 1))
    assert (first["outcome"], first["chunks"]["total"]) == ("created", 1)
    assert await graph.texts("doc") == [BEES]
    document = await graph.document("doc")
    assert (document["uri"], document["etag"], document["title"]) == (uri, '"1"', "Bees")

    second = await broker.answer(await refer(broker, uri, 2))
    assert second["outcome"] == "unchanged"
    assert second["chunks"] == {"created": 0, "kept": 1, "removed": 0, "total": 1}
    assert (second["keywords"], second["content_hash"]) == (first["keywords"], first["content_hash"])
    # The server was asked by its own ETag and sent no body, so there was nothing to parse.
    assert [request.headers.get("If-None-Match") for request in site.requests] == [None, '"1"']
    assert (await graph.document("doc"))["version"] == 2

    page(site, WASPS, '"2"')
    third = await broker.answer(await refer(broker, uri, 3))
    assert third["outcome"] == "updated"
    assert await graph.texts("doc") == [WASPS]
    assert (await graph.document("doc"))["etag"] == '"2"'


async def test_the_same_address_with_other_metadata_is_read_again(broker, graph, site):
    uri = page(site)
    await broker.answer(await refer(broker, uri, 1))
    answer = await broker.answer(await refer(broker, uri, 2, metadata={"team": "garden"}))
    assert answer["outcome"] == "updated"
    assert (await graph.document("doc"))["metadata"] == '{"team": "garden"}'


async def test_an_object_and_a_file_become_a_graph(serve, settings, graph, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "bee")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "honey")
    (tmp_path / "wasps.md").write_text(WASPS)
    async with (
        an_object_store() as objects,
        serve(settings.model_copy(update={"s3_endpoint": objects.endpoint})),
        BrokerView(settings.rabbitmq_url) as broker,
    ):
        uri = objects.put("docs/bees.md", BEES.encode(), Content_Type="text/markdown")
        assert (await broker.answer(await refer(broker, uri, 1)))["outcome"] == "created"
        assert (await broker.answer(await refer(broker, uri, 2)))["outcome"] == "unchanged"
        assert objects.requests[1].headers["If-None-Match"] == (await graph.document("doc"))["etag"]
        file = (tmp_path / "wasps.md").as_uri()
        id_ = await refer(broker, file, document_id="file", media_type="text/markdown")
        assert (await broker.answer(id_))["outcome"] == "created"
    assert await graph.texts("doc") == [BEES]
    assert await graph.texts("file") == [WASPS]


async def test_a_server_that_is_ill_for_a_while_is_tried_again_through_the_tiers(broker, graph, site):
    async def recover(request: web.Request) -> web.Response:
        return web.Response(status=503) if len(site.requests) == 1 else web.Response(text=BEES)

    site.pages["/a"] = recover
    answer = await broker.answer(await refer(broker, site.url("/a")))
    assert (answer["outcome"], answer["attempt"]) == ("created", 2)
    assert await graph.texts("doc") == [BEES]
    assert await broker.dead() == []


async def test_a_server_that_stays_ill_fails_when_the_tiers_are_used_up(broker, site):
    site.page("/a", status=503)
    failed = await broker.answer(await refer(broker, site.url("/a?token=secret")))
    assert (failed["kind"], failed["reason"], failed["attempts"]) == ("document.failed", "fetch_failed", 2)
    assert "got 503" in failed["detail"]
    assert "secret" not in failed["detail"]
    assert len(site.requests) == 2


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("{site}/none.md", "fetch_not_found"),
        ("{site}/closed.md", "fetch_forbidden"),
        ("{site}/teapot.md", "fetch_rejected"),
        ("{site}/large.md", "too_large"),
        ("{site}/empty.md", "no_text"),
        ("{site}/elsewhere.md", "fetch_forbidden"),
        ("http://169.254.169.254/latest/meta-data/", "fetch_forbidden"),
        ("http://bee:honey@127.0.0.1/", "fetch_forbidden"),
        ("file:///etc/hostname", "fetch_forbidden"),
        ("gs://bucket/key", "unsupported_uri"),
        ("ftp://h.example/a", "unsupported_uri"),
        ("bees.md", "unsupported_uri"),
    ],
)
async def test_what_cannot_be_fetched_fails_at_once_with_its_reason(broker, graph, site, uri, reason):
    site.page("/closed.md", status=403)
    site.page("/teapot.md", status=418)
    site.page("/large.md", b"x" * 10_001)
    site.page("/empty.md", b"")
    site.redirect("/elsewhere.md", "http://10.0.0.1/")
    failed = await broker.answer(await refer(broker, uri.format(site=site.url("")), 7))
    assert (failed["kind"], failed["reason"], failed["attempts"]) == ("document.failed", reason, 1)
    assert (failed["document_id"], failed["version"]) == ("doc", 7)
    assert "honey" not in failed["detail"]
    (dead,) = await broker.dead()
    assert dead.headers["docgraph-reason"] == reason
    # A document that was never had leaves no trace.
    assert (await graph.counts())["documents"] == (await graph.counts())["tombstones"] == 0


async def test_an_event_that_is_overtaken_is_not_fetched_and_does_not_fail(broker, site):
    await broker.answer(await broker.delete("doc", 5))
    answer = await broker.answer(await refer(broker, site.url("/gone.md"), 4))
    assert (answer["kind"], answer["outcome"], answer["content_hash"]) == ("document.processed", "superseded", "")
    assert site.requests == []


async def test_a_repeated_event_is_answered_as_before_although_its_address_is_gone(broker, graph, site):
    uri = page(site)
    body = {"document_id": "doc", "version": 1, "uri": uri}
    await broker.publish("document.submitted", body, message_id="m1")
    first = await broker.answer("m1")
    site.pages.clear()
    await broker.publish("document.submitted", body, message_id="m1")
    both = await broker.until(2)
    assert {message.message_id for message in both} == {completion_id("m1", "document.processed")}
    again = json.loads(both[1].body)
    assert {name: again[name] for name in ("outcome", "chunks", "content_hash")} == {
        name: first[name] for name in ("outcome", "chunks", "content_hash")
    }
    assert len(site.requests) == 1


class Gate:
    """Holds a conditional request back until the test opens it, then says that nothing has changed."""

    def __init__(self, site, text):
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        self.text = text
        site.pages["/bees.md"] = self

    async def __call__(self, request: web.Request) -> web.Response:
        if "If-None-Match" not in request.headers:
            return web.Response(text=self.text, content_type="text/markdown", headers={"ETag": '"1"'})
        self.asked.set()
        await self.open.wait()
        return web.Response(status=304, headers={"ETag": '"1"'})


async def waiting_at_the_gate(broker, site, version) -> tuple[Gate, str]:
    gate = Gate(site, BEES)
    await broker.answer(await refer(broker, site.url("/bees.md"), 1))
    id_ = await refer(broker, site.url("/bees.md"), version)
    async with asyncio.timeout(30):
        await gate.asked.wait()
    return gate, id_


async def test_unchanged_does_not_bring_a_document_back_that_is_deleted_meanwhile(broker, graph, site):
    gate, id_ = await waiting_at_the_gate(broker, site, 2)
    await broker.answer(await broker.delete("doc", 3))
    gate.open.set()
    assert (await broker.answer(id_))["outcome"] == "superseded"
    assert await graph.texts("doc") == []
    assert (await graph.document("doc"))["status"] == "DELETED"


async def test_unchanged_after_an_older_deletion_creates_the_document_from_a_new_fetch(broker, graph, site):
    gate, id_ = await waiting_at_the_gate(broker, site, 3)
    await broker.answer(await broker.delete("doc", 2))
    gate.open.set()
    answer = await broker.answer(id_)
    assert (answer["outcome"], answer["chunks"]["created"]) == ("created", 1)
    assert await graph.texts("doc") == [BEES]
    assert (await graph.document("doc"))["status"] == "READY"


async def test_unchanged_does_not_hide_that_another_content_came_in_between(broker, graph, site):
    gate, id_ = await waiting_at_the_gate(broker, site, 3)
    await broker.answer(await broker.submit("doc", 2, WASPS))
    assert await graph.texts("doc") == [WASPS]
    gate.open.set()
    assert (await broker.answer(id_))["outcome"] == "updated"
    assert await graph.texts("doc") == [BEES]
    assert (await graph.document("doc"))["version"] == 3


async def test_other_sizes_have_an_unchanged_document_read_again(serve, settings, graph, site):
    uri = page(site, "# Bees\n\n" + "Honey bees live in a hive. " * 30)
    for version, size in ((1, 1200), (2, 200)):
        smaller = settings.model_copy(update={"chunk_size": size})
        async with serve(smaller), BrokerView(settings.rabbitmq_url) as broker:
            answer = await broker.answer(await refer(broker, uri, version))
    assert answer["outcome"] == "updated"
    assert answer["chunks"]["total"] > 1
    assert all("If-None-Match" not in request.headers for request in site.requests)


async def test_a_uri_waits_for_a_graph_that_is_away_without_burning_a_retry(serve, settings, graph, site, monkeypatch):
    uri, looked_up, address = page(site), asyncio.Event(), URL(settings.neo4j_uri)
    monkeypatch.setattr(registers, "log", SimpleNamespace(warning=lambda *_, **__: looked_up.set()))
    async with Proxy(address.host, address.port or 7687) as proxy:
        through = settings.model_copy(update={"neo4j_uri": f"bolt://127.0.0.1:{proxy.port}", "graph_timeout": 2.0})
        async with serve(through), BrokerView(settings.rabbitmq_url) as broker:
            await broker.answer(await refer(broker, uri, 1))
            await proxy.cut()
            id_ = await refer(broker, uri, 2)
            async with asyncio.timeout(60):
                await looked_up.wait()
            assert len(site.requests) == 1
            await proxy.restore()
            answer = await broker.answer(id_, within=60)
    assert (answer["outcome"], answer["attempt"]) == ("unchanged", 1)


async def test_a_process_that_has_read_from_a_store_stops_with_success(settings, graph):
    async with an_object_store() as objects:
        uri = objects.put("docs/bees.md", BEES.encode(), Content_Type="text/markdown")
        variables = {"DOCGRAPH_S3_ENDPOINT": objects.endpoint, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        async with a_process(settings, **variables) as service:
            await service.ready()
            async with BrokerView(settings.rabbitmq_url) as broker:
                assert (await broker.answer(await refer(broker, uri)))["outcome"] == "created"
            assert await service.stop() == 0


async def test_a_fetch_that_hangs_is_given_back_at_the_end_of_the_grace(settings, graph, site):
    asked = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        return web.Response()

    site.pages["/a"] = hang
    variables = {
        "DOCGRAPH_FETCH_SCHEMES": "http",
        "DOCGRAPH_FETCH_ALLOW": "127.0.0.1",
        "DOCGRAPH_FETCH_PORTS": str(site.port),
        "DOCGRAPH_SHUTDOWN_GRACE": "1",
    }
    async with a_process(settings, **variables) as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            await refer(broker, site.url("/a"))
            async with asyncio.timeout(30):
                await asked.wait()
            assert await service.stop() == 1
            assert await broker.depth("documents.submitted") == 1
            assert broker.completions == []


async def test_what_is_secret_in_an_address_is_in_no_line_of_the_log(settings, graph, site):
    # Given servers that fail in many ways, and addresses that hold a password or a signature
    site.page("/ill", status=503)
    site.page("/closed", status=403)
    site.page("/broken.pdf", b"%PDF-1.7 broken")
    site.redirect("/elsewhere", "http://bee:honey@10.0.0.1/?sig=honey")
    site.redirect("/round", "/round?token=honey")
    signed = "?X-Amz-Credential=honey&X-Amz-Signature=honey&token=honey#honey"
    async with a_raw_server(b"honey? 200 no HTTP\r\n\r\n") as rude:
        uris = [site.url(path) + signed for path in ("/ill", "/closed", "/none", "/elsewhere", "/round", "/broken.pdf")]
        uris += [
            f"http://127.0.0.1:{rude}/{signed}",
            f"http://bee:honey@127.0.0.1:{site.port}/",
            "http://bee:honey@][/",
            f"http://127.0.0.1:1/{signed}",
            f"https://127.0.0.1:{site.port}/{signed}",
            "s3://bee:honey@docs/a",
            "ftp://bee:honey@h.example/",
        ]
        variables = {
            "DOCGRAPH_LOG_LEVEL": "DEBUG",
            "DOCGRAPH_FETCH_SCHEMES": "https,http,s3",
            "DOCGRAPH_FETCH_ALLOW": "127.0.0.1",
            "DOCGRAPH_FETCH_PORTS": f"1,{site.port},{rude}",
        }
        async with a_process(settings, **variables) as service:
            await service.ready()
            async with BrokerView(settings.rabbitmq_url) as broker:
                # When each of them has failed, after its retries
                ids = [await refer(broker, uri, document_id=str(number)) for number, uri in enumerate(uris)]
                answers = [await broker.answer(id_) for id_ in ids]
            assert await service.stop() == 0
    assert all(answer["kind"] == "document.failed" for answer in answers)
    assert not any("honey" in answer["detail"] for answer in answers)
    assert {answer["reason"] for answer in answers} >= {"fetch_failed", "fetch_forbidden", "fetch_rejected", "corrupt"}
    # Then the log tells of each, and of nothing that is secret
    assert service.log.count('"document failed"') == len(uris)
    assert '"document will be retried"' in service.log
    assert "honey" not in service.log
