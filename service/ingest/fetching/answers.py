"""What the head of an HTTP answer says: whether there is a document, what it is called, when it changed."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime

from service.documents import Validator
from service.errors import FetchForbiddenError, FetchNotFoundError, FetchRejectedError, FetchUnavailableError
from service.ingest.fetching import uris

_FORBIDDEN = frozenset({401, 403, 407, 451})
_NOT_FOUND = frozenset({404, 410})
_LATER = frozenset({408, 421, 425, 429})
_SERVER_ERROR = 500
_EXACT = timedelta(seconds=2)


def disposition_name(header: str | None) -> str | None:
    """Return the file name in a `Content-Disposition`, without folders; None when there is none, or no good one."""
    if header is None:
        return None
    message = Message()
    message["Content-Disposition"] = header
    # An unknown charset, half a character; `filename*` beside `filename*0`, which the standard library cannot order.
    with suppress(ValueError, LookupError, TypeError):
        name = message.get_filename()
        return uris.safe_name(name) if name else None
    return None


def conditions(validator: Validator | None) -> Mapping[str, str]:
    """Return the headers that ask only for what differs from the validator's content."""
    if validator is None:
        return {}
    if validator.etag is not None:
        return {"If-None-Match": validator.etag}
    return {"If-Modified-Since": validator.last_modified} if validator.last_modified is not None else {}


def confirms(headers: Mapping[str, str], validator: Validator) -> bool:
    """Tell whether "not modified" speaks of the validator's content: it says of which, if it says anything."""
    etag = headers.get("ETag")
    return validator.etag is None or etag is None or etag.removeprefix("W/") == validator.etag.removeprefix("W/")


def check_status(status: int, where: str) -> None:
    """Check the status of an answer that is no redirect.

    Raises:
        PermanentError: there is no document; the type says why.
        FetchUnavailableError: there may be one later.

    """
    if status in {200, 203}:
        return
    msg = f"expected {where} to answer with 200, got {status}"
    if status in _FORBIDDEN:
        raise FetchForbiddenError(msg)
    if status in _NOT_FOUND:
        raise FetchNotFoundError(msg)
    if status in _LATER or status >= _SERVER_ERROR:
        raise FetchUnavailableError(msg)
    raise FetchRejectedError(msg)


def last_modified(headers: Mapping[str, str]) -> str | None:
    """Return the time of the last change, if no later change can have the same: it has seconds only."""
    given, sent = _date(headers.get("Last-Modified")), _date(headers.get("Date"))
    return headers["Last-Modified"] if given and sent and sent - given >= _EXACT else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text) if text else None
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    # Without a zone, or with `-0000`, it comes naive. HTTP knows no other time than UTC.
    return date if date is None or date.tzinfo else date.replace(tzinfo=UTC)
