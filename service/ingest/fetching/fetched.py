"""What a fetch brings back."""

from dataclasses import dataclass

from service.documents import Validator


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes at an address, and what its server says about them."""

    content: bytes
    validator: Validator
    media_type: str | None = None
    name: str | None = None
    """A file name, without folders."""
