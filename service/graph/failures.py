"""Neo4j's errors in the service's terms. Retryability is read from the error's type or code, never from its text."""

from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    ConnectionAcquisitionTimeoutError,
    ConstraintError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError as Neo4jTransientError,
)

from service.errors import DocgraphError, GraphRejectedError, GraphUnavailableError

_RACES = (
    "Neo.ClientError.Statement.EntityNotFound",
    "Neo.ClientError.Transaction.LockAcquisitionTimeout",
    "Neo.TransientError.Transaction.LockAcquisitionTimeout",
)
_SERVER_IS_ILL = (
    "Neo.ClientError.Security.",
    "Neo.ClientError.Database.",
    "Neo.ClientError.Transaction.",
    "Neo.DatabaseError.",
)


def is_race(error: Exception) -> bool:
    """Tell whether running the same transaction again is right.

    Two writers met (a key created twice, a node swept meanwhile), or the connection died under COMMIT, whose outcome is
    unknown: the version guard makes a second run of a transaction that did commit harmless.
    """
    if isinstance(error, ConstraintError | IncompleteCommit):
        return True
    return isinstance(error, Neo4jError) and error.code in _RACES


def translate(error: Exception) -> DocgraphError:
    """Return the service's error for one of the driver's.

    A server that is away or ill is not the document's fault: `GraphUnavailableError`. The rest of what a server says
    about a statement with this document's values would be said again: `GraphRejectedError`.
    """
    text = f"{type(error).__name__}: {getattr(error, 'message', None) or error or 'no answer in time'}"
    ill = isinstance(
        error,
        Neo4jTransientError
        | ServiceUnavailable
        | SessionExpired
        | ConnectionAcquisitionTimeoutError
        | IncompleteCommit
        | AuthError
        | ConfigurationError
        | DriverError
        | OSError
        | TimeoutError,
    )
    if ill or (isinstance(error, Neo4jError) and str(error.code).startswith(_SERVER_IS_ILL)):
        return GraphUnavailableError(f"expected Neo4j to commit, got {text}")
    if isinstance(error, ClientError):
        return GraphRejectedError(f"expected Neo4j to store the document, got {text}")
    return GraphUnavailableError(f"expected Neo4j to commit, got {text}")
