"""What stands on entities: every provider's claims, apart from what is shown.

Owns the reading of them. A claim is one provider's word on one ref under one location key.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from callboard_catalog.bulk import rows_in
from callboard_catalog.tables import claims


class Claim(NamedTuple):
    """A standing claim, among those of all providers."""

    ref: str
    id: int
    provider: str
    location_key: str
    digest: str
    changed_as_of: float


_LIVE = select(
    claims.c.ref,
    claims.c.id,
    claims.c.provider,
    claims.c.location_key,
    claims.c.digest,
    claims.c.changed_as_of,
).where(
    claims.c.ref.in_(bindparam("refs", expanding=True)), claims.c.withdrawn.is_(False)
)


def live_claims(connection: Connection, refs: Iterable[str]) -> Iterator[Claim]:
    """Every provider's standing claims on ``refs``."""
    for row in rows_in(connection, _LIVE, "refs", list(refs)):
        yield Claim(*row)
