"""What a request asks, read and checked.

Owns the reading of parameters and bodies: whatever comes, it is understood or answered
with 400.
"""

from contextlib import aclosing
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request

from callboard_catalog.api.errors import ApiError
from callboard_catalog.documents import JsonValue
from callboard_catalog.query.predicates import (
    InvalidQuery,
    Predicate,
    checked_fields,
    checked_text,
    parse_predicate,
)

T = TypeVar("T")

LARGEST_BODY = 4 * 1024 * 1024
_LARGEST = 2**31 - 1


class Parameters:
    """The query string of a request.

    Raises:
        InvalidQuery: It holds what no database can compare.
    """

    def __init__(self, request: Request) -> None:
        self._all: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            # Clients of Express may write `filter[]=` for a list.
            self._all.setdefault(name.removesuffix("[]"), []).append(value)

    def every(self, name: str) -> list[str]:
        """All values of a parameter."""
        return [checked_text(value) for value in self._all.get(name, [])]

    def one(self, name: str) -> str | None:
        """The value of a parameter; None when it is not there.

        Raises:
            InvalidQuery: It is there more than once, or is no text to look for.
        """
        text = self.cursor(name)
        return None if text is None else checked_text(text)

    def cursor(self, name: str) -> str | None:
        """As ``one``, of any length and content: whoever decodes it bounds both.

        Raises:
            InvalidQuery: It is there more than once.
        """
        values = self._all.get(name, [])
        if len(values) > 1:
            raise InvalidQuery(f"Invalid {name}, given more than once")
        return values[0] if values else None

    def integer(self, name: str, least: int) -> int | None:
        """A parameter as a number; None when it is not there.

        Raises:
            InvalidQuery: It is no number, or too small or large.
        """
        text = self.one(name)
        if text is None:
            return None
        number = int(text) if text.isascii() and text.isdecimal() else -1
        return checked_integer(name, number, least)

    def fields(self, name: str = "fields") -> tuple[str, ...]:
        """Comma-separated dotted paths.

        Raises:
            InvalidQuery: One names an element of an array, or there are too many.
        """
        parts = (part for text in self.every(name) for part in text.split(","))
        return checked_fields(list(parts))


def checked_integer(name: str, value: int, least: int) -> int:
    """The number, within its bounds.

    Raises:
        InvalidQuery: It is not.
    """
    if not least <= value <= _LARGEST:
        message = f"expected a whole number from {least} to {_LARGEST}"
        raise InvalidQuery(f"Invalid {name}, {message}")
    return value


async def body_of(request: Request) -> bytes:
    """The body, of a size that is taken.

    Raises:
        ApiError: It is larger, or not JSON by its content type.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(
            400, "Content-Type missing or illegal, expected application/json"
        )
    parts: list[bytes] = []
    size = 0
    # Closed here, not by the garbage collector, when it is left in the middle.
    async with aclosing(request.stream()) as stream:
        async for part in stream:
            size += len(part)
            if size > LARGEST_BODY:
                raise ApiError(413, f"Request body larger than {LARGEST_BODY} bytes")
            parts.append(part)
    return b"".join(parts)


async def read_body(request: Request, kind: type[T]) -> T:
    """The body as a ``kind``.

    Raises:
        ApiError: It is something else.
    """
    body = await body_of(request)
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"Malformed request body, {error}") from None


def decoded(raw: msgspec.Raw) -> JsonValue:
    """A part of a body that is checked by hand.

    Raises:
        ApiError: It nests too deep.
    """
    try:
        return msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"Malformed request body, {error}") from None


def predicate_in(raw: msgspec.Raw | msgspec.UnsetType) -> Predicate | None:
    """The predicate of a body; None when it has none.

    Raises:
        ApiError: It nests too deep.
        InvalidQuery: It is no predicate.
    """
    return None if raw is msgspec.UNSET else parse_predicate(decoded(raw))


class FullText(Struct):
    """The full-text part of a query's body."""

    term: str = ""
    fields: list[str] | None = None
