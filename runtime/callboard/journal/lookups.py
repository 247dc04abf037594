"""Questions to the journal about what came through a hook, and what did not.

For sources that can be asked what they sent: what they sent and the journal does not
have is missing, unless retention removed it.
"""

from collections.abc import Collection, Iterator

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from callboard.tables import deliveries, swept

_AT_ONCE = 500


class Heard(Struct, frozen=True):
    """A hook through which something came, and one of the deliveries."""

    hook: str
    organization: str | None
    repository: str | None
    headers: dict[str, str]


def known(
    connection: Connection, source: str, hook: str, guids: Collection[str]
) -> set[str]:
    """See ``Journal.known``."""
    t = deliveries.c
    found: set[str] = set()
    wanted = sorted(guids)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        here = (t.source == source, t.hook == hook, t.guid.in_(some))
        found.update(connection.scalars(select(t.guid).where(*here)))
    return found


def whole_since(connection: Connection) -> float:
    """See ``Journal.whole_since``."""
    return connection.scalars(select(swept.c.until)).one()


def heard(connection: Connection, source: str) -> Iterator[Heard]:
    """See ``Journal.heard``."""
    # From hook to hook along the index of keys: there are few, of many deliveries each.
    t = deliveries.c
    last = ""
    columns = (t.hook, t.organization, t.repository, t.headers)
    while True:
        query = select(*columns).where(t.source == source, t.hook > last)
        row = connection.execute(query.order_by(t.hook, t.guid).limit(1)).first()
        if row is None:
            return
        last = row.hook
        headers = msgspec.json.decode(row.headers, type=dict[str, str])
        yield Heard(row.hook, row.organization, row.repository, headers)
