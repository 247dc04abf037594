"""Claims that do not hold, because another location key does.

Owns the record of conflicts. One stands until its cause is gone, is written to the
history when it comes and goes, and not again while it stays the same.
"""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, or_, select

from callboard_catalog.bulk import CHUNK, delete_rows, insert_rows, rows_in
from callboard_catalog.change import NOWHERE, Change
from callboard_catalog.knowledge import CONFLICT
from callboard_catalog.ledger import Ledger
from callboard_catalog.mutations import Conflict
from callboard_catalog.tables import claims, entities, problems


class Against(NamedTuple):
    """The claim that a conflict stands against."""

    ref: str
    provider: str
    location_key: str
    kind: str = CONFLICT


_OF = problems.c.ref.in_(bindparam("refs", expanding=True))
_BY = problems.c.provider == bindparam("said_by")
_ALL = select(
    problems.c.ref, problems.c.provider, problems.c.location_key, problems.c.message
).where(problems.c.kind == CONFLICT)
_ON_REFS = _ALL.where(_OF)
_OF_PROVIDER = _ALL.where(or_(_OF, _BY))
_UNDER = _BY & (problems.c.location_key == bindparam("key"))
_OF_LOCATION = _ALL.where(or_(_OF, _UNDER))


class Conflicts:
    """The conflicts that stand where a change may settle or raise some.

    Args:
        connection: Of the change's transaction.
        change: What is being applied.
        touched: Refs whose claims it changed.
    """

    def __init__(
        self, connection: Connection, change: Change, touched: Iterable[str]
    ) -> None:
        self._connection = connection
        self._change = change
        self._touched = frozenset(touched)
        self._there = self._load()

    def _load(self) -> dict[Against, str]:
        # One look at the database for all of it, unless there are very many refs.
        query, refs = _ON_REFS, self._touched
        asked: dict[str, object] = {}
        if self._change.full:
            query, asked["said_by"] = _OF_PROVIDER, self._change.provider
            if self._change.scope != NOWHERE:
                query, asked["key"] = _OF_LOCATION, self._change.scope
        else:
            refs = refs | {given.ref for given in self._change.given}
        listed = sorted(refs)
        rows = chain(
            self._connection.execute(query, {"refs": listed[:CHUNK], **asked}),
            rows_in(self._connection, _ON_REFS, "refs", listed[CHUNK:]),
        )
        return {Against(*row[:3]): row[3] for row in rows}

    def note(self, ledger: Ledger, conflicts: Iterable[Conflict]) -> None:
        """Make ``conflicts`` the ones that stand on the touched refs."""
        change, there = self._change, self._there
        wanted = {Against(c.ref, c.provider, c.location_key): str(c) for c in conflicts}
        before = [against for against in there if against.ref in self._touched]
        gone = [against for against in before if there[against] != wanted.get(against)]
        come = [against for against in wanted if wanted[against] != there.get(against)]
        delete_rows(self._connection, problems, list(problems.primary_key), gone)
        for against in gone:
            message = there.pop(against)
            if against not in wanted:
                _record(ledger, change, "settled", against, message)
        stamp = change.stamp
        of = (stamp.at, stamp.run, stamp.task, stamp.delivery, change.as_of, None)
        rows: list[tuple[object, ...]] = []
        for against in come:
            message = there[against] = wanted[against]
            rows.append((*against, message, *of))
            _record(ledger, change, "conflicted", against, message)
        insert_rows(self._connection, problems, list(problems.columns), rows)

    def of_provider(self) -> list[Conflict]:
        """The provider's claims that do not hold.

        All of them for a full mutation, those it names for a delta.
        """
        change = self._change
        given = {item.ref for item in change.given}
        refs = {
            against.ref
            for against in self._there
            if against.provider == change.provider
            and (change.full or against.ref in given)
            and change.scope in {NOWHERE, against.location_key}
        }
        if not refs:
            return []
        rows = rows_in(
            self._connection, _HELD, "refs", sorted(refs), said_by=change.provider
        )
        found = [Conflict(*row) for row in rows]
        return [c for c in found if change.scope in {NOWHERE, c.location_key}]


_HELD = (
    select(
        problems.c.ref,
        problems.c.provider,
        problems.c.location_key,
        claims.c.provider,
        claims.c.location_key,
    )
    .join(entities, entities.c.ref == problems.c.ref)
    .join(claims, claims.c.id == entities.c.claim)
    .where(_OF, _BY, problems.c.kind == CONFLICT)
    .order_by(problems.c.ref, problems.c.location_key)
)


def _record(
    ledger: Ledger, change: Change, operation: str, against: Against, message: str
) -> None:
    ref, key = against.ref, against.location_key
    ledger.record(change.stamp, operation, ref=ref, location_key=key, message=message)
