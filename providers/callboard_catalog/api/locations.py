"""Locations, refresh, validation and analysis.

Owns the routes around entities. Locations are what providers read; registering them here
makes no sense, so writes answer as Backstage's catalog does when it is read-only.
"""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from callboard_catalog.api.answering import Reader, json_answer
from callboard_catalog.api.asking import Parameters, checked_integer, decoded, read_body
from callboard_catalog.api.entities import path_ref
from callboard_catalog.api.errors import ApiError, NotFoundError, read_only
from callboard_catalog.query.locations import (
    Location,
    all_locations,
    location_of,
    matches,
    under,
)
from callboard_catalog.query.pages import ids_of_refs
from callboard_catalog.query.predicates import (
    InvalidQuery,
    checked_text,
    parse_predicate,
)
from callboard_catalog.query.presenting import present_refs
from callboard_catalog.refs import EntityRef
from callboard_catalog.rules import Problem, Schema, problems_in

Refresh = Callable[[str], Awaitable[None]]
"""Asks for a canonical ref to be read again."""

_DEFAULT_LIMIT = 1000


class LocationInput(Struct, forbid_unknown_fields=True):
    """A location in a request."""

    type: str
    target: str
    presence: str | None = None


class Place(Struct, frozen=True):
    """A cursor of locations."""

    limit: int
    after: str
    query: Raw | None = None


class LocationsBody(Struct):
    """The body of ``POST /locations/by-query``."""

    cursor: str | None = None
    limit: int | None = None
    query: Raw | UnsetType = UNSET


class RefreshBody(Struct, rename="camel"):
    """The body of ``POST /refresh``."""

    entity_ref: str


class ValidateBody(Struct):
    """The body of ``POST /validate-entity``."""

    entity: Raw
    location: str


class AnalyzeBody(Struct, rename="camel"):
    """The body of ``POST /analyze-location``."""

    location: LocationInput
    catalog_filename: str | None = None


class Locations:
    """Answers requests about locations and documents."""

    def __init__(
        self, reader: Reader, schemas: Mapping[str, Schema], refresh: Refresh
    ) -> None:
        self._reader = reader
        self._schemas = schemas
        self._refresh = refresh

    def routes(self) -> list[BaseRoute]:
        """Its routes, relative to the catalog's."""
        name = "{kind}/{namespace}/{name}"
        return [
            Route("/locations", self.every, methods=["GET"]),
            Route("/locations", self.create, methods=["POST"]),
            Route("/locations/by-query", self.query, methods=["POST"]),
            Route(f"/locations/by-entity/{name}", self.by_entity),
            Route("/locations/{id}", self.by_id, methods=["GET"]),
            Route("/locations/{id}", self.write, methods=["PUT", "DELETE"]),
            Route("/refresh", self.refresh, methods=["POST"]),
            Route("/validate-entity", self.validate, methods=["POST"]),
            Route("/analyze-location", self.analyze, methods=["POST"]),
        ]

    async def every(self, request: Request) -> Response:
        """Every location."""

        def ask(connection: Connection) -> bytes:
            found = all_locations(connection)
            return msgspec.json.encode([{"data": location} for location in found])

        return await self._reader.unless_known(request, ask)

    async def query(self, request: Request) -> Response:
        """A page of locations that match a predicate, by id."""
        body = await read_body(request, LocationsBody)
        if body.cursor is not None:
            place = _place(body.cursor)
            limit, after, raw = place.limit, place.after, place.query
        else:
            limit = _DEFAULT_LIMIT if body.limit is None else body.limit
            after, raw = "", None if body.query is UNSET else body.query
        checked_integer("limit", limit, 1)
        predicate = None if raw is None else parse_predicate(decoded(raw))
        every = await self._reader.read(all_locations)
        found = [one for one in every if matches(predicate, one)]
        found.sort(key=lambda one: one.id)
        rest = [one for one in found if one.id > after]
        page, cursor = rest[:limit], {}
        if len(rest) > limit:
            there = msgspec.json.encode(Place(limit, page[-1].id, raw))
            cursor = {"nextCursor": b64encode(there).decode()}
        answer = {"items": page, "totalItems": len(found), "pageInfo": cursor}
        return json_answer(answer)

    async def by_id(self, request: Request) -> Response:
        """One location."""
        id_ = request.path_params["id"]

        def ask(connection: Connection) -> bytes:
            for location in all_locations(connection):
                if location.id == id_:
                    return msgspec.json.encode(location)
            raise NotFoundError(f"Found no location with ID {id_}")

        return await self._reader.unless_known(request, ask)

    async def by_entity(self, request: Request) -> Response:
        """Where an entity was read from."""
        ref = path_ref(request)

        def ask(connection: Connection) -> bytes:
            location = location_of(connection, ref)
            if location is None:
                raise NotFoundError(f"Found no location for entity {ref}")
            return msgspec.json.encode(location)

        return await self._reader.unless_known(request, ask)

    async def create(self, request: Request) -> Response:
        """Say what a location would give, for a dry run; refused otherwise."""
        location = await read_body(request, LocationInput)
        if Parameters(request).one("dryRun") not in {"true", "1", "yes", "y", "on"}:
            raise read_only()
        if location.type != "url":
            raise InvalidQuery(
                'Registered locations must be of an allowed type ["url"]'
            )
        text = checked_text(f"{location.type}:{location.target}")
        known = Location.of(text)

        def ask(connection: Connection) -> tuple[bool, list[bytes]]:
            below = [
                f"{kind}:{name}"
                for place, kind, name in under(connection, location.target)
                if place.target == location.target
            ]
            shown = present_refs(connection, below)
            return bool(below), [answer.body for answer in shown]

        exists, bodies = await self._reader.read(ask)
        answer = {
            "location": known,
            "entities": [Raw(body) for body in bodies],
            "exists": exists,
        }
        return json_answer(answer, 201)

    async def write(self, _request: Request) -> Response:
        """Refused: providers alone write."""
        raise read_only()

    async def refresh(self, request: Request) -> Response:
        """Have the provider of an entity read everything again."""
        body = await read_body(request, RefreshBody)
        ref = checked_text(str(EntityRef.parse(body.entity_ref)))
        if not await self._reader.read(lambda c: ids_of_refs(c, [ref])):
            raise NotFoundError(f"Entity {ref} not found")
        await self._refresh(ref)
        return Response(status_code=200)

    async def validate(self, request: Request) -> Response:
        """Whether a document is an entity."""
        try:
            body = await read_body(request, ValidateBody)
        except ApiError as error:
            return _invalid([{"name": "InputError", "message": str(error)}])
        if not body.location.startswith("url:") or body.location == "url:":
            message = f"Invalid location ref {body.location}, only 'url:<target>' is"
            example = "e.g. url:https://host/path"
            return _invalid(
                [{"name": "TypeError", "message": f"{message} supported, {example}"}]
            )
        problems = self._problems(body.entity)
        if problems:
            return _invalid(
                [{"name": "InputError", "message": str(each)} for each in problems]
            )
        return Response(status_code=200)

    async def analyze(self, request: Request) -> Response:
        """Which entities a repository has here, or one to begin with."""
        body = await read_body(request, AnalyzeBody)
        target = checked_text(body.location.target)
        try:
            parts = urlsplit(target)
        except ValueError:
            raise InvalidQuery("The given location.target is not a URL") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidQuery("The given location.target is not a URL")
        found = await self._reader.read(lambda c: under(c, target))
        existing = [
            {
                "location": {"type": place.type, "target": place.target},
                "isRegistered": True,
                "entity": _compound(kind, name),
            }
            for place, kind, name in found
        ]
        generated = [] if existing else [_first_entity(parts.path)]
        return json_answer(
            {"existingEntityFiles": existing, "generateEntities": generated}
        )

    def _problems(self, raw: Raw) -> list[Problem]:
        return problems_in(decoded(raw), self._schemas)


def _invalid(errors: list[dict[str, str]]) -> Response:
    return json_answer({"errors": errors}, 400)


def _place(text: str) -> Place:
    try:
        return msgspec.json.decode(b64decode(text, validate=True), type=Place)
    except (ValueError, RecursionError):
        raise InvalidQuery("Malformed cursor, unknown encoding") from None


def _compound(kind: str, name: str) -> dict[str, str]:
    namespace, _, short = name.partition("/")
    return {"kind": kind, "namespace": namespace, "name": short}


def _first_entity(path: str) -> dict[str, object]:
    """A component to begin a catalog file with, and what a person has to fill in."""
    steps = [step for step in path.split("/") if step]
    name = (steps[1] if len(steps) > 1 else "my-component").removesuffix(".git")
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": name},
        "spec": {"type": "other", "lifecycle": "unknown"},
    }
    fields = [
        {
            "field": "spec.owner",
            "state": "needsUserInput",
            "value": None,
            "description": "The group or user who owns it.",
        }
    ]
    return {"entity": entity, "fields": fields}
