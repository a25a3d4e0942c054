"""Fetching from real web servers: ill, hostile, slow and lying ones among them."""

import asyncio
import gzip
import ssl
import subprocess
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from service.documents import Validator
from service.errors import (
    CorruptError,
    FetchForbiddenError,
    FetchNotFoundError,
    FetchRejectedError,
    FetchUnavailableError,
    TooLargeError,
    UnsupportedUriError,
)
from service.ingest.fetching import resolver
from service.ingest.fetching.fetcher import Fetcher
from tests.support.steps import LONGEST_STEP, measured_steps
from tests.support.web import a_raw_server, a_site, fetch, options

HEAD = b"HTTP/1.1 200 OK\r\n"
LONG_AGO = "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.fixture
async def site():
    async with a_site() as site:
        yield site


async def read(fetcher, uri):
    async with fetcher.fetched(uri) as fetched:
        return fetched


def names(monkeypatch, **answers):
    """Let the DNS give each name its next answer at each look-up, the last one again and again; return the look-ups."""
    looked_up = []

    def look_up(host, port, family):
        given = answers[host.replace(".", "_").replace("-", "_")]
        looked_up.append(host)
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, Exception):
            raise answer
        return [
            resolver.ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=resolver.socket.AF_INET,
                proto=6,
                flags=resolver.socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    monkeypatch.setattr(resolver, "_look_up", look_up)
    return looked_up


# --- what is there ----------------------------------------------------------------------------------------------------


async def test_a_page_is_fetched_with_what_its_server_says_of_it(site):
    url = site.page("/a/hive.md", "# Hive", Content_Type="text/markdown; charset=utf-8", ETag='"e1"')
    fetched = await fetch(url + "?id=4", options(site.port))
    assert fetched.content == b"# Hive"
    assert fetched.media_type == "text/markdown; charset=utf-8"
    assert fetched.name == "hive.md"
    assert fetched.validator.etag == '"e1"'
    (request,) = site.requests
    assert request.path_qs == "/a/hive.md?id=4"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["User-Agent"] == "docgraph"
    assert not {"Cookie", "Authorization", "Referer"} & set(request.headers)


async def test_a_page_may_name_itself(site):
    url = site.page("/download", "x", Content_Disposition='attachment; filename="../hive.docx"')
    assert (await fetch(url, options(site.port))).name == "hive.docx"


async def test_a_cookie_is_not_sent_back(site):
    site.page("/b", "there")
    url = site.page("/a", status=302, Location="/b", Set_Cookie="session=1; Path=/")
    assert (await fetch(url, options(site.port))).content == b"there"
    assert all("Cookie" not in request.headers for request in site.requests)


async def test_a_proxy_and_a_netrc_of_the_environment_are_not_used(site, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login bee password honey\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert (await fetch(site.page("/a", "x"), options(site.port))).content == b"x"
    assert "Authorization" not in site.requests[0].headers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, FetchForbiddenError),
        (403, FetchForbiddenError),
        (451, FetchForbiddenError),
        (404, FetchNotFoundError),
        (410, FetchNotFoundError),
        (400, FetchRejectedError),
        (405, FetchRejectedError),
        (204, FetchRejectedError),
        (206, FetchRejectedError),
        (304, FetchRejectedError),
        (302, FetchRejectedError),  # without a Location
        (408, FetchUnavailableError),
        (425, FetchUnavailableError),
        (429, FetchUnavailableError),
        (500, FetchUnavailableError),
        (503, FetchUnavailableError),
        (599, FetchUnavailableError),
    ],
)
async def test_a_status_tells_whether_time_heals_it(site, status, error):
    url = site.page("/a", status=status) + "?token=secret"
    with pytest.raises(error, match=f"got {status}") as caught:
        await fetch(url, options(site.port))
    assert "secret" not in str(caught.value)


# --- size and encoding ------------------------------------------------------------------------------------------------


async def test_an_announced_size_over_the_limit_is_refused_before_anything_is_read(site):
    url = site.page("/a", b"x" * 5000)
    with pytest.raises(TooLargeError, match=r"at most 4999 bytes .* announcement of 5000"):
        await fetch(url, options(site.port, max_bytes=4999))
    assert len((await fetch(url, options(site.port, max_bytes=5000))).content) == 5000


@pytest.mark.parametrize("head", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"], ids=["until the end", "in chunks"])
async def test_an_endless_body_is_cut_off_and_not_held(head):
    piece = b"x" * 65536
    endless = b"10000\r\n" + piece + b"\r\n" if b"chunked" in head else piece
    async with a_raw_server(HEAD + head, endless=endless) as port:
        tracemalloc.start()
        with pytest.raises(TooLargeError, match="at most 4194304 bytes"):
            await fetch(f"http://127.0.0.1:{port}/", options(port, max_bytes=4 << 20))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 12 << 20


async def test_more_than_was_announced_is_not_taken_for_content():
    async with a_raw_server(HEAD + b"Content-Length: 4\r\n\r\nbeessting") as port:
        with pytest.raises(FetchRejectedError, match="to answer in HTTP"):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


async def test_less_than_was_announced_is_tried_again():
    async with a_raw_server(HEAD + b"Content-Length: 40\r\n\r\nbees") as port:
        with pytest.raises(FetchUnavailableError, match="expected http://127"):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


async def test_chunks_that_break_off_are_tried_again():
    async with a_raw_server(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbees\r\n") as port:
        with pytest.raises(FetchUnavailableError):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"bees" * 1000)),
        ("x-gzip", gzip.compress(b"bees" * 500) + gzip.compress(b"bees" * 500)),
        ("deflate", zlib.compress(b"bees" * 1000)),
        ("identity", b"bees" * 1000),
    ],
)
async def test_an_encoding_that_nobody_asked_for_is_undone(site, encoding, body):
    url = site.page("/a", body, Content_Encoding=encoding)
    assert (await fetch(url, options(site.port))).content == b"bees" * 1000


async def test_a_bomb_in_an_encoding_is_cut_off_at_the_limit(site):
    url = site.page("/a", gzip.compress(bytes(64 << 20)), Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(TooLargeError, match="at most 1048576 bytes"):
        await fetch(url, options(site.port))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"bees" * 9999)[:-20]])
async def test_a_broken_encoding_is_the_documents_fault(site, body):
    url = site.page("/a", body, Content_Encoding="gzip")
    with pytest.raises(CorruptError):
        await fetch(url, options(site.port))


async def test_an_encoding_that_is_not_undone_is_refused(site):
    url = site.page("/a", b"x", Content_Encoding="br")
    with pytest.raises(FetchRejectedError, match="'br'"):
        await fetch(url, options(site.port))


# --- time -------------------------------------------------------------------------------------------------------------


async def test_a_body_that_drips_ends_with_the_total_time():
    async with a_raw_server(HEAD + b"\r\n", endless=b"x", pause=0.02) as port:
        with pytest.raises(FetchUnavailableError, match=r"within 0\.5 s"):
            await fetch(f"http://127.0.0.1:{port}/", options(port, timeout=0.5))


async def test_headers_that_drip_end_with_the_total_time():
    async with a_raw_server(HEAD + b"X-Slow: ", endless=b"x", pause=0.02) as port:
        with pytest.raises(FetchUnavailableError, match=r"within 0\.5 s"):
            await fetch(f"http://127.0.0.1:{port}/", options(port, timeout=0.5))


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\nbees"])
async def test_a_server_that_falls_silent_is_left_after_the_idle_time(sent):
    async with a_raw_server(sent, hang=True) as port:
        with pytest.raises(FetchUnavailableError, match="Timeout"):
            await fetch(f"http://127.0.0.1:{port}/", options(port, idle_timeout=0.3))


async def test_headers_without_end_are_refused():
    async with a_raw_server(HEAD, endless=b"X-More: " + b"x" * 4000 + b"\r\n") as port:
        with pytest.raises(FetchRejectedError, match="to answer in HTTP"):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


@pytest.mark.parametrize("sent", [b"220 mail.example ESMTP\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"SSH-2.0-x\r\n\r\n"])
async def test_a_server_that_speaks_something_else_is_refused(sent):
    async with a_raw_server(sent) as port:
        with pytest.raises((FetchRejectedError, FetchUnavailableError)):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


async def test_a_port_where_nobody_listens_is_tried_again():
    with resolver.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(FetchUnavailableError, match="ClientConnectorError"):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


async def test_a_connection_that_is_reset_is_tried_again():
    async with a_raw_server() as port:
        with pytest.raises(FetchUnavailableError, match="ServerDisconnectedError"):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


# --- where it leads ---------------------------------------------------------------------------------------------------


async def test_redirects_are_followed(site):
    site.page("/c.txt", "there")
    site.redirect("/b", "c.txt", 307)
    url = site.redirect("/a", site.url("/b"), 301)
    fetched = await fetch(url, options(site.port))
    assert (fetched.content, fetched.name) == (b"there", "c.txt")
    assert site.paths == ["/a", "/b", "/c.txt"]


async def test_a_loop_of_redirects_has_an_end(site):
    site.redirect("/b", "/a")
    url = site.redirect("/a", "/b")
    with pytest.raises(FetchRejectedError, match="at most 3 redirects"):
        await fetch(url, options(site.port, redirects=3))
    assert len(site.paths) == 4


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://１２７.０.０.２/",
        "http://127.0.0.2/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "s3://bucket/key",
        "gopher://127.0.0.1/",
        "http://bee:honey@127.0.0.1/",
        "//127.0.0.2/",
        "http://127.0.0.1:22/",
        "data:text/plain,x",
    ],
)
async def test_a_redirect_to_where_nobody_may_go_is_refused(site, target):
    url = site.redirect("/a", target)
    with pytest.raises(FetchForbiddenError, match="expected") as caught:
        await fetch(url, options(site.port, 80, 443))
    assert "honey" not in str(caught.value)
    assert "169.254" not in str(caught.value)


async def test_a_redirect_from_https_to_http_is_refused_where_http_is_off(tmp_path, monkeypatch):
    authority = certificate(tmp_path, "127.0.0.1")
    async with a_site() as plain, a_site(ssl_context=authority) as site:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        plain.page("/b", "x")
        site.redirect("/a", plain.url("/b"))
        site.page("/c", "over TLS")
        url = f"https://127.0.0.1:{site.port}"
        given = options(site.port, plain.port, schemes=("https",))
        with pytest.raises(FetchForbiddenError, match="with https, got a redirect to 'http'"):
            await fetch(f"{url}/a", given)
        assert (await fetch(f"{url}/c", given)).content == b"over TLS"
        assert plain.requests == []


async def test_a_server_that_cannot_prove_who_it_is_is_refused(tmp_path):
    async with a_site(ssl_context=certificate(tmp_path, "127.0.0.1")) as site:
        with pytest.raises(FetchRejectedError, match="certificate"):
            await fetch(f"https://127.0.0.1:{site.port}/a", options(site.port))
        assert site.requests == []


def certificate(folder, address) -> ssl.SSLContext:
    """Make a certificate for an address, signed by itself, and a server's context that shows it."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subject = ["-subj", "/CN=bees", "-addext", f"subjectAltName=IP:{address}", "-days", "2"]
    subprocess.run([*command, *files, *subject], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize("port", [22, 25, 6379, 7687])
async def test_a_port_that_is_not_the_webs_is_refused(port):
    with pytest.raises(FetchForbiddenError, match=rf"ports 80, 443, got {port}"):
        await fetch(f"http://93.184.216.34:{port}/", options(80, 443))


@pytest.mark.parametrize(
    "uri",
    [
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1%25lo]/",
        "https://169.254.169.254/",
        "https://017700000001/",
        "https://bee:honey@example.com/",
        "https://bee@example.com/",
    ],
)
async def test_by_default_nothing_inside_can_be_reached(uri):
    from service.ingest.fetching.options import FetchOptions

    with pytest.raises(FetchForbiddenError) as caught:
        await fetch(uri, FetchOptions())
    assert "honey" not in str(caught.value)


async def test_http_is_off_by_default(site):
    from service.ingest.fetching.options import FetchOptions

    with pytest.raises(UnsupportedUriError, match="got http:"):
        await fetch(site.page("/a"), FetchOptions())
    assert site.requests == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://",
        "https:///x",
        "https://:443/",
        "https://a..b/",
        "https://[::1",
        "https://][@",
        "https://" + "a" * 70 + ".example/",
        "https://h.example:99999/",
    ],
)
async def test_an_address_that_is_none_is_refused(uri):
    with pytest.raises((FetchRejectedError, FetchForbiddenError)):
        await fetch(uri, options(80, 443))


# --- names ------------------------------------------------------------------------------------------------------------


async def test_a_name_that_leads_inside_is_refused(site, monkeypatch):
    names(monkeypatch, inside_example=[["10.0.0.7"]])
    with pytest.raises(FetchForbiddenError, match="public address") as caught:
        await fetch(site.url("/a", "inside.example"), options(site.port))
    assert "10.0.0.7" not in str(caught.value)


async def test_of_several_addresses_only_the_permitted_are_used(site, monkeypatch):
    names(monkeypatch, both_example=[["127.0.0.3", "127.0.0.1"]])
    site.page("/a", "x")
    async with a_site("127.0.0.3", site.port) as forbidden:
        assert (await fetch(site.url("/a", "both.example"), options(site.port))).content == b"x"
        assert forbidden.requests == []


async def test_a_name_that_changes_its_address_between_two_connections_is_refused(site, monkeypatch):
    """The allowed 127.0.0.1 stands for the public address that an attacker's DNS gives first."""
    looked_up = names(monkeypatch, rebind_example=[["127.0.0.1"], ["127.0.0.3"]])
    url = site.url("/a", "rebind.example")
    site.page("/a", status=302, Location="/b", Connection="close")
    async with a_site("127.0.0.3", site.port) as inside:
        inside.page("/b", "secret")
        with pytest.raises(FetchForbiddenError, match="public address"):
            await fetch(url, options(site.port))
        assert inside.requests == []
    # One look-up for each connection: there is no second answer that could differ from the checked one.
    assert looked_up == ["rebind.example"] * 2


async def test_a_name_that_nobody_knows_is_not_found(site, monkeypatch):
    unknown = resolver.socket.gaierror(resolver.socket.EAI_NONAME, "Name or service not known")
    names(monkeypatch, gone_example=[unknown])
    with pytest.raises(FetchNotFoundError, match=r"gone\.example"):
        await fetch("https://gone.example/", options(443))


async def test_a_dns_that_does_not_answer_is_tried_again(site, monkeypatch):
    away = resolver.socket.gaierror(resolver.socket.EAI_AGAIN, "Temporary failure in name resolution")
    names(monkeypatch, slow_example=[away])
    with pytest.raises(FetchUnavailableError, match="Temporary failure"):
        await fetch("https://slow.example/", options(443))


async def test_a_host_that_the_operator_vouches_for_may_be_inside(site, monkeypatch):
    names(monkeypatch, wiki_corp_example=[["127.0.0.1"]])
    site.page("/a", "x")
    given = options(site.port, allow=("*.corp.example",))
    assert (await fetch(site.url("/a", "wiki.corp.example"), given)).content == b"x"


# --- validators -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("etag", ['"e1"', 'W/"e1"'])
async def test_an_unchanged_page_is_not_sent_again(site, etag):
    url = site.page("/a", "x", ETag=etag)
    first = await fetch(url, options(site.port))
    assert await fetch(url, options(site.port), first.validator) is None
    assert site.requests[1].headers["If-None-Match"] == etag
    site.page("/a", "y", ETag='"e2"')
    second = await fetch(url, options(site.port), first.validator)
    assert (second.content, second.validator.etag) == (b"y", '"e2"')


async def test_without_an_etag_the_date_serves(site):
    url = site.page("/a", "x", Last_Modified=LONG_AGO)
    first = await fetch(url, options(site.port))
    assert first.validator.last_modified == LONG_AGO
    assert await fetch(url, options(site.port), first.validator) is None
    assert site.requests[1].headers["If-Modified-Since"] == LONG_AGO


@pytest.mark.parametrize("date", ["Mon, 01 Jan 2024 00:00:00", "Mon, 01 Jan 2024 00:00:00 -0000"])
@pytest.mark.parametrize("sent", ["Tue, 02 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00"])
async def test_a_date_without_a_zone_is_one_of_utc(site, date, sent):
    first = await fetch(site.page("/a", "x", Last_Modified=date, Date=sent), options(site.port))
    assert first.validator.last_modified == date


async def test_a_date_without_a_zone_is_compared_exactly(site):
    url = site.page("/a", "x", Last_Modified="Tue, 02 Jan 2024 00:00:00", Date="Tue, 02 Jan 2024 00:00:01 GMT")
    assert (await fetch(url, options(site.port))).validator.last_modified is None


@pytest.mark.parametrize("date", ["yesterday", "0", "", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "²"])
@pytest.mark.parametrize("header", [b"Last-Modified", b"Date"])
async def test_a_date_that_is_none_is_no_date(header, date):
    dates = {b"Last-Modified": LONG_AGO.encode(), b"Date": LONG_AGO.encode()} | {header: date.encode()}
    lines = b"".join(b"%s: %s\r\n" % line for line in dates.items())
    async with a_raw_server(HEAD + lines + b'ETag: "1"\r\nContent-Length: 1\r\n\r\nx') as port:
        fetched = await fetch(f"http://127.0.0.1:{port}/a.txt", options(port))
    assert fetched.validator.last_modified is None
    assert fetched.validator.etag == '"1"'


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Disposition: attachment; filename*=a; filename*0=b",
        b"Content-Disposition: attachment; filename*=nonsense''%ff",
        b"Content-Disposition: attachment; filename=\xff\xfe",
        b'Content-Disposition: ;;=="',
        b"Content-Type: \xff/\xfe; charset=\xfd",
        b"ETag: \xff\xfe",
        b"ETag: " + b'"' * 5000,
        b"Retry-After: soon",
        b"Location: http://][@/",
        b"Content-Encoding: ",
    ],
    ids=lambda line: repr(line[:60]),
)
async def test_a_header_that_means_nothing_does_not_spoil_the_document(line):
    async with a_raw_server(HEAD + line + b"\r\nContent-Length: 1\r\n\r\nx") as port:
        fetched = await fetch(f"http://127.0.0.1:{port}/hive.txt", options(port))
    assert (fetched.content, fetched.name) == (b"x", "hive.txt")
    assert not fetched.validator.usable


@pytest.mark.parametrize("size", [b"-1", b"1, 2", b"x", b"9" * 5000, b"\xff", b"0x10"])
async def test_a_size_that_is_none_is_refused(size):
    async with a_raw_server(HEAD + b"Content-Length: " + size + b"\r\n\r\nx") as port:
        with pytest.raises((FetchRejectedError, TooLargeError)):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


@pytest.mark.parametrize("target", ["http://][@/", "//][@", "http://[", "http://a:99999/", "\u00ff" * 3000])
async def test_a_redirect_to_an_address_that_is_none_is_refused(target):
    head = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target.encode("latin-1")
    async with a_raw_server(head) as port:
        with pytest.raises((FetchRejectedError, FetchForbiddenError)):
            await fetch(f"http://127.0.0.1:{port}/", options(port))


async def test_a_date_of_this_very_second_does_not_serve(site):
    """A second change within it would have the same date."""
    just_now = datetime.now(UTC) + timedelta(seconds=1)
    url = site.page("/a", "x", Last_Modified=format_datetime(just_now, usegmt=True))
    first = await fetch(url, options(site.port))
    assert first.validator.last_modified is None
    assert not first.validator.usable


async def test_an_etag_is_not_shown_to_another_address(site):
    """Two addresses may call different contents by the same name."""
    site.page("/v1", "old", ETag='"1"')
    site.page("/v2", "new", ETag='"1"')
    url = site.redirect("/latest", "/v1")
    first = await fetch(url, options(site.port))
    assert await fetch(url, options(site.port), first.validator) is None
    site.redirect("/latest", "/v2")
    second = await fetch(url, options(site.port), first.validator)
    assert second.content == b"new"
    assert "If-None-Match" not in site.requests[-1].headers


async def test_another_signature_of_the_same_object_keeps_its_etag(site):
    site.page("/object", "x", ETag='"1"')
    url = site.redirect("/download", "/object?X-Amz-Date=1&X-Amz-Signature=a")
    first = await fetch(url, options(site.port))
    site.redirect("/download", "/object?X-Amz-Date=2&X-Amz-Signature=b")
    assert await fetch(url, options(site.port), first.validator) is None


async def test_a_server_that_confirms_another_content_is_asked_for_it(site):
    async def confused(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"e2"'})
        return web.Response(body=b"new", headers={"ETag": '"e2"'})

    url = site.page("/a", "x", ETag='"e1"')
    first = await fetch(url, options(site.port))
    site.pages["/a"] = confused
    second = await fetch(url, options(site.port), first.validator)
    assert (second.content, second.validator.etag) == (b"new", '"e2"')


async def test_a_validator_that_says_nothing_asks_nothing(site):
    url = site.page("/a", "x", ETag='"e1"')
    assert (await fetch(url, options(site.port), Validator())).content == b"x"
    assert "If-None-Match" not in site.requests[0].headers


# --- the loop ---------------------------------------------------------------------------------------------------------


async def test_no_step_of_the_loop_is_long_while_a_bomb_is_unpacked(site):
    url = site.page("/a", gzip.compress(bytes(256 << 20), 1), Content_Encoding="gzip")
    async with Fetcher(options(site.port, max_bytes=128 << 20)) as fetcher:
        with measured_steps() as steps:
            with pytest.raises(TooLargeError):
                await asyncio.create_task(read(fetcher, url))
            assert max(steps) < LONGEST_STEP


async def test_no_step_of_the_loop_is_long_while_a_large_document_is_fetched():
    pieces = [bytes(1 << 16)] * 1024
    head = HEAD + b"Content-Length: %d\r\n\r\n" % (64 << 20)
    async with a_raw_server(head, *pieces) as port, Fetcher(options(port, max_bytes=64 << 20)) as fetcher:
        with measured_steps() as steps:
            fetched = await asyncio.create_task(read(fetcher, f"http://127.0.0.1:{port}/"))
            assert max(steps) < LONGEST_STEP
    assert len(fetched.content) == 64 << 20
