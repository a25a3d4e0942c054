"""Publishes events: confirmed, mandatory, persistent; again under the same id when the confirm got lost."""

import re

from service.client.connector import Backoff, Connector
from service.client.deadlines import Deadlines
from service.client.errors import ConfirmationUnknownError, NotConfirmedError, TooLargeError
from service.client.events import Outgoing
from service.client.link import LinkLostError, NotSentError, RefusedError

_OVERSIZE = re.compile(r"message size \d+ is larger than (?:configured )?max(?:imum)? size (\d+)")


class Publisher:
    """Publishes the events of one client."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self.deadlines = Deadlines()

    async def publish(self, outgoing: Outgoing, timeout: float) -> None:
        """Publish an event and wait until RabbitMQ has it.

        Args:
            outgoing: the event with its ids. After a lost connection it is published again under the same ids; the
                service answers a repeat and changes nothing.
            timeout: seconds for all attempts together.

        Raises:
            NotConfirmedError: RabbitMQ does not have it.
            ConfirmationUnknownError: it may have it.

        """
        attempts = _Attempts()
        try:
            async with self.deadlines.within(timeout):
                await self._until_confirmed(outgoing, attempts)
        except NotConfirmedError as error:
            if attempts.unanswered:
                what = f"event {outgoing.receipt.event_id} may have arrived ({attempts.problem})"
                msg = f"{what}, and could not be sent again: {error}"
                raise ConfirmationUnknownError(msg, outgoing.receipt) from error
            error.receipt = outgoing.receipt
            raise
        except TimeoutError:
            what = f"expected RabbitMQ to confirm event {outgoing.receipt.event_id} within {timeout:.3g} s"
            if not attempts.sent:
                msg = f"{what}, but there was no connection to send it over: {self._connector.problem}"
                raise NotConfirmedError(msg, outgoing.receipt) from None
            msg = f"{what}, got {attempts.problem}; it may have arrived, and sending it again under its id is safe"
            raise ConfirmationUnknownError(msg, outgoing.receipt) from None

    async def _until_confirmed(self, outgoing: Outgoing, attempts: "_Attempts") -> None:
        message = outgoing.message()
        backoff = Backoff()
        while True:
            link = await self._connector.link()
            attempts.sent = True
            try:
                await link.publish(message, outgoing.event.kind)
            except (LinkLostError, RefusedError) as error:
                attempts.problem = str(error)
                if (limit := _OVERSIZE.search(str(error))) and len(message.body) > int(limit[1]):
                    most = f"{limit[1]} bytes, RabbitMQ's max_message_size"
                    msg = f"expected an event of at most {most}, got {len(message.body)}; submit it by `uri`"
                    raise TooLargeError(msg) from None
                attempts.unanswered = attempts.unanswered or not isinstance(error, NotSentError)
            else:
                return
            await backoff.pause()


class _Attempts:
    """What is known when the time is up."""

    sent = False
    unanswered = False
    """Whether a confirm did not come, so that RabbitMQ may have the event."""
    problem = "no answer"
