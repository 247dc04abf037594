"""Queries and facets.

Owns the two ways of asking each: by parameters, and by a body with a predicate.
"""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from callboard_catalog.api.answering import Reader, entities_body
from callboard_catalog.api.asking import (
    FullText,
    Parameters,
    checked_integer,
    predicate_in,
    read_body,
)
from callboard_catalog.query.cursors import (
    Query,
    Text,
    decode_cursor,
    encode_cursor,
)
from callboard_catalog.query.pages import (
    Order,
    Page,
    facet,
    first_page,
    page_at,
)
from callboard_catalog.query.predicates import (
    InvalidQuery,
    Predicate,
    checked_fields,
    checked_text,
    parse_filters,
)
from callboard_catalog.query.presenting import present

DEFAULT_LIMIT = 200
LARGEST_PAGE = 10_000
_MOST_FACETS = 100


class Ordering(Struct):
    """An order field of a query's body."""

    field: str
    order: str


class QueryBody(Struct, rename="camel"):
    """The body of ``POST /entities/by-query``."""

    cursor: str | UnsetType = UNSET
    query: Raw | UnsetType = UNSET
    limit: int | None = None
    offset: int | None = None
    order_by: list[Ordering] = []
    full_text_filter: FullText | None = None
    fields: list[str] = []
    total_items: str | None = None


class FacetsBody(Struct):
    """The body of ``POST /entity-facets``."""

    facets: list[str] = []
    query: Raw | UnsetType = UNSET


class Queries:
    """Answers requests for pages of entities, and for values."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def routes(self) -> list[BaseRoute]:
        """Its routes, relative to the catalog's."""
        return [
            Route("/entities/by-query", self.query, methods=["GET"]),
            Route("/entities/by-query", self.query_by_body, methods=["POST"]),
            Route("/entity-facets", self.facets, methods=["GET"]),
            Route("/entity-facets", self.facets_by_body, methods=["POST"]),
        ]

    async def query(self, request: Request) -> Response:
        """A page of entities, by parameters."""
        asked = Parameters(request)
        fields = asked.fields()
        limit = _page_limit(asked.integer("limit", 0))
        cursor_text = asked.cursor("cursor")
        if cursor_text:
            cursor = decode_cursor(cursor_text)
            return await self._reader.unless_known(
                request,
                lambda c: _page_body(c, page_at(c, cursor, limit=limit), fields),
            )
        orders = [_order_field(text) for text in asked.every("orderField")]
        text_fields = [
            part
            for value in asked.every("fullTextFilterFields")
            for part in value.split(",")
        ]
        query = _query(
            parse_filters(asked.every("filter")),
            orders,
            FullText(asked.one("fullTextFilterTerm") or "", text_fields or None),
        )
        count = _counts(asked.one("totalItems"))
        offset = asked.integer("offset", 0) or 0
        return await self._reader.unless_known(
            request,
            lambda c: _page_body(
                c, first_page(c, query, limit=limit, offset=offset, count=count), fields
            ),
        )

    async def query_by_body(self, request: Request) -> Response:
        """A page of entities, by a body with a predicate."""
        body = await read_body(request, QueryBody)
        fields = checked_fields(body.fields)
        given = None if body.limit is None else checked_integer("limit", body.limit, 0)
        limit = _page_limit(given)
        if body.cursor is not UNSET:
            cursor = decode_cursor(body.cursor)
            text = await self._reader.read(
                lambda c: _page_body(c, page_at(c, cursor, limit=limit), fields)
            )
            return Response(text, media_type="application/json")
        orders = [Order(*_checked_order(o.field, o.order)) for o in body.order_by]
        predicate = predicate_in(body.query)
        query = _query(predicate, orders, body.full_text_filter or FullText())
        count = _counts(body.total_items)
        offset = checked_integer("offset", body.offset or 0, 0)

        def ask(connection: Connection) -> bytes:
            page = first_page(
                connection,
                query,
                limit=limit,
                offset=offset,
                count=count,
                by_post=True,
            )
            return _page_body(connection, page, fields)

        text = await self._reader.read(ask)
        return Response(text, media_type="application/json")

    async def facets(self, request: Request) -> Response:
        """Values of keys, and how many entities have each."""
        asked = Parameters(request)
        wanted = _facets(asked.every("facet"))
        predicate = parse_filters(asked.every("filter"))
        return await self._reader.unless_known(
            request, lambda c: _facet_body(c, wanted, predicate)
        )

    async def facets_by_body(self, request: Request) -> Response:
        """As ``facets``, with a predicate."""
        body = await read_body(request, FacetsBody)
        wanted, predicate = _facets(body.facets), predicate_in(body.query)
        text = await self._reader.read(lambda c: _facet_body(c, wanted, predicate))
        return Response(text, media_type="application/json")


def _order_field(text: str) -> Order:
    field, comma, direction = text.partition(",")
    return Order(*_checked_order(field, direction if comma else "asc"))


def _checked_order(field: str, direction: str) -> tuple[str, bool]:
    if direction not in {"asc", "desc"}:
        raise InvalidQuery("Invalid order field order, must be asc or desc")
    if not field:
        raise InvalidQuery("Invalid order field, must not be empty")
    return checked_text(field).lower(), direction == "desc"


def _query(
    predicate: Predicate | None, orders: list[Order], full_text: FullText
) -> Query:
    # Backstage orders by the first field alone.
    order = orders[0] if orders else None
    field = order.field if order else None
    text = None
    if term := checked_text(full_text.term).strip().lower():
        fields = checked_fields(full_text.fields or [])
        names = tuple(name.lower() for name in fields)
        text = Text(term, names or (field or "metadata.uid",))
    return Query(predicate, field, order.descending if order else False, text)


def _counts(mode: str | None) -> bool:
    if mode not in {None, "include", "exclude"}:
        message = f'Invalid totalItems parameter "{mode}"'
        raise InvalidQuery(f"{message}, expected one of: include, exclude")
    return mode != "exclude"


def _page_limit(limit: int | None) -> int:
    # A larger page is not an error: the answer says where it goes on.
    return DEFAULT_LIMIT if limit is None else min(limit, LARGEST_PAGE)


def _page_body(connection: Connection, page: Page, fields: tuple[str, ...]) -> bytes:
    neighbours: dict[str, str] = {}
    if page.after is not None:
        neighbours["nextCursor"] = encode_cursor(page.after)
    if page.before is not None:
        neighbours["prevCursor"] = encode_cursor(page.before)
    return msgspec.json.encode(
        {
            "items": Raw(entities_body(present(connection, page.ids, fields))),
            "totalItems": page.total,
            "pageInfo": neighbours,
        }
    )


def _facets(names: list[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(checked_text(name) for name in names if name))
    if not wanted:
        raise InvalidQuery("Missing facet parameter")
    if len(wanted) > _MOST_FACETS:
        raise InvalidQuery(f"Invalid facet, more than {_MOST_FACETS}")
    return wanted


def _facet_body(
    connection: Connection, wanted: tuple[str, ...], predicate: Predicate | None
) -> bytes:
    found = {
        name: [
            {"value": value, "count": count}
            for value, count in facet(connection, name.lower(), predicate)
        ]
        for name in wanted
    }
    return msgspec.json.encode({"facets": found})
