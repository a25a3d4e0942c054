"""Every error the client raises on purpose. Each says by `confirmed` what is known of the event.

ClientError
├── NotConfirmedError            RabbitMQ does not have the event: it was never handed over, or came back
│   ├── AccessRefusedError           RabbitMQ refuses the user, the password, the vhost or a permission
│   ├── UnroutableError              there is no exchange or queue to take it: the service has not run on this vhost
│   └── TooLargeError                the event is over the broker's message size
├── ConfirmationUnknownError     it was handed over, and no answer came: RabbitMQ may have it
├── CompletionTimeoutError       RabbitMQ has it; no completion came in time
├── CompletionUnavailableError   RabbitMQ has it; the client may not listen to completions, or was closed
├── DocumentFailedError          the service answered `document.failed`
├── PartlySubmittedError         some events of `submit_many` are not confirmed
├── ClientClosedError            the client is closed
└── WrongLoopError               an `AsyncDocgraph` is used outside the event loop, or the process, that opened it

Sending an event again under its event id is always safe: the service answers it again and changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from schemas import DocumentFailed, Reason
from service.client.receipts import Receipt


class ClientError(Exception):
    """Base of all errors that the client raises on purpose. The text says what was expected and what came."""

    confirmed: ClassVar[bool | None] = None
    """True: RabbitMQ has the event. False: it does not. None: not known, or no event is concerned."""
    receipt: Receipt | None

    def __init__(self, message: str, receipt: Receipt | None = None) -> None:
        super().__init__(message)
        self.receipt = receipt
        """Of the event concerned: `submit(…, event_id=error.receipt.event_id)` sends it again, `wait` waits for it."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with all that it carries: Celery and multiprocessing hand errors over."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[ClientError], args: tuple[object, ...], state: Mapping[str, object]) -> ClientError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class NotConfirmedError(ClientError):
    """RabbitMQ does not have the event: it was never handed over, or came back."""

    confirmed = False


class AccessRefusedError(NotConfirmedError):
    """RabbitMQ refuses the user, the password, the vhost or a permission."""


class UnroutableError(NotConfirmedError):
    """There is no exchange or queue to take the event: the service has not run on this vhost."""


class TooLargeError(NotConfirmedError):
    """The event is over the broker's message size."""


class ConfirmationUnknownError(ClientError):
    """The event was handed over and no answer came in time: RabbitMQ may have it. Sending it again is safe."""


class CompletionTimeoutError(ClientError, TimeoutError):
    """RabbitMQ has the event; no completion came in time. The service will still answer it: wait again."""

    confirmed = True


class CompletionUnavailableError(ClientError):
    """RabbitMQ has the event; it does not let the client listen to completions, or the client was closed meanwhile."""

    confirmed = True


class DocumentFailedError(ClientError):
    """The service gave the event up and answered `document.failed`. The event lies in `documents.dead`."""

    confirmed = True

    def __init__(self, failure: DocumentFailed, receipt: Receipt | None = None) -> None:
        what = failure.document_id or "document"
        super().__init__(f"{what}: {failure.reason.value}: {failure.detail}", receipt)
        self.failure = failure
        """The completion as it came."""

    @property
    def document_id(self) -> str | None:
        """None when the service could not read the event."""
        return self.failure.document_id

    @property
    def reason(self) -> Reason:
        """Of a closed set, to switch on."""
        return self.failure.reason

    @property
    def detail(self) -> str:
        """What was expected, what came and how to fix it."""
        return self.failure.detail

    @property
    def attempts(self) -> int:
        """How often the service tried."""
        return self.failure.attempts


class PartlySubmittedError(ClientError):
    """Some events of `submit_many` are not confirmed. What is in `receipts` is."""

    def __init__(self, receipts: Sequence[Receipt], failures: Mapping[int, Exception]) -> None:
        place, first = next(iter(failures.items()))
        super().__init__(
            f"expected every event to be confirmed, but {len(failures)} were not, {len(receipts)} were, and the rest "
            f"was not sent; the first, at place {place}: {first}",
            getattr(first, "receipt", None),
        )
        self.receipts = receipts
        """Of the confirmed events, in their order."""
        self.failures = failures
        """The error of each event that was sent and not confirmed, by its place in the input, from 0."""


class ClientClosedError(ClientError):
    """The client is closed."""


class WrongLoopError(ClientError):
    """An `AsyncDocgraph` is used outside the event loop, or the process, that opened it."""
