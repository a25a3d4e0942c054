"""URIs as they may be shown, kept and compared. Whatever is secret in one stays out of logs, errors and the graph."""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from service.errors import UnsupportedUriError

SCHEMES = ("https", "http", "s3", "gs", "az", "file")
_LONGEST_NAME = 255
_LONGEST_SHOWN = 300
_LONGEST_HEADER = 1024
# What is secret by its name, in an address that nobody signed.
_SECRET = re.compile(r"(?i).*(?:signature|token|secret|passw|credential|api[-_]?key).*|sig|key|auth")
# Signed URLs: the parameters that show it, and a pattern of all that a signature adds. Only together are they dropped,
# as `st` or `expires` may mean something else to other servers.
_SIGNED = (
    ({"x-amz-signature"}, re.compile(r"(?i)x-amz-.*")),
    ({"x-goog-signature"}, re.compile(r"(?i)x-goog-.*")),
    ({"sig", "sv"}, re.compile(r"(?i)s[ivrpet]|sig|spr|sip|sk(?:oid|tid|t|e|s|v)")),
    ({"signature", "key-pair-id"}, re.compile(r"(?i)signature|expires|policy|key-pair-id")),
    ({"signature", "awsaccesskeyid"}, re.compile(r"(?i)signature|expires|awsaccesskeyid")),
    ({"signature", "googleaccessid"}, re.compile(r"(?i)signature|expires|googleaccessid")),
)


def scheme_of(uri: str) -> str:
    """Return the scheme in lower case.

    Raises:
        UnsupportedUriError: there is none.

    """
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):", uri)
    if match is None:
        msg = (
            f"expected a URI that begins with one of {', '.join(f'{s}://' for s in SCHEMES)}, got one without a scheme"
        )
        raise UnsupportedUriError(msg)
    return match[1].lower()


def shown(uri: str) -> str:
    """Return a URI for logs and errors: without user, password, query and fragment."""
    text = uri
    if scheme_of(uri) in {"http", "https"}:
        text = f"{scheme_of(uri)}://…"
        # What is no proper address may hold a password in any place.
        with suppress(ValueError):
            parts = urlsplit(uri)
            if parts.hostname:
                host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
                port = f":{parts.port}" if parts.port is not None else ""
                text = f"{parts.scheme}://{host}{port}{parts.path}"
    return "".join(c if c.isprintable() else "\ufffd" for c in text)[:_LONGEST_SHOWN]


def without_signature(uri: str) -> str:
    """Return a web address without what signs it: the same for each signed URL of one object."""
    if not _is_web(uri):
        return uri
    parts = urlsplit(uri)
    given = parse_qsl(parts.query, keep_blank_values=True)
    names = {name.lower() for name, _ in given}
    dropped = [pattern for shows, pattern in _SIGNED if shows <= names]
    if not dropped:
        return urlunsplit(parts._replace(fragment=""))
    kept = [(name, value) for name, value in given if not any(pattern.fullmatch(name) for pattern in dropped)]
    return urlunsplit(parts._replace(query=urlencode(kept), fragment=""))


def kept(uri: str) -> str:
    """Return a URI as the graph may hold it: without what signs it or is a secret by its name."""
    if not _is_web(uri):
        return uri
    parts = urlsplit(without_signature(uri))
    given = parse_qsl(parts.query, keep_blank_values=True)
    public = [(name, value) for name, value in given if not _SECRET.fullmatch(name)]
    return urlunsplit(parts._replace(query=parts.query if len(public) == len(given) else urlencode(public)))


def digest(uri: str) -> str:
    """Return a hash of a URI, to compare what should not be kept."""
    return blake2b(uri.encode(), digest_size=16).hexdigest()


def name_in(path: str) -> str | None:
    """Return the last segment of a path or key that is percent-encoded; None when it is no file name."""
    return safe_name(unquote(path.rpartition("/")[2]))


def safe_name(text: str) -> str | None:
    """Return a file name that somebody sent, without folders; None when it is not one."""
    name = unicodedata.normalize("NFC", text.replace("\\", "/").rpartition("/")[2]).strip()
    if not name or name in {".", ".."} or len(name) > _LONGEST_NAME or not name.isprintable():
        return None
    return name


def sane(value: str | None) -> str | None:
    """Return what a server says of a body, if it can be kept and sent back: short and printable."""
    return value if value and len(value) <= _LONGEST_HEADER and value.isprintable() else None


def best_name(candidates: Iterable[str | None]) -> str | None:
    """Return the first candidate with an extension, else the first."""
    names = [name for name in candidates if name]
    return next((name for name in names if "." in name.strip(".")), names[0] if names else None)


def _is_web(uri: str) -> bool:
    return uri.lower().startswith(("http://", "https://"))
