"""Tasks that are not done, each by the exception that a Celery caller would see. Pure."""

from schemas import Reason
from service.errors import InvalidEventError, PermanentError


class UnknownTaskError(InvalidEventError):
    """The settings know no task of this name."""

    celery = ("celery.exceptions", "NotRegistered")

    def __init__(self, message: str, task: str) -> None:
        super().__init__(message)
        self.celery_arguments = [task]  # Celery makes a sentence of it


class RefusedContentError(InvalidEventError):
    """The message is pickled, compressed in an unknown way, or not JSON."""

    celery = ("kombu.exceptions", "ContentDisallowed")


class UnsupportedTaskError(InvalidEventError):
    """The message asks for something that the bridge does not do."""

    celery = ("builtins", "NotImplementedError")


class TaskArgumentsError(InvalidEventError):
    """The task's arguments do not make an event."""

    celery = ("builtins", "TypeError")


class TimeLimitError(PermanentError):
    """The task was not done within its hard time limit. What was being committed is in the graph all the same."""

    reason = Reason.TIMEOUT
    celery = ("billiard.exceptions", "TimeLimitExceeded")


class SoftTimeLimitError(PermanentError):
    """The task was not done within its soft time limit. What was being committed is in the graph all the same."""

    reason = Reason.TIMEOUT
    celery = ("billiard.exceptions", "SoftTimeLimitExceeded")


class RevokedError(Exception):
    """The task is not to be done: it has expired, or somebody has revoked it. Nothing failed."""
