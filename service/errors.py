"""Every error the service raises on purpose. Whether it is transient is a property of its type, never of its text.

DocgraphError
├── PermanentError            the same message would fail again: dead letter at once
│   ├── InvalidEventError         invalid_event
│   ├── UnsupportedMediaTypeError unsupported_media_type
│   ├── UnsupportedUriError       unsupported_uri
│   ├── FetchForbiddenError       fetch_forbidden
│   ├── FetchNotFoundError        fetch_not_found
│   ├── FetchRejectedError        fetch_rejected
│   ├── TooLargeError             too_large
│   ├── EncryptedError            encrypted
│   ├── CorruptError              corrupt
│   ├── UnsafeError               unsafe
│   ├── NoTextError               no_text
│   ├── GarbledError              garbled
│   ├── ParserTimeoutError        timeout
│   ├── ParserCrashedError        crashed
│   ├── GraphRejectedError        graph_rejected
│   └── CrashLoopError            crash_loop
├── TransientError            time heals it: through the retry tiers
│   ├── GraphUnavailableError     graph_unavailable
│   ├── BrokerUnavailableError    broker_unavailable
│   ├── FetchUnavailableError     fetch_failed
│   └── ParserUnavailableError    internal_error
└── StartupError              the process cannot start; names the setting to look at
"""

from typing import ClassVar, Self

from schemas.reasons import Reason


class DocgraphError(Exception):
    """Base of all errors that the service raises on purpose. The text says what was expected and what came."""

    reason: ClassVar[Reason] = Reason.INTERNAL_ERROR
    transient: ClassVar[bool] = False


class PermanentError(DocgraphError):
    """The same message would fail again."""


class InvalidEventError(PermanentError):
    """The body is not the event that its routing key promises."""

    reason = Reason.INVALID_EVENT


class UnsupportedMediaTypeError(PermanentError):
    """No parser reads this kind of document."""

    reason = Reason.UNSUPPORTED_MEDIA_TYPE


class UnsupportedUriError(PermanentError):
    """The service is not set up to fetch from this kind of `uri`."""

    reason = Reason.UNSUPPORTED_URI


class FetchForbiddenError(PermanentError):
    """The `uri` leads where the service must not go, or its server answers 401 or 403."""

    reason = Reason.FETCH_FORBIDDEN


class FetchNotFoundError(PermanentError):
    """There is no such host, page, object or file."""

    reason = Reason.FETCH_NOT_FOUND


class FetchRejectedError(PermanentError):
    """The server's answer is no document, and would be the same again."""

    reason = Reason.FETCH_REJECTED


class TooLargeError(PermanentError):
    """The document is over a limit."""

    reason = Reason.TOO_LARGE


class EncryptedError(PermanentError):
    """The document asks for a password."""

    reason = Reason.ENCRYPTED


class CorruptError(PermanentError):
    """The document's bytes do not follow its format."""

    reason = Reason.CORRUPT


class UnsafeError(PermanentError):
    """The document is built to exhaust its reader."""

    reason = Reason.UNSAFE


class NoTextError(PermanentError):
    """The document holds no text."""

    reason = Reason.NO_TEXT


class GarbledError(PermanentError):
    """The document's characters cannot be read."""

    reason = Reason.GARBLED


class ParserTimeoutError(PermanentError):
    """The parser did not finish within its time limit."""

    reason = Reason.TIMEOUT


class ParserCrashedError(PermanentError):
    """The parser process died or ran into its memory limit."""

    reason = Reason.CRASHED


class GraphRejectedError(PermanentError):
    """Neo4j refused the document and would refuse it again."""

    reason = Reason.GRAPH_REJECTED


class CrashLoopError(PermanentError):
    """The message reached the queue's delivery limit without ever being answered."""

    reason = Reason.CRASH_LOOP

    @classmethod
    def after(cls, limit: str) -> Self:
        """Return the error of a message that `limit`, how often it may be delivered, has ended."""
        return cls(
            f"expected the message to be answered within {limit}, got none: it ends its process, or the process was "
            "ended each time while it was in flight; replay it once the cause is mended"
        )


class TransientError(DocgraphError):
    """Time heals it."""

    transient = True


class GraphUnavailableError(TransientError):
    """Neo4j does not answer, or not in time."""

    reason = Reason.GRAPH_UNAVAILABLE


class BrokerUnavailableError(TransientError):
    """RabbitMQ does not confirm a completion. Its input is tried again, and answered from the graph."""

    reason = Reason.BROKER_UNAVAILABLE


class FetchUnavailableError(TransientError):
    """A document's server does not answer, not in time, or with an error of its own."""

    reason = Reason.FETCH_FAILED


class ParserUnavailableError(TransientError):
    """No parser process starts; that is no document's fault."""


class StartupError(DocgraphError):
    """The process cannot start. The text names the setting to look at."""
