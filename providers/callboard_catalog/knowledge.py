"""What each provider says, and from when.

Owns the answer how old the catalog's knowledge of a word is. A full mutation speaks of all
that its provider has, except of what it rejected: there an older word still counts.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from math import inf
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import Connection, Executable, Row, Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from callboard_catalog.bulk import rows_in
from callboard_catalog.change import NOWHERE, Change
from callboard_catalog.tables import problems, reads

CONFLICT = "conflict"
REJECTED = "rejected"
UNREAD = "unread"


class Known(Struct, frozen=True):
    """A word that stands, or the memory of one that was withdrawn, as stored."""

    id: int
    digest: str
    as_of: float
    withdrawn: bool


class Rejection(NamedTuple):
    """The knowledge that something can not be read."""

    kind: str
    """``REJECTED``, or ``UNREAD``: what was rejected, until all of its location was."""
    message: str
    as_of: float
    read_until: float
    """As-of of the newest full mutation that could read it."""


class Knowledge(Struct, frozen=True):
    """What the store holds of what a change is about."""

    words: dict[tuple[str, str], Known]
    read_at: dict[str, float]
    """As-of of the last full mutation, by location key."""
    rejections: dict[tuple[str, str], Rejection]
    """By ref, empty for all under the key, and location key."""

    def covered_until(self, key: str) -> float:
        """As-of of the newest full mutation that covers a location key."""
        return max(self.read_at.get(NOWHERE, -inf), self.read_at.get(key, -inf))

    def read_until(self, ref: str, key: str) -> float:
        """As-of of the newest full mutation that has a word on a ref."""
        for name in excepting(ref, key):
            if (rejection := self.rejections.get(name)) is not None:
                return rejection.read_until
        return self.covered_until(key)

    def known_until(self, ref: str, key: str) -> float:
        """The time that the catalog's knowledge of a word is from."""
        until = self.read_until(ref, key)
        for name in (key, NOWHERE):
            claim = self.words.get((ref, name))
            if claim is not None:
                until = max(until, claim.as_of)
        return until


class _Said:
    """The questions what a provider said before, built once for each table."""

    def __init__(self, table: Table) -> None:
        c = table.c
        self.all = select(
            c.ref, c.location_key, c.id, c.digest, c.as_of, c.withdrawn
        ).where(c.provider == bindparam("said_by"))
        under = c.location_key == bindparam("key")
        self.under = self.all.where(under)
        self.of = self.all.where(c.ref.in_(bindparam("refs", expanding=True)))
        self.of_under = self.of.where(under)


_said = cache(_Said)


def excepting(ref: str, key: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """The names under which a word may be rejected."""
    return (ref, key), ("", key)


def load_knowledge(
    connection: Connection,
    table: Table,
    change: Change,
    rejections: dict[tuple[str, str], Rejection],
) -> Knowledge:
    """Read what the provider said before about what the change is about."""
    said, said_by = _said(table), {"said_by": change.provider}
    if change.full and change.scope == NOWHERE:
        rows = iter(connection.execute(said.all, said_by))
    elif change.full:
        under = connection.execute(said.under, {"key": change.scope, **said_by})
        # Memories of withdrawal under every key concern this one too.
        everywhere = {"key": NOWHERE, **said_by}
        rows = chain(
            under,
            rows_in(connection, said.of_under, "refs", _refs(change), **everywhere),
        )
    else:
        rows = rows_in(connection, said.of, "refs", _refs(change), **said_by)
    found = {(row[0], row[1]): Known(row[2], row[3], row[4], row[5]) for row in rows}
    return Knowledge(found, _read_at(connection, change, found), rejections)


_REJECTIONS = select(
    problems.c.ref,
    problems.c.location_key,
    problems.c.kind,
    problems.c.message,
    problems.c.as_of,
    problems.c.read_until,
).where(problems.c.provider == bindparam("said_by"), problems.c.kind != CONFLICT)
_REJECTIONS_UNDER = _REJECTIONS.where(problems.c.location_key == bindparam("key"))
_REJECTIONS_OF = _REJECTIONS.where(
    problems.c.ref.in_(bindparam("refs", expanding=True))
)


def load_rejections(
    connection: Connection, change: Change
) -> dict[tuple[str, str], Rejection]:
    """Read what of the provider's words could not be read, where a change concerns it."""
    said_by = {"said_by": change.provider}
    if not change.full:
        rows: Iterator[Row[str, str, str, str, float, float | None]]
        refs = [*_refs(change), ""]
        rows = rows_in(connection, _REJECTIONS_OF, "refs", refs, **said_by)
    elif change.scope == NOWHERE:
        rows = iter(connection.execute(_REJECTIONS, said_by))
    else:
        under = {"key": change.scope, **said_by}
        rows = iter(connection.execute(_REJECTIONS_UNDER, under))
    return {
        (ref, key): Rejection(kind, told, as_of, -inf if until is None else until)
        for ref, key, kind, told, as_of, until in rows
    }


def _refs(change: Change) -> list[str]:
    refs = [given.ref for given in change.given]
    refs += [ref for ref, _ in change.removed]
    refs += [rejected.ref for rejected in change.rejected if rejected.ref]
    return list(dict.fromkeys(refs))


_READ = select(reads.c.location_key, reads.c.as_of).where(
    reads.c.provider == bindparam("read_by")
)
_READ_OF = _READ.where(reads.c.location_key.in_(bindparam("keys", expanding=True)))


def _read_at(
    connection: Connection, change: Change, found: Iterable[tuple[str, str]]
) -> dict[str, float]:
    read_by = {"read_by": change.provider}
    if change.full and change.scope == NOWHERE:
        return {row[0]: row[1] for row in connection.execute(_READ, read_by)}
    keys = {NOWHERE, change.scope}
    keys.update(given.location_key for given in change.given)
    keys.update(key for _, key in change.removed)
    keys.update(rejected.location_key or NOWHERE for rejected in change.rejected)
    # A removal that names no key meets words under keys that the change does not name.
    keys.update(key for _, key in found)
    rows = rows_in(connection, _READ_OF, "keys", sorted(keys), **read_by)
    return {row[0]: row[1] for row in rows}


@cache
def _write_of(dialect: str) -> Executable:
    """Writes when a location was read, unless a later reading is known."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(reads)
    key = [reads.c.provider, reads.c.location_key]
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={c.name: insert.excluded[c.name] for c in reads.c if c not in set(key)},
        where=reads.c.as_of <= insert.excluded.as_of,
    )


def write_read(connection: Connection, change: Change) -> None:
    """Note a full mutation: from when the provider's word on everything is."""
    values = {
        "provider": change.provider,
        "location_key": change.scope,
        "as_of": change.as_of,
        "given": len(change.given),
        "at": change.stamp.at,
        "run": change.stamp.run,
        "task": change.stamp.task,
        "delivery": change.stamp.delivery,
    }
    connection.execute(_write_of(connection.dialect.name), values)
    if change.scope == NOWHERE:
        connection.execute(
            delete(reads).where(
                reads.c.provider == change.provider,
                reads.c.location_key != NOWHERE,
                reads.c.as_of <= change.as_of,
            )
        )
