"""Fetching from object stores: obstore against a small store of the tests' own."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import (
    FetchForbiddenError,
    FetchNotFoundError,
    FetchRejectedError,
    FetchUnavailableError,
    TooLargeError,
    UnsupportedUriError,
)
from service.fetch_options import fetch_options
from service.ingest.fetching.fetcher import Fetcher
from service.ingest.fetching.options import FetchOptions
from service.settings import Settings
from tests.support.objects import an_object_store
from tests.support.web import a_raw_server, fetch

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def objects(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "bee",
        "AWS_SECRET_ACCESS_KEY": "honey",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    async with an_object_store() as objects:
        yield objects


def given(objects, **fields) -> FetchOptions:
    return FetchOptions(**({"endpoints": {"s3": objects.endpoint}, "timeout": 20.0} | fields))


async def test_an_object_is_fetched_with_the_credentials_of_the_environment(objects):
    uri = objects.put("docs/蜂/a b%20c.md", b"# Hive", Content_Type="text/markdown")
    fetched = await fetch(uri, given(objects))
    assert (fetched.content, fetched.media_type, fetched.name) == (b"# Hive", "text/markdown", "a b%20c.md")
    (request,) = objects.requests
    assert "Credential=bee/" in request.headers["Authorization"]
    assert "eu-west-1" in request.headers["Authorization"]


async def test_an_object_that_has_not_changed_is_not_sent_again(objects):
    uri = objects.put("docs/a", b"one")
    first = await fetch(uri, given(objects))
    assert await fetch(uri, given(objects), first.validator) is None
    objects.put("docs/a", b"two")
    assert (await fetch(uri, given(objects), first.validator)).content == b"two"
    objects.put("docs/b", b"one")
    assert (await fetch("s3://docs/b", given(objects), first.validator)).content == b"one"
    assert "If-None-Match" not in objects.requests[-1].headers


@pytest.mark.parametrize("size", [5001, 900_000])
async def test_an_object_over_the_limit_is_refused(objects, size):
    uri = objects.put("docs/a", b"x" * size)
    with pytest.raises(TooLargeError, match=f"at most 5000 bytes .* {size}"):
        await fetch(uri, given(objects, max_bytes=5000))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, FetchForbiddenError),
        (401, FetchForbiddenError),
        (404, FetchNotFoundError),
    ],
)
async def test_what_the_store_refuses_is_given_up(objects, status, error):
    uri = objects.put("docs/a", b"x")
    objects.trouble = [status]
    with pytest.raises(error):
        await fetch(uri, given(objects))


async def test_a_store_that_is_ill_for_a_moment_is_asked_once_more(objects):
    uri = objects.put("docs/a", b"x")
    objects.trouble = [503]
    assert (await fetch(uri, given(objects))).content == b"x"


async def test_a_store_that_stays_ill_is_left_to_the_retry_tiers(objects):
    uri = objects.put("docs/a", b"x")
    objects.trouble = [503] * 9
    with pytest.raises(FetchUnavailableError) as caught:
        await fetch(uri, given(objects))
    assert "honey" not in str(caught.value)
    assert len(objects.requests) == 2


async def test_a_store_that_falls_silent_is_left_in_time(objects):
    async with a_raw_server(hang=True) as port:
        silent = given(objects, endpoints={"s3": f"http://127.0.0.1:{port}"}, timeout=0.5)
        with pytest.raises(FetchUnavailableError):
            await fetch("s3://docs/a", silent)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://",
        "s3://docs",
        "s3://docs/",
        "s3:///a",
        "s3://do%63s/a",
        "s3://evil.example#/a",
        "s3://bee:honey@docs/a",
        "s3://docs/../other/a",
        "s3://docs/a//b",
    ],
)
async def test_a_uri_that_names_no_object_is_refused(objects, uri):
    with pytest.raises(FetchRejectedError, match="expected"):
        await fetch(uri, given(objects))
    assert objects.requests == []


async def test_only_the_buckets_that_are_named_are_read(objects):
    uri = objects.put("docs/a", b"x")
    assert (await fetch(uri, given(objects, buckets=("docs",)))).content == b"x"
    with pytest.raises(FetchForbiddenError, match="DOCGRAPH_FETCH_BUCKETS, got 'payroll'"):
        await fetch("s3://payroll/a", given(objects, buckets=("docs",)))


@pytest.mark.parametrize(
    ("scheme", "environment", "path"),
    [
        ("gs", {"GOOGLE_SKIP_SIGNATURE": "true"}, "docs/a.txt"),
        ("az", {"AZURE_STORAGE_ACCOUNT_NAME": "bees", "AZURE_SKIP_SIGNATURE": "true"}, "bees/docs/a.txt"),
    ],
)
async def test_the_other_stores_are_reached_in_the_same_way(objects, scheme, environment, path, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    objects.put(path, b"there", Content_Type="text/plain")
    endpoint = objects.endpoint + ("/bees" if scheme == "az" else "")
    fetched = await fetch(f"{scheme}://docs/a.txt", given(objects, endpoints={scheme: endpoint}))
    assert (fetched.content, fetched.name) == (b"there", "a.txt")
    assert (
        await fetch(f"{scheme}://docs/a.txt", given(objects, endpoints={scheme: endpoint}), fetched.validator) is None
    )


@pytest.mark.parametrize("variable", ["DOCGRAPH_S3_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
async def test_an_endpoint_of_the_environment_is_used(objects, monkeypatch, variable):
    monkeypatch.setenv(variable, objects.endpoint)
    uri = objects.put("docs/a", b"x")
    assert (await fetch(uri, fetch_options(Settings.load()))).content == b"x"


async def test_a_store_that_the_environment_does_not_describe_is_not_set_up(objects):
    with pytest.raises(UnsupportedUriError, match="Account must be specified"):
        await fetch("az://docs/a", given(objects))


async def test_the_number_of_stores_that_are_kept_is_bounded(objects):
    async with Fetcher(given(objects)) as fetcher:
        for number in range(70):
            uri = objects.put(f"docs{number}/a", b"x")
            async with fetcher.fetched(uri) as fetched:
                assert fetched.content == b"x"
        assert len(fetcher._readers["s3"]._stores) == 64


async def test_a_process_that_ends_right_after_a_fetch_ends_in_order(objects):
    """obstore's threads may abort an interpreter that ends while they call back."""
    uri = objects.put("docs/a", b"x" * 300_000)
    program = f"""
import asyncio
from service.fetch_options import fetch_options
from service.ingest.fetching.fetcher import Fetcher
from service.ingest.fetching.options import FetchOptions
async def main():
    async with Fetcher(FetchOptions(endpoints={{"s3": {objects.endpoint!r}}})) as fetcher:
        async with fetcher.fetched({uri!r}) as fetched:
            assert len(fetched.content) == 300_000
        task = asyncio.create_task(fetcher.fetched({uri!r}).__aenter__())
        await asyncio.sleep(0.001)
        task.cancel()
asyncio.run(main())
"""
    import asyncio

    def end() -> int:
        return subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode

    assert await asyncio.gather(*(asyncio.to_thread(end) for _ in range(4))) == [0] * 4
