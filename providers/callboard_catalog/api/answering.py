"""Answers: entities as JSON, with an ETag.

Owns what every read has in common: the ETag is the number of the catalog's last change,
so an unchanged catalog is answered with 304 after one look at one row.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from callboard import Database
from callboard_catalog.bulk import chunks
from callboard_catalog.query.changes import here
from callboard_catalog.query.presenting import Answer, present

T = TypeVar("T")

_AT_ONCE = 1000
JSON = "application/json; charset=utf-8"


def json_answer(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, media_type=JSON)


def entities_body(answers: Sequence[Answer]) -> bytes:
    """Entities as a JSON array."""
    return b"[" + b",".join(answer.body for answer in answers) + b"]"


class Reader:
    """Reads for requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query in a worker thread."""
        return await self._database.read(query)

    async def unless_known(
        self, request: Request, query: Callable[[Connection], bytes]
    ) -> Response:
        """The JSON that ``query`` makes, or 304 to whoever has it already."""

        def ask(connection: Connection) -> tuple[str, bytes | None]:
            # The tag first: what is read after it is at least as new.
            tag = etag(connection)
            return tag, None if knows(request, tag) else query(connection)

        tag, body = await self.read(ask)
        headers = {"etag": tag, "cache-control": "no-cache"}
        if body is None:
            return Response(None, 304, headers)
        return Response(body, 200, headers, media_type=JSON)

    async def streamed(
        self,
        request: Request,
        select_ids: Callable[[Connection], Sequence[int]],
        fields: Sequence[str],
        headers: dict[str, str],
    ) -> Response:
        """Many entities as a JSON array, without ever holding all; or 304."""

        def ask(connection: Connection) -> tuple[str, Sequence[int] | None]:
            tag = etag(connection)
            return tag, None if knows(request, tag) else select_ids(connection)

        tag, ids = await self.read(ask)
        headers |= {"etag": tag, "cache-control": "no-cache"}
        if ids is None:
            return Response(None, 304, headers)
        if len(ids) <= _AT_ONCE:
            answers = await self.read(lambda c: present(c, ids, fields))
            return Response(entities_body(answers), 200, headers, media_type=JSON)
        pieces = self._pieces(ids, fields)
        return StreamingResponse(pieces, 200, headers, media_type=JSON)

    async def _pieces(
        self, ids: Sequence[int], fields: Sequence[str]
    ) -> AsyncIterator[bytes]:
        opening = b"["
        for some in chunks(ids, _AT_ONCE):
            answers = await self.read(lambda c, some=some: present(c, some, fields))
            if answers:
                yield opening + b",".join(answer.body for answer in answers)
                opening = b","
        yield b"]" if opening == b"," else b"[]"


def etag(connection: Connection) -> str:
    """Names the state of the whole catalog."""
    position = here(connection)
    return f'W/"{position.epoch[:8]}-{position.number}"'


def knows(request: Request, tag: str) -> bool:
    """Whether the client has what the tag names."""
    listed = request.headers.get("if-none-match", "")
    return any(
        known.strip().removeprefix("W/") == tag.removeprefix("W/")
        for known in listed.split(",")
    )
