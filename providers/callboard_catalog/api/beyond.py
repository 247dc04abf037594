"""What the API has beyond Backstage's: history, reasons, changes, export.

Owns the change feed and the export that Backstage reads as a ``url`` location.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence

import anyio
import msgspec
from msgspec import Raw
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from callboard_catalog.api.answering import JSON, Reader, etag, json_answer, knows
from callboard_catalog.api.asking import Parameters
from callboard_catalog.api.entities import path_ref
from callboard_catalog.bulk import chunks
from callboard_catalog.catalog import Catalog
from callboard_catalog.query.changes import News, Position, news_after
from callboard_catalog.query.pages import ordered_ids
from callboard_catalog.query.predicates import parse_filters
from callboard_catalog.query.presenting import present_refs
from callboard_catalog.query.why import history_of, similar, why
from callboard_catalog.tables import claims, entities, shown_document

_MOST_HISTORY = 1000
_MOST_CHANGES = 1000
_LONGEST_WAIT = 55
_AT_ONCE = 1000
# DEL, C1 controls with NEL among them, line and paragraph separators, the byte order
# mark and two noncharacters, in UTF-8. JSON has them in texts alone.
_NOT_YAML = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]"
)


class Beyond:
    """Answers what Backstage's catalog can not."""

    def __init__(self, catalog: Catalog, reader: Reader) -> None:
        self._catalog = catalog
        self._reader = reader

    def routes(self) -> list[BaseRoute]:
        """Its routes, relative to the catalog's."""
        name = "/entities/by-name/{kind}/{namespace}/{name}"
        return [
            Route(f"{name}/history", self.history),
            Route(f"{name}/why", self.why),
            Route("/changes", self.changes),
            Route("/export.yaml", self.export),
        ]

    async def history(self, request: Request) -> Response:
        """Changes of an entity, newest first; also of one that is gone."""
        ref, asked = path_ref(request), Parameters(request)
        limit = min(asked.integer("limit", 1) or 100, _MOST_HISTORY)
        before = asked.integer("before", 1)

        def ask(connection: Connection) -> bytes:
            found = history_of(connection, ref, limit=limit, before=before)
            return msgspec.json.encode({"items": found})

        return await self._reader.unless_known(request, ask)

    async def why(self, request: Request) -> Response:
        """Why an entity is so, or is not there.

        Without an ETag: who looked for it last is told, and looking changes no entity.
        """
        ref = path_ref(request)

        def ask(connection: Connection) -> bytes:
            account = msgspec.to_builtins(why(connection, ref), builtin_types=(Raw,))
            found = [] if account["there"] else similar(connection, ref)
            return msgspec.json.encode({**account, "similar": found})

        text = await self._reader.read(ask)
        return Response(text, headers={"cache-control": "no-cache"}, media_type=JSON)

    async def changes(self, request: Request) -> Response:
        """What changed after a position; waits for it up to ``wait`` seconds."""
        asked = Parameters(request)
        text = asked.one("after")
        after = Position.parse(text) if text is not None else None
        limit = min(asked.integer("limit", 1) or 200, _MOST_CHANGES)
        seconds = min(asked.integer("wait", 0) or 0, _LONGEST_WAIT)
        return json_answer(await self._news(after, limit, seconds))

    async def _news(
        self, after: Position | None, limit: int, seconds: float
    ) -> dict[str, object]:
        def ask(connection: Connection) -> tuple[News, dict[str, object]]:
            news = news_after(connection, after, limit)
            return news, _told(connection, news)

        deadline = anyio.current_time() + seconds
        while True:
            news, told = await self._reader.read(ask)
            left = deadline - anyio.current_time()
            if news.reset or news.position != after or left <= 0:
                return told
            await self._catalog.bell.wait(news.position.number, left)

    async def export(self, request: Request) -> Response:
        """Entities as YAML documents, as providers gave them."""
        predicate = parse_filters(Parameters(request).every("filter"))

        def ask(connection: Connection) -> tuple[str, Sequence[int] | None]:
            tag = etag(connection)
            if knows(request, tag):
                return tag, None
            return tag, ordered_ids(connection, predicate, (), keep_unordered=False)

        tag, ids = await self._reader.read(ask)
        headers = {"etag": tag, "cache-control": "no-cache"}
        if ids is None:
            return Response(None, 304, headers)
        kind = "application/yaml"
        return StreamingResponse(self._documents(ids), 200, headers, media_type=kind)

    async def _documents(self, ids: Sequence[int]) -> AsyncIterator[bytes]:
        yield b"# Entities of callboard's catalog, one YAML document each.\n"
        for some in chunks(ids, _AT_ONCE):
            yield b"".join(await self._reader.read(_documents_of(some)))


def _documents_of(ids: Sequence[int]) -> Callable[[Connection], list[bytes]]:
    query = select(shown_document).join(claims, entities.c.claim == claims.c.id)

    def ask(connection: Connection) -> list[bytes]:
        return [
            b"---\n" + _as_yaml(document) + b"\n"
            for part in chunks(ids)
            for document in connection.scalars(
                query.where(entities.c.id.in_(part)).order_by(entities.c.id)
            )
        ]

    return ask


def _as_yaml(document: bytes) -> bytes:
    """JSON as YAML: what one of them takes and the other does not is escaped.

    Then it is on one line for readers of YAML too, and can not break its neighbours.
    """
    return _NOT_YAML.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), document)


def _told(connection: Connection, news: News) -> dict[str, object]:
    there = present_refs(connection, news.refs)
    refs = {answer.ref for answer in there}
    return {
        "position": str(news.position),
        "reset": news.reset,
        "upserted": [Raw(answer.body) for answer in there],
        "removed": [ref for ref in news.refs if ref not in refs],
    }
