"""Entities: lists, queries, names, facets and ancestry.

Owns the routes below ``/entities`` and ``/entity-facets``, in the form that
``@backstage/catalog-client`` 1.16 reads.
"""

from urllib.parse import urlencode

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
    checked_fields,
    checked_integer,
    decoded,
    read_body,
)
from callboard_catalog.api.errors import NotFoundError, read_only
from callboard_catalog.documents import decode_object, members
from callboard_catalog.entity import MANAGED_BY_LOCATION
from callboard_catalog.query.cursors import (
    Offset,
    Query,
    Text,
    decode_after,
    decode_cursor,
    encode_cursor,
)
from callboard_catalog.query.locations import location_ref
from callboard_catalog.query.pages import (
    Order,
    Page,
    facet,
    first_page,
    id_of_uid,
    ids_of_refs,
    ordered_ids,
    page_at,
)
from callboard_catalog.query.predicates import (
    All,
    InvalidQuery,
    Predicate,
    checked_text,
    parse_filters,
    parse_predicate,
)
from callboard_catalog.query.presenting import present
from callboard_catalog.refs import EntityRef

DEFAULT_LIMIT = 200
LARGEST_PAGE = 10_000
_MOST_FACETS = 100
_MOST_REFS = 10_000
_DEEPEST_ANCESTRY = 20


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


class RefsBody(Struct, rename="camel"):
    """The body of ``POST /entities/by-refs``."""

    entity_refs: list[str]
    fields: list[str] = []
    query: Raw | UnsetType = UNSET


class FacetsBody(Struct):
    """The body of ``POST /entity-facets``."""

    facets: list[str] = []
    query: Raw | UnsetType = UNSET


class Entities:
    """Answers requests for entities."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def routes(self) -> list[BaseRoute]:
        """Its routes, relative to the catalog's."""
        name = "/entities/by-name/{kind}/{namespace}/{name}"
        return [
            Route("/entities", self.every),
            Route("/entities/by-query", self.query, methods=["GET"]),
            Route("/entities/by-query", self.query_by_body, methods=["POST"]),
            Route("/entities/by-refs", self.by_refs, methods=["POST"]),
            Route("/entities/by-uid/{uid}", self.by_uid, methods=["GET"]),
            Route("/entities/by-uid/{uid}", self.remove, methods=["DELETE"]),
            Route(name, self.by_name),
            Route(f"{name}/ancestry", self.ancestry),
            Route("/entity-facets", self.facets, methods=["GET"]),
            Route("/entity-facets", self.facets_by_body, methods=["POST"]),
        ]

    async def every(self, request: Request) -> Response:
        """All entities, or a part of them by ``limit`` and ``offset`` or ``after``."""
        asked = Parameters(request)
        predicate = parse_filters(asked.every("filter"))
        fields = asked.fields()
        orders = [_order(text) for text in asked.every("order")]
        limit, offset = asked.integer("limit", 1), asked.integer("offset", 0)
        after = asked.one("after")
        if after is not None:
            place = decode_after(after)
            limit = _within("limit", place.limit, 1, limit)
            offset = _within("offset", place.offset, 0, offset)
        paged = (limit, offset, after) != (None, None, None)
        headers: dict[str, str] = {}

        def select_ids(connection: Connection) -> list[int]:
            ids = ordered_ids(connection, predicate, orders, keep_unordered=paged)
            start = offset or 0
            if limit is not None and len(ids) > start + limit:
                place = Offset(limit, start + limit)
                headers["link"] = _next_link(request, encode_cursor(place))
            return ids[start:] if limit is None else ids[start : start + limit]

        return await self._reader.streamed(request, select_ids, fields, headers)

    async def query(self, request: Request) -> Response:
        """A page of entities, by parameters."""
        asked = Parameters(request)
        fields = asked.fields()
        limit = _page_limit(asked.integer("limit", 0))
        cursor_text = asked.one("cursor")
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
        predicate = _predicate(body.query)
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

    async def by_refs(self, request: Request) -> Response:
        """Entities by their refs: in the order asked for, null where there is none."""
        body = await read_body(request, RefsBody)
        asked = Parameters(request)
        fields = checked_fields([*body.fields, *asked.fields()])
        parts = (parse_filters(asked.every("filter")), _predicate(body.query))
        both = tuple(part for part in parts if part is not None)
        predicate = All(both) if both else None
        if len(body.entity_refs) > _MOST_REFS:
            raise InvalidQuery(f"Invalid entityRefs, more than {_MOST_REFS}")
        refs = [checked_text(ref).lower() for ref in body.entity_refs]

        def ask(connection: Connection) -> bytes:
            ids = ids_of_refs(connection, list(dict.fromkeys(refs)), predicate)
            found = {
                a.ref: a.body for a in present(connection, [*ids.values()], fields)
            }
            return b",".join(found.get(ref, b"null") for ref in refs)

        items = await self._reader.read(ask)
        return Response(b'{"items":[' + items + b"]}", media_type="application/json")

    async def by_uid(self, request: Request) -> Response:
        """The entity with a uid."""
        uid = checked_text(request.path_params["uid"])

        def ask(connection: Connection) -> bytes:
            id_ = id_of_uid(connection, uid.lower())
            found = [] if id_ is None else present(connection, [id_])
            if not found:
                raise NotFoundError(f"No entity with uid {uid}")
            return found[0].body

        return await self._reader.unless_known(request, ask)

    async def by_name(self, request: Request) -> Response:
        """The entity with a kind, namespace and name."""
        ref = path_ref(request)

        def ask(connection: Connection) -> bytes:
            return _one(connection, ref)[1]

        return await self._reader.unless_known(request, ask)

    async def ancestry(self, request: Request) -> Response:
        """The entity and the locations that it came by."""
        ref = path_ref(request)

        def ask(connection: Connection) -> bytes:
            items: dict[str, tuple[bytes, list[str]]] = {}
            pending = [ref]
            while pending and len(items) < _DEEPEST_ANCESTRY:
                current, body = _one(connection, pending.pop())
                parent = _parent(body)
                known = ids_of_refs(connection, [parent]) if parent else {}
                parents = [name for name in known if name != current]
                items[current] = (body, parents)
                pending += [name for name in parents if name not in items]
            return msgspec.json.encode(
                {
                    "rootEntityRef": str(ref),
                    "items": [
                        {"entity": Raw(body), "parentEntityRefs": parents}
                        for body, parents in items.values()
                    ],
                }
            )

        return await self._reader.unless_known(request, ask)

    async def remove(self, _request: Request) -> Response:
        """Refused: providers alone write."""
        raise read_only()

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
        wanted, predicate = _facets(body.facets), _predicate(body.query)
        text = await self._reader.read(lambda c: _facet_body(c, wanted, predicate))
        return Response(text, media_type="application/json")


def path_ref(request: Request) -> str:
    """The canonical ref that the path names."""
    parts = request.path_params
    ref = EntityRef(parts["kind"], parts["namespace"], parts["name"])
    return checked_text(str(ref))


def _one(connection: Connection, ref: str) -> tuple[str, bytes]:
    ids = ids_of_refs(connection, [ref])
    found = present(connection, list(ids.values()))
    if not found:
        parsed = EntityRef.parse(ref)
        message = f"No entity named '{parsed.name}' found, with kind '{parsed.kind}'"
        raise NotFoundError(f"{message} in namespace '{parsed.namespace}'")
    return ref, found[0].body


def _parent(body: bytes) -> str | None:
    metadata = members(decode_object(body).get("metadata"))
    text = members(metadata.get("annotations")).get(MANAGED_BY_LOCATION)
    return location_ref(text) if isinstance(text, str) else None


def _order(text: str) -> Order:
    direction, colon, field = text.partition(":")
    if not colon or not field or direction not in {"asc", "desc"}:
        message = f'Invalid order parameter "{text}"'
        raise InvalidQuery(f'{message}, expected "<asc or desc>:<field name>"')
    return Order(field.lower(), direction == "desc")


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


def _predicate(raw: Raw | UnsetType) -> Predicate | None:
    return None if raw is UNSET else parse_predicate(decoded(raw))


def _counts(mode: str | None) -> bool:
    if mode not in {None, "include", "exclude"}:
        message = f'Invalid totalItems parameter "{mode}"'
        raise InvalidQuery(f"{message}, expected one of: include, exclude")
    return mode != "exclude"


def _page_limit(limit: int | None) -> int:
    # A larger page is not an error: the answer says where it goes on.
    return DEFAULT_LIMIT if limit is None else min(limit, LARGEST_PAGE)


def _within(
    name: str, value: int | None, least: int, default: int | None
) -> int | None:
    return default if value is None else checked_integer(name, value, least)


def _next_link(request: Request, after: str) -> str:
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in {"offset", "after"}
    ]
    return f'<{request.url.path}?{urlencode([*kept, ("after", after)])}>; rel="next"'


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
