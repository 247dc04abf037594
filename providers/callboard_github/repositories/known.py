"""What the catalog knows of a repository's files.

Owns the question what stands under which location keys: entities, or problems of files
that hold no good entity yet.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct
from sqlalchemy import Connection, select

from callboard_catalog import Catalog, Entity
from callboard_catalog.documents import decode_object
from callboard_catalog.tables import claims, problems

Known: TypeAlias = "Mapping[str, KnownFile]"
"""By location key."""


class KnownFile(Struct):
    """What is known of one file."""

    entities: dict[str, Entity]
    """By ref."""
    troubled: bool = False
    """Whether some document of it was rejected."""


async def known_files(catalog: Catalog, provider: str, prefix: str) -> Known:
    """The files whose location keys begin with ``prefix``."""
    conditions = [
        (table.c.provider == provider)
        & table.c.location_key.startswith(prefix, autoescape=True)
        for table in (claims, problems)
    ]

    def read(connection: Connection) -> Known:
        found: dict[str, KnownFile] = {}
        query = select(claims.c.location_key, claims.c.ref, claims.c.document)
        standing = query.where(conditions[0], claims.c.withdrawn.is_(False))
        for key, ref, document in connection.execute(standing):
            entity = Entity.of(decode_object(document))
            found.setdefault(key, KnownFile({})).entities[ref] = entity
        rejected = select(problems.c.location_key).where(conditions[1])
        for key in connection.scalars(rejected.where(problems.c.kind == "rejected")):
            found.setdefault(key, KnownFile({})).troubled = True
        return found

    return await catalog.database.read(read)
