"""Locations: the places that entities were read from.

Owns their names. Backstage keeps locations that people registered; here they are what
location keys of the form ``url:<target>`` say, so they come and go with the entities.
"""

from hashlib import sha1
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct
from sqlalchemy import Connection, select

from callboard_catalog.documents import decode_object, members
from callboard_catalog.entity import MANAGED_BY_LOCATION, MANAGED_BY_ORIGIN_LOCATION
from callboard_catalog.prefixes import begins, so
from callboard_catalog.query.predicates import (
    All,
    Either,
    Has,
    HasPrefix,
    Not,
    Predicate,
)
from callboard_catalog.tables import claims, entities, shown_document

_URL = "url:"


class Location(Struct, frozen=True, rename="camel"):
    """A place, as Backstage names it."""

    id: str
    type: str
    target: str
    entity_ref: str

    @classmethod
    def of(cls, text: str) -> "Location":
        """The location that a ``<type>:<target>`` text names."""
        type_, _, target = text.partition(":")
        return cls(str(uuid5(NAMESPACE_URL, text)), type_, target, location_ref(text))


def location_ref(text: str) -> str:
    """The ref that Backstage gives the entity of a ``<type>:<target>`` location."""
    digest = sha1(text.encode(), usedforsecurity=False).hexdigest()
    return f"location:default/generated-{digest}"


def all_locations(connection: Connection) -> list[Location]:
    """Every location, by target."""
    keys = connection.scalars(
        select(claims.c.location_key)
        .where(claims.c.withdrawn.is_(False), claims.c.location_key.startswith(_URL))
        .distinct()
        .order_by(claims.c.location_key)
    )
    return [Location.of(key) for key in keys]


def location_of(connection: Connection, ref: str) -> Location | None:
    """Where the entity was read from; None when it is not there or nobody says."""
    row = connection.execute(
        select(claims.c.location_key, shown_document)
        .join(entities, entities.c.claim == claims.c.id)
        .where(entities.c.ref == ref)
    ).one_or_none()
    if row is None:
        return None
    metadata = members(decode_object(row.document)["metadata"])
    annotations = members(metadata.get("annotations"))
    for text in (
        row.location_key,
        annotations.get(MANAGED_BY_ORIGIN_LOCATION),
        annotations.get(MANAGED_BY_LOCATION),
    ):
        if isinstance(text, str) and text.startswith(_URL):
            return Location.of(text)
    return None


_UNDER = (
    select(claims.c.location_key, claims.c.ref)
    .where(claims.c.withdrawn.is_(False), begins(claims.c.location_key))
    .order_by(claims.c.location_key, claims.c.ref)
    .limit(1000)
)


def under(connection: Connection, target: str) -> list[tuple[Location, str, str]]:
    """Entities read from below a URL: location, and kind and name of the ref."""
    return [
        (Location.of(row.location_key), *row.ref.split(":", 1))
        for row in connection.execute(_UNDER, so(f"{_URL}{target}"))
    ]


def matches(predicate: Predicate | None, location: Location) -> bool:
    """Whether a location holds what the predicate asks."""
    match predicate:
        case None:
            return True
        case All(parts):
            return all(matches(part, location) for part in parts)
        case Either(parts):
            return any(matches(part, location) for part in parts)
        case Not(part):
            return not matches(part, location)
        case Has(key, values):
            value = _values(location).get(key)
            return value is not None and (values is None or value in values)
        case HasPrefix(key, prefix):
            return _values(location).get(key, "\0").startswith(prefix)


def _values(location: Location) -> dict[str, str]:
    return {
        "id": location.id,
        "type": location.type.lower(),
        "target": location.target.lower(),
        "entityref": location.entity_ref,
    }
