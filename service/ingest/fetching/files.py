"""`file`: regular files under the allowed roots, and nothing that a name or a link leads to elsewhere."""

import asyncio
import errno
import os
import stat
import time
from concurrent.futures import Executor
from pathlib import Path
from urllib.parse import unquote, urlsplit

from service.documents import Validator
from service.errors import FetchForbiddenError, FetchNotFoundError, FetchUnavailableError
from service.ingest.fetching import uris
from service.ingest.fetching.bodies import check_size
from service.ingest.fetching.fetched import Fetched
from service.ingest.fetching.options import FetchOptions

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_EXACT_NS = 2_000_000_000


class FileReader:
    """Reads files."""

    def __init__(self, options: FetchOptions, threads: Executor) -> None:
        self._options = options
        self._threads = threads

    async def read(self, uri: str, validator: Validator | None) -> Fetched | None:
        """Return the file; None when it still is the validator's.

        Raises:
            PermanentError: it is not there, or not one that may be read.
            FetchUnavailableError: it cannot be read now.

        """
        path = _path(uri)
        try:
            # All of it in one thread: a file that is closed here while a thread still reads would be another one there.
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, path, validator)
        except (FileNotFoundError, NotADirectoryError):
            msg = "expected a file at the uri, got none"
            raise FetchNotFoundError(msg) from None
        except PermissionError:
            msg = "expected a file that the service may read, got one that it may not"
            raise FetchForbiddenError(msg) from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                msg = "expected a file, got a link that leads in a circle or that was put there a moment ago"
                raise FetchForbiddenError(msg) from None
            msg = f"expected to read the file at the uri, got {error.strerror}"
            raise FetchUnavailableError(msg) from None

    def _read(self, path: Path, validator: Validator | None) -> Fetched | None:
        limit = self._options.max_bytes
        with os.fdopen(self._open(path), "rb") as file:
            status = os.fstat(file.fileno())
            found = Validator(_etag(status), None, uris.digest(str(path)))
            if found.etag is not None and found == validator:
                return None
            check_size(status.st_size, limit)
            content = file.read(limit + 1)
            check_size(len(content), limit)
            # Written to meanwhile: what was read may be half of one content and half of another.
            if _etag(os.fstat(file.fileno())) != found.etag:
                found = Validator(location=found.location)
        return Fetched(content, found, name=uris.safe_name(path.name))

    def _open(self, path: Path) -> int:
        """Open a file under one of the roots.

        Links are followed to see where they lead. Then the way is gone once more from the root, and no link is
        followed: one that was put there in between is refused, not read.
        """
        # Not `Path.resolve`: it takes exception to a loop of links, and which one depends on Python's release.
        resolved = Path(os.path.realpath(path))
        for root in (Path(os.path.realpath(root)) for root in self._options.roots):
            if resolved.is_relative_to(root) and resolved != root:
                return _descend(root, resolved.relative_to(root).parts)
        msg = "expected a file in one of the folders of DOCGRAPH_FETCH_ROOTS, got another path"
        raise FetchForbiddenError(msg)


def _path(uri: str) -> Path:
    parts = urlsplit(uri)
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
        msg = "expected a file URI such as file:///folder/name, got one with a host, a query or a fragment"
        raise FetchForbiddenError(msg)
    if "\0" in path or not path.startswith("/") or ".." in path.split("/"):
        msg = "expected an absolute path without '..', got another"
        raise FetchForbiddenError(msg)
    return Path(path)


def _descend(root: Path, parts: tuple[str, ...]) -> int:
    *folders, name = parts
    folder = os.open(root, _FLAGS | os.O_DIRECTORY)
    try:
        for part in folders:
            inner = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Looked at before it is opened, as opening a device may do something; and after it, as it may be another one.
        _check_regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
        opened = os.open(name, _FLAGS | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        _check_regular(os.fstat(opened))
    except FetchForbiddenError:
        os.close(opened)
        raise
    return opened


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        msg = "expected a regular file, got a folder, a link, a device, a pipe or a socket"
        raise FetchForbiddenError(msg)


def _etag(status: os.stat_result) -> str | None:
    """Return what changes with the file; None while a change in the same tick of the clock could go unseen."""
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _EXACT_NS:
        return None
    return f'"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"'
