"""Types of the events' fields: bounds, descriptions and examples."""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import EncodedBytes, EncoderProtocol, Field, StringConstraints

LARGEST_VERSION = 2**63 - 1
"""Neo4j stores integers in 64 bits."""

DocumentId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=512),
    Field(description="The producer's id of the document, 1 to 512 characters.", examples=["handbook/install"]),
]
Version = Annotated[
    int,
    Field(
        ge=0,
        le=LARGEST_VERSION,
        description="Grows with every change of the document; an event that is not newer than the graph has no effect.",
        examples=[7],
    ),
]
MetadataValue = str | bool | int | float
Metadata = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], MetadataValue],
    Field(max_length=64, description="Flat facts of the producer's own, at most 64.", examples=[{"team": "platform"}]),
]
EventId = Annotated[
    str, Field(description="Event id of the input: its AMQP `message_id`, or a UUIDv5 of its body without one.")
]


class _StrictBase64(EncoderProtocol):
    """Base64 (RFC 4648) that refuses what is none; pydantic's own drops wrong characters, which changes documents."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        try:
            return base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error as error:
            msg = f"expected base64 (RFC 4648, standard alphabet, padded), got something else: {error}"
            raise ValueError(msg) from None

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return base64.b64encode(value)

    @classmethod
    def get_json_format(cls) -> Literal["base64"]:
        return "base64"


Base64 = Annotated[bytes, EncodedBytes(encoder=_StrictBase64)]
