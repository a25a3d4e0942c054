"""Fetching files: only regular ones, and only under the roots."""

import os
import socket
import time
from pathlib import Path

import pytest

from service.errors import FetchForbiddenError, FetchNotFoundError, TooLargeError, UnsupportedUriError
from service.ingest.fetching import files
from service.ingest.fetching.options import FetchOptions
from tests.support.web import fetch


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "documents"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "documents-of-others").mkdir()
    (tmp_path / "documents-of-others" / "a.txt").write_text("secret")
    return root


def given(root, **fields) -> FetchOptions:
    return FetchOptions(roots=(str(root),), **fields)


def aged(path) -> None:
    """Let a file look as if it had been there for a while; its change time stays."""
    os.utime(path, ns=(0, time.time_ns() - 10**12))


async def test_a_file_under_a_root_is_fetched(root):
    (root / "蜂").mkdir()
    path = root / "蜂" / "a b.md"
    path.write_bytes(b"# Hive")
    fetched = await fetch(path.as_uri(), given(root))
    assert (fetched.content, fetched.name, fetched.media_type) == (b"# Hive", "a b.md", None)
    assert (await fetch(f"file://localhost{path.as_uri()[7:]}", given(root))).content == b"# Hive"


async def test_without_roots_there_are_no_file_uris(root):
    with pytest.raises(UnsupportedUriError, match="DOCGRAPH_FETCH_ROOTS"):
        await fetch((root / "a").as_uri(), FetchOptions())


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "x/../../secret.txt",
        "%2e%2e/secret.txt",
        "..%2Fsecret.txt",
        "../documents-of-others/a.txt",
        "a.txt%00",
        "a.txt?query",
        "a.txt#fragment",
    ],
)
async def test_a_path_that_leads_out_is_refused(root, path):
    (root / "a.txt").write_text("x")
    with pytest.raises(FetchForbiddenError, match="expected"):
        await fetch(f"file://{root}/{path}", given(root))


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "file://server/share/a", "file:a.txt", "file:///", "file://"])
async def test_a_path_elsewhere_is_refused(root, uri):
    with pytest.raises(FetchForbiddenError):
        await fetch(uri, given(root))


async def test_a_link_out_of_the_root_is_refused_and_one_within_is_followed(root, tmp_path):
    (root / "a.txt").write_text("x")
    (root / "inside").symlink_to("a.txt")
    (root / "outside").symlink_to(tmp_path / "secret.txt")
    (root / "folder").symlink_to(tmp_path)
    (root / "loop").symlink_to("loop")
    assert (await fetch(f"file://{root}/inside", given(root))).content == b"x"
    for name in ("outside", "folder/secret.txt"):
        with pytest.raises(FetchForbiddenError):
            await fetch(f"file://{root}/{name}", given(root))
    with pytest.raises(FetchForbiddenError, match="a regular file"):
        await fetch(f"file://{root}/loop", given(root))


async def test_a_link_that_is_put_there_after_the_look_is_not_followed(root, tmp_path, monkeypatch):
    (root / "inner").mkdir()
    (root / "inner" / "secret.txt").write_text("harmless")
    descend = files._descend

    def swapped(*arguments):
        # When the check has passed, the folder becomes a link to the outside
        (root / "inner").rename(root / "away")
        (root / "inner").symlink_to(tmp_path)
        return descend(*arguments)

    monkeypatch.setattr(files, "_descend", swapped)
    with pytest.raises((FetchForbiddenError, FetchNotFoundError)):
        await fetch(f"file://{root}/inner/secret.txt", given(root))


async def test_what_is_no_regular_file_is_refused_without_being_opened(root, tmp_path):
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    (root / "device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        # A relative name: that of a socket may have 100 characters only
        before = Path.cwd()
        os.chdir(root)
        listener.bind("socket")
        os.chdir(before)
        for name in ("pipe", "folder", "socket", "device"):
            with pytest.raises(FetchForbiddenError):
                await fetch(f"file://{root}/{name}", given(root))
    with pytest.raises(FetchForbiddenError, match="a device"):
        await fetch("file:///dev/zero", FetchOptions(roots=("/dev",)))


async def test_a_file_that_is_not_there_is_not_found(root):
    (root / "a.txt").write_text("x")
    for name in ("none", "a.txt/b"):
        with pytest.raises(FetchNotFoundError):
            await fetch(f"file://{root}/{name}", given(root))


async def test_a_file_over_the_limit_is_refused(root):
    (root / "a").write_bytes(b"x" * 5001)
    with pytest.raises(TooLargeError, match="at most 5000 bytes at the uri, got an announcement of 5001"):
        await fetch(f"file://{root}/a", given(root, max_bytes=5000))


async def test_a_file_that_says_nothing_of_its_size_is_cut_off_at_the_limit():
    """The system's own files say that they are empty."""
    with pytest.raises(TooLargeError, match="at most 20 bytes"):
        await fetch("file:///proc/cpuinfo", FetchOptions(roots=("/proc",), max_bytes=20))


async def test_a_file_that_has_not_changed_is_not_read_again(root, monkeypatch):
    path = root / "a"
    path.write_text("one")
    # Given a clock under which the file has been there for a while
    now = time.time_ns()
    monkeypatch.setattr(files.time, "time_ns", lambda: now + 10**10)
    first = await fetch(path.as_uri(), given(root))
    assert first.validator.usable
    assert await fetch(path.as_uri(), given(root), first.validator) is None
    path.write_text("two")
    monkeypatch.setattr(files.time, "time_ns", lambda: now + 10**11)
    assert (await fetch(path.as_uri(), given(root), first.validator)).content == b"two"


async def test_a_file_that_was_written_a_moment_ago_has_no_validator(root):
    """A second change in the same tick of the clock would go unseen."""
    (root / "a").write_text("one")
    aged(root / "a")
    assert not (await fetch(f"file://{root}/a", given(root))).validator.usable
