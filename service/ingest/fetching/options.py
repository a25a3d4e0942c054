"""Every limit and permission of fetching, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.ingest.options import MIB


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What is fetched, from where, and how much of it."""

    schemes: tuple[str, ...] = ("https", "s3", "gs", "az")
    """Schemes that are fetched; `file` comes with `roots`."""
    max_bytes: int = 64 * MIB
    """Most bytes of a body, after its content encoding is undone."""
    timeout: float = 60.0
    """Seconds from the first request to the last byte, redirects included: a server that drips ends here."""
    connect_timeout: float = 10.0
    """Seconds for a connection."""
    idle_timeout: float = 20.0
    """Seconds between two pieces of a body."""
    concurrency: int = 8
    """Fetched documents at a time, until they are parsed: the bound on memory is this times `max_bytes`."""
    patience: float = 900.0
    """Seconds to wait for one of these places."""
    redirects: int = 5
    """Most redirects of one fetch."""
    ports: tuple[int, ...] = (80, 443)
    """Ports of web servers that may be connected to."""
    allow: tuple[str, ...] = ()
    """Hosts, `*.suffix` patterns and networks whose addresses may be other than public."""
    roots: tuple[str, ...] = ()
    """Folders that `file` URIs may point into."""
    buckets: tuple[str, ...] = ()
    """Buckets and containers that may be read; empty: all that the credentials reach."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """URL of the object store by scheme, where it is not the provider's own."""
    user_agent: str = "docgraph"
