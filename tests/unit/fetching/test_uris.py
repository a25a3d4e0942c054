"""What of an address is shown, kept and compared."""

import pytest

from service.errors import UnsupportedUriError
from service.ingest.fetching import uris
from service.ingest.fetching.answers import disposition_name

SIGNED = {
    "Amazon": "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2Fx&X-Amz-Date=1&X-Amz-Signature=abc",
    "Google": "X-Goog-Algorithm=GOOG4&X-Goog-Credential=x&X-Goog-Signature=abc",
    "Azure": "sv=2024-01-01&st=1&se=2&sr=b&sp=r&sig=abc%3D",
    "CloudFront": "Expires=1&Signature=abc&Key-Pair-Id=K",
    "Amazon's old way": "AWSAccessKeyId=AKIA&Expires=1&Signature=abc",
}


@pytest.mark.parametrize("query", SIGNED.values(), ids=SIGNED)
def test_a_signature_is_not_part_of_what_an_address_is(query):
    plain = "https://store.example/b/hive.pdf?versionId=3"
    assert uris.without_signature(f"{plain}&{query}#page=2") == plain
    assert uris.kept(f"{plain}&{query}") == plain
    assert "abc" not in uris.shown(f"{plain}&{query}")


@pytest.mark.parametrize("query", ["st=2&page=3", "expires=never", "sig=4", "author=bee&auth=1", "a=1&a=2&b="])
def test_parameters_that_only_look_like_a_signature_tell_addresses_apart(query):
    assert uris.without_signature(f"https://h.example/x?{query}") == f"https://h.example/x?{query}"


def test_a_secret_by_its_name_is_not_kept():
    uri = "https://h.example/x?id=4&access_token=s1&api_key=s2&key=s3&Password=s4&author=bee"
    assert uris.kept(uri) == "https://h.example/x?id=4&author=bee"


def test_an_address_is_shown_without_what_is_secret():
    assert uris.shown("https://bee:honey@h.example/a/b?token=x#y") == "https://h.example/a/b"
    assert uris.shown("https://h.example:8443/@bee/a") == "https://h.example:8443/@bee/a"
    # Where it cannot be told what is a password, nothing is shown.
    for odd in ("https:bee:honey@h.example/a", "https://bee:ho/ney@h.example/a", "https://bee:honey@[::1/a"):
        assert uris.shown(odd) == "https://…"
    assert uris.shown("s3://bucket/odd?key#name") == "s3://bucket/odd?key#name"
    assert uris.shown("https://h.example/a\x1b[31m") == "https://h.example/a\ufffd[31m"
    assert len(uris.shown("https://h.example/" + "a" * 5000)) <= 300


@pytest.mark.parametrize("uri", ["hive.pdf", "/etc/passwd", "//h.example/x", "", "://x", "1https://x"])
def test_an_address_needs_a_scheme(uri):
    with pytest.raises(UnsupportedUriError, match="without a scheme"):
        uris.scheme_of(uri)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="hive.pdf"', "hive.pdf"),
        ("inline; filename=hive.pdf", "hive.pdf"),
        ("attachment; filename*=UTF-8''%E8%9C%82.pdf", "蜂.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\bees\\\\hive.pdf"', "hive.pdf"),
        ('attachment; filename=".."', None),
        ('attachment; filename="a\x00b"', None),
        ("attachment; filename*=nonsense''%FF.pdf", "ÿ.pdf"),
        ('attachment; filename="' + "a" * 300 + '"', None),
        ("attachment", None),
        (None, None),
    ],
)
def test_a_file_name_is_taken_from_a_header_when_it_is_safe(header, name):
    assert disposition_name(header) == name


def test_a_name_with_an_extension_is_the_better_name():
    assert uris.best_name((None, "download", "hive.pdf")) == "hive.pdf"
    assert uris.best_name((None, "download", "7")) == "download"
    assert uris.best_name((None,)) is None
    assert uris.name_in("/a/%E8%9C%82%20b.pdf") == "蜂 b.pdf"
    assert uris.name_in("/a/..%2F..%2Fpasswd") == "passwd"
    assert uris.name_in("/a/") is None
