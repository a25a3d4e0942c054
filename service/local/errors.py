"""The one error of the embedded stack."""

from service.errors import StartupError


class LocalStackError(StartupError):
    """A local server cannot start, stop or answer. The text says what was expected, what came and how to fix it."""
