"""The settings of fetching, as the environment gives them."""

import pytest

from service.errors import StartupError
from service.fetch_options import fetch_options
from service.settings import Settings


def given(monkeypatch, **values: str):
    for name, value in values.items():
        monkeypatch.setenv(f"DOCGRAPH_{name}", value)
    return fetch_options(Settings.load())


def test_lists_are_separated_by_commas(monkeypatch):
    options = given(
        monkeypatch,
        FETCH_SCHEMES="https, http",
        FETCH_PORTS="80,443, 8443",
        FETCH_ALLOW="wiki.corp.example,*.docs.example, 10.1.0.0/16,fd12::/16,localhost",
        FETCH_ROOTS="/mnt/a,/mnt/b",
        FETCH_BUCKETS="handbook",
        S3_ENDPOINT="http://minio:9000",
    )
    assert options.schemes == ("https", "http")
    assert options.ports == (80, 443, 8443)
    assert options.allow == ("wiki.corp.example", "*.docs.example", "10.1.0.0/16", "fd12::/16", "localhost")
    assert (options.roots, options.buckets) == (("/mnt/a", "/mnt/b"), ("handbook",))
    assert options.endpoints == {"s3": "http://minio:9000"}


def test_an_empty_list_switches_fetching_off(monkeypatch):
    assert given(monkeypatch, FETCH_SCHEMES="").schemes == ()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("FETCH_SCHEMES", "https,ftp", "https, http, s3, gs, az, got ftp"),
        ("FETCH_SCHEMES", "file", "got file"),
        ("FETCH_ALLOW", "10.1.0.0/99", "networks such as"),
        ("FETCH_ALLOW", "10.1.0", "networks such as"),
        ("FETCH_ALLOW", "https://wiki.example", "networks such as"),
        ("FETCH_ALLOW", "*", "networks such as"),
        ("FETCH_PORTS", "http", "valid integer"),
        ("FETCH_PORTS", "70000", "less than or equal to 65535"),
        ("FETCH_ROOTS", "documents", "absolute paths"),
        ("FETCH_ROOTS", "/", "absolute paths"),
        ("S3_ENDPOINT", "minio:9000", "https://store.example"),
        ("FETCH_CONCURRENCY", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, name, value, expected):
    with pytest.raises(StartupError, match=f"^DOCGRAPH_{name}: .*{expected}"):
        given(monkeypatch, **{name: value})
