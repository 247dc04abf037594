"""Reads of claims and entities by name, for providers and for the program itself.

Owns no query of the API; those are in ``query``.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from callboard_catalog.bulk import chunks
from callboard_catalog.documents import decode_object
from callboard_catalog.entity import Entity
from callboard_catalog.mutations import Located
from callboard_catalog.refs import EntityRef
from callboard_catalog.tables import (
    claims,
    entities,
    shown_document,
    state,
    supplements,
)


def version(connection: Connection) -> int:
    """The number of the last change."""
    return connection.scalar(select(state.c.change)) or 0


def entities_by_ref(connection: Connection, refs: Sequence[str]) -> dict[str, Entity]:
    """Those of the entities that are there, by canonical ref."""
    query = select(entities.c.ref, shown_document).join(
        claims, claims.c.id == entities.c.claim
    )
    return {
        row.ref: Entity.of(decode_object(row.document))
        for some in chunks(refs)
        for row in connection.execute(query.where(entities.c.ref.in_(some)))
    }


def claimed(
    connection: Connection,
    provider: str,
    *,
    location_key: str | None = None,
    kind: str | None = None,
    refs: Sequence[str] | None = None,
) -> list[Located]:
    """What a provider says now, oldest first."""
    query = (
        select(claims.c.document, claims.c.location_key)
        .where(claims.c.provider == provider, claims.c.withdrawn.is_(False))
        .order_by(claims.c.id)
    )
    if location_key is not None:
        query = query.where(claims.c.location_key == location_key)
    if kind is not None:
        query = query.where(claims.c.ref.startswith(f"{kind.lower()}:"))
    if refs is not None:
        query = query.where(claims.c.ref.in_(refs))
    return [
        Located(Entity.of(decode_object(row.document)), row.location_key)
        for row in connection.execute(query)
    ]


def supplemented(connection: Connection, provider: str) -> list[str]:
    """What the supplements of a provider are about."""
    return list(
        connection.scalars(
            select(supplements.c.ref)
            .where(
                supplements.c.provider == provider, supplements.c.withdrawn.is_(False)
            )
            .distinct()
            .order_by(supplements.c.ref)
        )
    )


def claimed_refs(connection: Connection, provider: str) -> dict[str, list[EntityRef]]:
    """Refs that a provider claims, by location key."""
    query = select(claims.c.location_key, claims.c.ref).where(
        claims.c.provider == provider, claims.c.withdrawn.is_(False)
    )
    found: dict[str, list[EntityRef]] = {}
    for row in connection.execute(query.order_by(claims.c.id)):
        found.setdefault(row.location_key, []).append(EntityRef.parse(row.ref))
    return found
