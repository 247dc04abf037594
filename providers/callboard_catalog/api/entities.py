"""Entities: lists, refs, names and ancestry.

Owns the routes to entities that are known or wanted all at once, in the form that
``@backstage/catalog-client`` 1.16 reads.
"""

from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from callboard_catalog.api.answering import Reader
from callboard_catalog.api.asking import (
    Parameters,
    checked_integer,
    predicate_in,
    read_body,
)
from callboard_catalog.api.errors import NotFoundError, read_only
from callboard_catalog.documents import decode_object, members
from callboard_catalog.entity import MANAGED_BY_LOCATION
from callboard_catalog.query.cursors import (
    Offset,
    decode_after,
    encode_cursor,
)
from callboard_catalog.query.locations import location_ref
from callboard_catalog.query.pages import (
    Order,
    id_of_uid,
    ids_of_refs,
    ordered_ids,
)
from callboard_catalog.query.predicates import (
    All,
    InvalidQuery,
    checked_fields,
    checked_text,
    parse_filters,
)
from callboard_catalog.query.presenting import present, present_refs
from callboard_catalog.refs import EntityRef

_MOST_REFS = 10_000
_DEEPEST_ANCESTRY = 20


class RefsBody(Struct, rename="camel"):
    """The body of ``POST /entities/by-refs``."""

    entity_refs: list[str]
    fields: list[str] = []
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
            Route("/entities/by-refs", self.by_refs, methods=["POST"]),
            Route("/entities/by-uid/{uid}", self.by_uid, methods=["GET"]),
            Route("/entities/by-uid/{uid}", self.remove, methods=["DELETE"]),
            Route(name, self.by_name),
            Route(f"{name}/ancestry", self.ancestry),
        ]

    async def every(self, request: Request) -> Response:
        """All entities, or a part of them by ``limit`` and ``offset`` or ``after``."""
        asked = Parameters(request)
        predicate = parse_filters(asked.every("filter"))
        fields = asked.fields()
        orders = [_order(text) for text in asked.every("order")]
        limit, offset = asked.integer("limit", 1), asked.integer("offset", 0)
        after = asked.cursor("after")
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

    async def by_refs(self, request: Request) -> Response:
        """Entities by their refs: in the order asked for, null where there is none."""
        body = await read_body(request, RefsBody)
        asked = Parameters(request)
        fields = checked_fields([*body.fields, *asked.fields()])
        parts = (parse_filters(asked.every("filter")), predicate_in(body.query))
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


def path_ref(request: Request) -> str:
    """The canonical ref that the path names."""
    parts = request.path_params
    ref = EntityRef(parts["kind"], parts["namespace"], parts["name"])
    return checked_text(str(ref))


def _one(connection: Connection, ref: str) -> tuple[str, bytes]:
    found = present_refs(connection, [ref])
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
