"""The limits that hold for all schemes, and what is counted."""

import asyncio

import pytest
from aiohttp import web

from schemas import DocumentSubmitted
from service.errors import FetchUnavailableError, UnsupportedUriError
from service.ingest.fetching.fetcher import Fetcher
from service.ingest.fetching.options import FetchOptions
from service.ingest.ingestor import Ingestor
from service.ingest.options import IngestOptions
from tests.support.web import a_site, options


def refers_to(uri: str, **said) -> DocumentSubmitted:
    return DocumentSubmitted(document_id="doc", version=1, uri=uri, **said)


@pytest.fixture
async def site():
    async with a_site() as site:
        yield site


async def test_no_more_are_fetched_at_a_time_than_allowed_and_each_keeps_its_place_until_it_is_done_with(site):
    site.page("/a", "x")
    async with Fetcher(options(site.port, concurrency=2)) as fetcher:
        async with fetcher.fetched(site.url("/a")), fetcher.fetched(site.url("/a")):
            third = asyncio.create_task(fetcher.fetched(site.url("/a")).__aenter__())
            for _ in range(20):
                await asyncio.sleep(0.01)
            assert not third.done()
            assert len(site.requests) == 2
        assert (await third).content == b"x"


async def test_waiting_for_a_place_has_an_end(site):
    site.page("/a", "x")
    async with Fetcher(options(site.port, concurrency=1, patience=0.1)) as fetcher:
        async with fetcher.fetched(site.url("/a")):
            with pytest.raises(FetchUnavailableError, match=r"free place to fetch within 0\.1 s"):
                async with fetcher.fetched(site.url("/a")):
                    pass
        async with fetcher.fetched(site.url("/a")) as fetched:
            assert fetched.content == b"x"


async def test_every_fetch_is_counted_by_scheme_and_outcome(site, tmp_path):
    seen = []
    given = options(site.port, roots=(str(tmp_path),), timeout=0.5)
    site.page("/a", "x", ETag='"1"')
    site.page("/500", status=500)

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    site.pages["/slow"] = slow
    async with Fetcher(given, lambda *each: seen.append(each)) as fetcher:

        async def attempt(uri, validator=None):
            try:
                async with fetcher.fetched(uri, validator) as fetched:
                    return fetched
            except Exception:  # noqa: BLE001
                return None

        first = await attempt(site.url("/a"))
        await attempt(site.url("/a"), first.validator)
        for path in ("/none", "/500", "/slow"):
            await attempt(site.url(path))
        await attempt("http://10.0.0.1/")
        await attempt(f"file://{tmp_path}/none")
        task = asyncio.create_task(attempt(site.url("/slow")))
        while site.paths.count("/slow") < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [each[:2] for each in seen] == [
        ("http", "fetched"),
        ("http", "not_modified"),
        ("http", "fetch_not_found"),
        ("http", "fetch_failed"),
        ("http", "fetch_failed"),
        ("http", "fetch_forbidden"),
        ("file", "fetch_not_found"),
        ("http", "cancelled"),
    ]
    assert all(seconds >= 0 for _, _, seconds in seen)


@pytest.mark.parametrize("uri", ["ftp://h.example/a", "gopher://h.example/", "javascript:alert(1)", "data:,x", "a.txt"])
async def test_a_scheme_that_is_not_fetched_is_refused(uri):
    async with Fetcher() as fetcher:
        with pytest.raises(UnsupportedUriError, match="expected a URI"):
            async with fetcher.fetched(uri):
                pass


async def test_a_fetch_after_the_end_is_left_to_the_next_process(site):
    async with Fetcher(options(site.port)) as fetcher:
        pass
    with pytest.raises(FetchUnavailableError, match="it stops"):
        async with fetcher.fetched(site.page("/a", "x")):
            pass


async def test_without_a_fetcher_a_uri_is_refused():
    async with Ingestor() as ingestor:
        with pytest.raises(UnsupportedUriError, match="not set up"):
            await ingestor.prepare(refers_to("s3://bees/hive.pdf"))


async def test_a_fetched_document_is_prepared_with_its_origin(site):
    url = site.page("/hive.md", "# Hive\n\nBees live here.", Content_Type="text/markdown", ETag='"1"')
    async with Fetcher(options(site.port)) as fetcher, Ingestor(fetcher=fetcher) as ingestor:
        document = await ingestor.prepare(refers_to(f"{url}?token=secret", metadata={"team": "garden"}))
    assert (document.title, document.media_type, document.metadata) == ("Hive", "text/markdown", {"team": "garden"})
    assert document.origin.uri == url
    assert document.origin.validator.etag == '"1"'


async def test_what_the_producer_says_of_the_type_goes_before_the_servers_word(site):
    url = site.page("/a", "# Hive", Content_Type="text/plain")
    async with Fetcher(options(site.port)) as fetcher, Ingestor(fetcher=fetcher) as ingestor:
        assert (await ingestor.prepare(refers_to(url))).media_type == "text/plain"
        assert (await ingestor.prepare(refers_to(url, media_type="text/markdown"))).media_type == "text/markdown"


async def test_an_unchanged_document_is_not_prepared_again(site):
    url = site.page("/a", "Bees live here.", Content_Type="text/plain", ETag='"1"')
    async with Fetcher(options(site.port)) as fetcher, Ingestor(fetcher=fetcher) as ingestor:
        first = await ingestor.prepare(refers_to(url))
        assert await ingestor.refresh(refers_to(url), first.origin) is None
        site.page("/a", "Wasps live here.", Content_Type="text/plain", ETag='"2"')
        second = await ingestor.refresh(refers_to(url), first.origin)
        assert second.chunks[0].text == "Wasps live here."


@pytest.mark.parametrize(
    "said",
    [
        {"title": "Other"},
        {"language": "de"},
        {"metadata": {"a": 1}},
        {"media_type": "text/markdown"},
        {"uri": "{url}?page=2"},
    ],
)
async def test_the_same_bytes_that_would_be_read_in_another_way_are_fetched_again(site, said):
    url = site.page("/a", "Bees live here.", Content_Type="text/plain", ETag='"1"')
    said = {"uri": "{url}"} | said
    said["uri"] = said["uri"].format(url=url)
    async with Fetcher(options(site.port)) as fetcher, Ingestor(fetcher=fetcher) as ingestor:
        first = await ingestor.prepare(refers_to(url))
        assert await ingestor.refresh(DocumentSubmitted(document_id="doc", version=2, **said), first.origin) is not None
    assert "If-None-Match" not in site.requests[-1].headers


@pytest.mark.parametrize("fields", [{"chunk_size": 500}, {"keywords_per_chunk": 3}])
async def test_other_sizes_make_an_etag_worthless(site, fields):
    url = site.page("/a", "Bees live here.", Content_Type="text/plain", ETag='"1"')
    async with Fetcher(options(site.port)) as fetcher:
        async with Ingestor(fetcher=fetcher) as ingestor:
            first = await ingestor.prepare(refers_to(url))
        async with Ingestor(IngestOptions(**fields), fetcher=fetcher) as ingestor:
            assert await ingestor.refresh(refers_to(url), first.origin) is not None


async def test_another_pipeline_makes_an_etag_worthless(site, monkeypatch):
    from service.ingest import plan

    url = site.page("/a", "Bees live here.", Content_Type="text/plain", ETag='"1"')
    async with Fetcher(options(site.port)) as fetcher, Ingestor(fetcher=fetcher) as ingestor:
        first = await ingestor.prepare(refers_to(url))
        monkeypatch.setattr(plan, "PIPELINE", "next")
        assert await ingestor.refresh(refers_to(url), first.origin) is not None


async def test_the_defaults_are_those_of_the_settings():
    from service.fetch_options import fetch_options
    from service.settings import Settings

    given = fetch_options(Settings())
    assert given.user_agent.startswith("docgraph/")
    for name in FetchOptions.__slots__:
        if name not in {"user_agent", "endpoints"}:
            assert getattr(given, name) == getattr(FetchOptions(), name), name


def test_fetches_are_among_the_metrics():
    from prometheus_client import CollectorRegistry

    from service.telemetry import Metrics

    metrics = Metrics(CollectorRegistry())
    metrics.fetched("https", "fetched", 0.2)
    labels = {"scheme": "https", "outcome": "fetched"}
    assert metrics.registry.get_sample_value("docgraph_fetch_duration_seconds_count", labels) == 1
    assert metrics.registry.get_sample_value("docgraph_fetch_duration_seconds_sum", labels) == 0.2
