"""What the settings say of fetching."""

import os

from service import __version__
from service.ingest.fetching.options import FetchOptions
from service.settings import Settings


def fetch_options(settings: Settings) -> FetchOptions:
    """Return the limits and permissions of fetching."""
    # obstore knows these names too, but drops AWS_ALLOW_HTTP beside options of ours; a plain endpoint would fail.
    amazon = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    endpoints = {"s3": settings.s3_endpoint or amazon, "gs": settings.gcs_endpoint, "az": settings.azure_endpoint}
    return FetchOptions(
        schemes=settings.fetch_schemes,
        max_bytes=settings.max_fetched_bytes,
        timeout=settings.fetch_timeout,
        connect_timeout=settings.fetch_connect_timeout,
        idle_timeout=settings.fetch_idle_timeout,
        concurrency=settings.fetch_concurrency,
        patience=settings.hold_timeout,
        redirects=settings.fetch_redirects,
        ports=settings.fetch_ports,
        allow=settings.fetch_allow,
        roots=settings.fetch_roots,
        buckets=settings.fetch_buckets,
        endpoints={scheme: url for scheme, url in endpoints.items() if url},
        user_agent=f"docgraph/{__version__}",
    )
