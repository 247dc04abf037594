"""JSON documents, the plain form of every entity.

Owns what counts as the same document: keys in a fixed order, encoded without spaces, so
that two writes can be compared by a hash.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import TypeAlias

import msgspec

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
Document: TypeAlias = Mapping[str, JsonValue]

_encoder = msgspec.json.Encoder(order="sorted")


def encode(value: JsonValue) -> bytes:
    """The value as JSON, keys sorted.

    Raises:
        ValueError: It holds something that JSON can not, such as a lone surrogate.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None


def decode(text: str | bytes) -> JsonValue:
    """What ``encode`` wrote."""
    return msgspec.json.decode(text)


def decode_object(text: str | bytes) -> dict[str, JsonValue]:
    """What ``encode`` wrote of a mapping."""
    return msgspec.json.decode(text)


def digest(encoded: bytes) -> str:
    """Names the content: equal for equal documents, of 40 hex digits."""
    return sha1(encoded, usedforsecurity=False).hexdigest()


def is_list(value: JsonValue) -> bool:
    """Whether the value is a JSON array; a string is a sequence too, but not here."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def items(value: JsonValue) -> Sequence[JsonValue]:
    """The elements of an array, one for a lone value, none for null."""
    if value is None:
        return ()
    # Almost all are lists; asking an abstract class takes ten times as long.
    if isinstance(value, list):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    return (value,)


def members(value: JsonValue) -> Document:
    """The members of an object; none for anything else."""
    return value if isinstance(value, dict | Mapping) else {}


def shown(value: object) -> str:
    """A value as an error message quotes it, cut to what fits on a line."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "…"
