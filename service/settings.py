"""Every setting, from the environment: its name, unit, default, bounds and consequence.

`RABBITMQ_URL` and `NEO4J_…` have the ecosystem's names, all others begin with `DOCGRAPH_`. Any `X` may also be given as
`X_FILE`, the path of a file that holds the value (Docker and Kubernetes secrets).
"""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from yarl import URL

from service.bridge.mapping import DEFAULT_TASKS, Tasks, read_tasks
from service.durations import parse_duration
from service.errors import StartupError

PREFIX = "DOCGRAPH_"

Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """All settings of one process. Build it with `Settings.load()`, which reports every problem at once."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, use_attribute_docstrings=True, extra="ignore")

    # the two servers
    rabbitmq_url: str = Field(default="amqp://127.0.0.1:5672/", validation_alias="RABBITMQ_URL", repr=False)
    """AMQP URL: `amqp://` or `amqps://`, user, password, host, port, vhost."""
    neo4j_uri: str = Field(default="bolt://127.0.0.1:7687", validation_alias="NEO4J_URI")
    """Bolt URI: `bolt://` for one server, `neo4j://` for a cluster, `+s` for TLS."""
    neo4j_username: str = Field(default="neo4j", validation_alias="NEO4J_USERNAME")
    """User that may read, write and create constraints and indexes."""
    neo4j_password: SecretStr = Field(default=SecretStr(""), validation_alias="NEO4J_PASSWORD")
    """Its password. Empty: connect without authentication."""
    neo4j_database: str = Field(default="neo4j", validation_alias="NEO4J_DATABASE")
    """Database that holds the graph."""

    # throughput
    batch_size: Annotated[int, Field(ge=1, le=1000)] = 256
    """Most events that share one transaction. Half as many are a fifth slower. Twice as many, with twice the prefetch,
    are up to a third faster under full load, and hold twice the memory and locks twice as long."""
    transactions: Annotated[int, Field(ge=1, le=16)] = 2
    """Write transactions at a time in one process. One writes while the other commits; more only contend."""
    prefetch: Annotated[int, Field(ge=1, le=10_000)] = 1024
    """Unacknowledged messages per queue and process: the backpressure, and the bound on memory.
    Below `batch_size` x `transactions` the batches cannot fill; twice that lets the next ones gather meanwhile."""

    # documents
    chunk_size: Annotated[int, Field(ge=100, le=20_000)] = 1200
    """Characters in a chunk, at most. Changing it re-chunks every document at its next event."""
    chunk_overlap: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Characters of the text before it that a chunk repeats, at most, as whole sentences and within its section.
    They count into `chunk_size`, and at most half of it is used. An edit then changes one chunk more."""
    keywords_per_chunk: Annotated[int, Field(ge=1, le=100)] = 10
    """Keywords linked to one chunk, at most."""
    parser_processes: Annotated[int, Field(ge=1, le=64)] = 2
    """Child processes that parse PDFs, HTML, office files and large documents."""
    parser_timeout: Seconds = 30.0
    """Seconds until a parser is killed and the document fails with `timeout`."""
    parser_memory_bytes: Annotated[int, Field(ge=256 << 20)] = 1536 << 20
    """Address space of one parser process, in bytes; beyond it the document fails with `crashed` or `too_large`."""
    parser_cpu_seconds: Annotated[float, Field(ge=1)] = 8.0
    """Processor seconds that a parser has for a document of up to 1 MiB, and as many again for each further MiB;
    beyond it the document fails with `timeout`. Unlike `parser_timeout` it does not depend on what else is running."""
    max_message_bytes: Annotated[int, Field(ge=1024)] = 16 << 20
    """Bytes of one message, at most; larger ones fail with `too_large`. Give large documents by `uri`.
    Reading a message holds up the event loop for 2 to 4 ms per MiB, so 64 ms at most by default. RabbitMQ 4 has the
    same limit of its own."""
    max_document_bytes: Annotated[int, Field(ge=1024)] = 64 << 20
    """Bytes of one document, at most; larger ones fail with `too_large`."""
    max_document_characters: Annotated[int, Field(ge=1000)] = 20_000_000
    """Characters of one document's text, at most; longer ones fail with `too_large`."""
    max_unpacked_bytes: Annotated[int, Field(ge=1 << 20)] = 256 << 20
    """Bytes that the files in an archive (DOCX, XLSX, EPUB and the like) unpack to, at most; else `too_large`."""
    max_compression_ratio: Annotated[int, Field(ge=10)] = 200
    """How many times its packed size a file in an archive unpacks to, at most; else `unsafe`. Below 1 MiB all may."""
    max_nesting: Annotated[int, Field(ge=16, le=2000)] = 512
    """Elements, tables, groups or lists inside each other, at most; deeper documents fail with `unsafe`."""
    max_document_pages: Annotated[int, Field(ge=1)] = 5000
    """Pages, slides or sheets of one document, at most; longer ones fail with `too_large`."""
    max_document_chunks: Annotated[int, Field(ge=1)] = 20_000
    """Chunks of one document, at most; longer ones fail with `too_large`. They share one transaction."""

    # documents given by `uri`
    fetch_schemes: Annotated[tuple[str, ...], NoDecode] = ("https", "s3", "gs", "az")
    """Schemes that are fetched, comma-separated, of `https`, `http`, `s3`, `gs`, `az`; empty: none. Others fail with
    `unsupported_uri`. `file` is switched on by `DOCGRAPH_FETCH_ROOTS`."""
    max_fetched_bytes: Annotated[int, Field(ge=1024)] = 64 << 20
    """Bytes at one address, at most; larger ones fail with `too_large`, and no more than this is read of them."""
    fetch_timeout: Seconds = 60.0
    """Seconds for one document from the first request to its last byte, redirects included; then it is retried."""
    fetch_connect_timeout: Seconds = 10.0
    """Seconds for one connection."""
    fetch_idle_timeout: Seconds = 20.0
    """Seconds between two pieces of an answer."""
    fetch_concurrency: Annotated[int, Field(ge=1, le=1000)] = 8
    """Documents that are being fetched, or are fetched and not yet parsed, at a time.
    Times `DOCGRAPH_MAX_FETCHED_BYTES` it is the memory that they take at most."""
    fetch_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    """Redirects that are followed; each is checked like the first address."""
    fetch_ports: Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], NoDecode] = (80, 443)
    """Ports of web servers that may be connected to, comma-separated."""
    fetch_allow: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts (`docs.corp.example`, `*.corp.example`) and networks (`10.1.0.0/16`), comma-separated, that web addresses
    may lead to although they are not public. Hosts never open link-local and metadata addresses, networks do."""
    fetch_roots: Annotated[tuple[str, ...], NoDecode] = ()
    """Folders, comma-separated, that `file` URIs may point into; empty: no `file` URIs."""
    fetch_buckets: Annotated[tuple[str, ...], NoDecode] = ()
    """Buckets and containers that may be read, comma-separated; empty: all that the service's credentials reach."""
    s3_endpoint: str = ""
    """URL of an S3-compatible store, such as `http://minio:9000`; empty: `AWS_ENDPOINT_URL`, else Amazon's."""
    gcs_endpoint: str = ""
    """URL of a store that speaks Google's API; empty: Google's."""
    azure_endpoint: str = ""
    """URL of a store that speaks Azure's API, with the account in its path where it wants that; empty: Azure's."""

    # delivery
    retry_delays: Annotated[tuple[float, ...], NoDecode] = (5.0, 30.0, 300.0, 1800.0)
    """Delays of the retry tiers, comma-separated, such as `5s,30s,5m,30m`. One queue each; used up: dead letter."""
    delivery_limit: Annotated[int, Field(ge=2, le=1000)] = 20
    """Deliveries of one message without any answer until it is taken for the cause of a crash loop.
    An argument of the work queues: existing queues keep theirs, a change needs new queues."""
    hold_timeout: Annotated[float, Field(gt=0, le=1500)] = 900.0
    """Seconds that a message is held while Neo4j or RabbitMQ is away; then it goes to the retry tiers.
    Below RabbitMQ's `consumer_timeout` of 30 minutes, which would close the channel."""
    journal_max_age: Annotated[str, Field(pattern=r"^\d+[YMDhms]$")] = "7D"
    """How long the two journals keep events, in RabbitMQ's notation: `7D`, `12h`."""
    journal_max_bytes: Annotated[int, Field(ge=1 << 20)] = 5_000_000_000
    """How large each journal may grow, in bytes; the oldest events go first."""

    # Celery bridge
    celery_queues: Annotated[tuple[str, ...], NoDecode] = ()
    """Queues whose Celery tasks are done here, comma-separated, such as `ingest,documents.celery`. Empty: the bridge is
    off. `documents.celery` is the service's own quorum queue, behind an exchange of the same name."""
    celery_tasks: Annotated[Tasks, NoDecode] = DEFAULT_TASKS
    """Tasks and what their arguments mean, as a JSON object: name of the task to `event` (`document.submitted` unless
    given), `arguments` (names of the positional ones) and `fields` (event field, `metadata.KEY` or null for a
    parameter of another name)."""
    celery_result_url: str = Field(default="", repr=False)
    """Redis URL of the callers' result backend, such as `redis://host:6379/0`; needs `docgraph[celery]`. Empty: results
    go to callers with `rpc://` only. With it they go to both."""
    celery_result_expires: Seconds = 86400.0
    """Seconds that Redis keeps a result: the callers' `result_expires`. For as long a result waits while Redis is
    away."""
    celery_default_queue: Annotated[str, Field(min_length=1)] = "celery"
    """Queue for callbacks, errbacks and links of a chain that name none: the callers' `task_default_queue`."""
    celery_track_started: bool = False
    """Whether callers are told that a task has begun (`STARTED`), one message more for each: their
    `task_track_started`."""

    # lifecycle
    startup_timeout: Seconds = 30.0
    """Seconds to wait at start for RabbitMQ and Neo4j; then the process ends with an error."""
    shutdown_grace: Seconds = 25.0
    """Seconds to finish what is in flight after SIGTERM; the rest is requeued. Keep it below the pod's grace period."""
    graph_timeout: Seconds = 30.0
    """Seconds until Neo4j ends one of our transactions."""

    # upkeep
    sweep_interval: Seconds = 60.0
    """Seconds between two sweeps for entities without links."""
    orphan_grace: Annotated[float, Field(ge=0)] = 300.0
    """Seconds that an entity without links is kept, as the next document may need it again."""

    # telemetry
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least level that is logged."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto`: console on a terminal, JSON lines elsewhere."""

    @field_validator("rabbitmq_url")
    @classmethod
    def _check_rabbitmq_url(cls, value: str) -> str:
        return _check_scheme(value, "amqp://user:password@host:5672/vhost", ("amqp", "amqps"))

    @field_validator("neo4j_uri")
    @classmethod
    def _check_neo4j_uri(cls, value: str) -> str:
        schemes = tuple(name + suffix for name in ("bolt", "neo4j") for suffix in ("", "+s", "+ssc"))
        return _check_scheme(value, "bolt://host:7687", schemes)

    @field_validator("celery_queues", mode="before")
    @classmethod
    def _parse_queues(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        return value

    @field_validator("celery_queues")
    @classmethod
    def _check_queues(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # A Celery client declares a direct exchange of the queue's name.
        ours = [name for name in value if name.split(".")[0] == "documents" and name != "documents.celery"]
        if ours:
            msg = f"expected queues of the callers' own, got {', '.join(ours)}: the service uses these names itself"
            raise ValueError(msg)
        return value

    @field_validator("celery_tasks", mode="before")
    @classmethod
    def _parse_tasks(cls, value: object) -> object:
        if isinstance(value, str):
            try:
                return read_tasks(value)
            except ValidationError as error:
                problem = error.errors(include_url=False)[0]
                where = ".".join(str(part) for part in problem["loc"])
                msg = f"expected a JSON object of tasks, got a problem at {where or 'its beginning'}: {problem['msg']}"
                raise ValueError(msg) from None
        return value

    @field_validator("celery_result_url")
    @classmethod
    def _check_celery_result_url(cls, value: str) -> str:
        return value and _check_scheme(value, "redis://host:6379/0", ("redis", "rediss"))

    @field_validator("retry_delays", mode="before")
    @classmethod
    def _parse_delays(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(parse_duration(part) for part in value.split(",") if part.strip())
        return value

    @field_validator("retry_delays")
    @classmethod
    def _check_delays(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or min(value) < 1 or sorted(set(value)) != list(value):
            msg = f"expected delays of 1s or more that grow, such as 5s,30s,5m, got {value}"
            raise ValueError(msg)
        return value

    @field_validator("fetch_schemes", "fetch_ports", "fetch_allow", "fetch_roots", "fetch_buckets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("fetch_schemes")
    @classmethod
    def _check_schemes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(value) - {"https", "http", "s3", "gs", "az"}):
            msg = f"expected schemes of https, http, s3, gs, az, got {', '.join(unknown)}"
            raise ValueError(msg)
        return value

    @field_validator("fetch_allow")
    @classmethod
    def _check_allow(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not is_host_or_network(entry):
                msg = (
                    f"expected hosts such as docs.example or *.example and networks such as 10.1.0.0/16, got {entry!r}"
                )
                raise ValueError(msg)
        return value

    @field_validator("fetch_roots")
    @classmethod
    def _check_roots(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not Path(entry).is_absolute() or Path(entry) == Path("/"):
                msg = f"expected absolute paths of folders other than /, got {entry!r}"
                raise ValueError(msg)
        return value

    @field_validator("s3_endpoint", "gcs_endpoint", "azure_endpoint")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        return _check_scheme(value, "https://store.example", ("https", "http")) if value else value

    @model_validator(mode="after")
    def _check_relations(self) -> Self:
        if self.prefetch < self.batch_size:
            msg = (
                f"expected DOCGRAPH_PREFETCH to be at least DOCGRAPH_BATCH_SIZE ({self.batch_size}), "
                f"got {self.prefetch}: batches could never fill"
            )
            raise ValueError(msg)
        return self

    @classmethod
    def load(cls) -> Self:
        """Read the settings from the environment.

        Raises:
            StartupError: one line that names every wrong setting.

        """
        try:
            return cls()
        except ValidationError as error:
            problems = "; ".join(_describe(cls, dict(problem)) for problem in error.errors())
            raise StartupError(problems) from None

    @property
    def neo4j_password_file(self) -> Path | None:
        """Where the password came from, when that is a file: a rotated one is read again."""
        path = os.environ.get("NEO4J_PASSWORD_FILE")
        return Path(path) if path and "NEO4J_PASSWORD" not in os.environ else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over `X`, `X` over `X_FILE`."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _FileSource(settings_cls)


class _FileSource(PydanticBaseSettingsSource):
    """Reads `X` from the file that `X_FILE` names."""

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field_name, variable in variables(Settings).items():
            if path := os.environ.get(f"{variable}_FILE"):
                try:
                    text = Path(path).read_text(encoding="utf-8")
                except OSError as error:
                    msg = f"{variable}_FILE: expected a readable file, got {path}: {error.strerror}"
                    raise StartupError(msg) from None
                alias = Settings.model_fields[field_name].validation_alias
                found[alias if isinstance(alias, str) else field_name] = text.rstrip("\r\n")
        return found

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Part of the base's interface; `__call__` does it all."""
        raise NotImplementedError(field, field_name)


def variables(settings: type[Settings]) -> Mapping[str, str]:
    """Return each field's environment variable."""
    return {
        name: field.validation_alias if isinstance(field.validation_alias, str) else PREFIX + name.upper()
        for name, field in settings.model_fields.items()
    }


def is_host_or_network(text: str) -> bool:
    """Tell whether a text names a host, a pattern of hosts, an address or a network."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        # A last label of digits is no name: it would be an address with a typing error.
        return re.fullmatch(r"(?:\*\.)?(?:[\w-]+\.)*[\w-]*[^\W\d][\w-]*", text) is not None
    return True


def _check_scheme(value: str, example: str, schemes: tuple[str, ...]) -> str:
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    if url.scheme not in schemes or not url.host:
        # The value itself is not shown: it may hold a password.
        msg = f"expected a URL such as {example} with a scheme of {', '.join(schemes)}, got scheme {url.scheme!r}"
        raise ValueError(msg)
    return value


def _describe(settings: type[Settings], problem: dict[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    return f"{variables(settings).get(name, name)}: {message}"
