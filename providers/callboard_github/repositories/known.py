"""What the catalog knows of a repository's files.

Owns the question what stands under which location keys: entities, or problems of files
that hold no good entity yet.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct
from sqlalchemy import Connection, bindparam, select

from callboard_catalog import Catalog, Entity
from callboard_catalog.documents import decode_object
from callboard_catalog.prefixes import begins, so
from callboard_catalog.tables import claims, problems

Known: TypeAlias = "Mapping[str, KnownFile]"
"""By location key."""


class KnownFile(Struct):
    """What is known of one file."""

    entities: dict[str, Entity]
    """By ref."""
    troubled: bool = False
    """Whether some document of it was rejected."""


_STANDING = select(claims.c.location_key, claims.c.ref, claims.c.document).where(
    claims.c.provider == bindparam("said_by"),
    begins(claims.c.location_key),
    claims.c.withdrawn.is_(False),
)
_REJECTED = select(problems.c.location_key).where(
    problems.c.provider == bindparam("said_by"),
    begins(problems.c.location_key),
    problems.c.kind == "rejected",
)


async def known_files(catalog: Catalog, provider: str, prefix: str) -> Known:
    """The files whose location keys begin with ``prefix``."""
    asked = {"said_by": provider, **so(prefix)}

    def read(connection: Connection) -> Known:
        found: dict[str, KnownFile] = {}
        for key, ref, document in connection.execute(_STANDING, asked):
            entity = Entity.of(decode_object(document))
            found.setdefault(key, KnownFile({})).entities[ref] = entity
        for key in connection.scalars(_REJECTED, asked):
            found.setdefault(key, KnownFile({})).troubled = True
        return found

    return await catalog.database.read(read)
