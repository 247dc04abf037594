"""What stands against claims: conflicts, and documents that were rejected.

Owns the record of both. A problem stays until its cause is gone, is written to the
history when it comes, changes and goes, and not again while it stays the same.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, or_, select

from callboard import Stamp
from callboard_catalog.bulk import CHUNK, delete_rows, insert_rows, rows_in
from callboard_catalog.change import NOWHERE, Change
from callboard_catalog.knowledge import Knowledge
from callboard_catalog.ledger import Ledger
from callboard_catalog.mutations import Conflict
from callboard_catalog.tables import claims, entities, problems

CONFLICT = "conflict"
REJECTED = "rejected"
_LONGEST = 4000


class Against(NamedTuple):
    """What a problem stands against."""

    ref: str
    provider: str
    location_key: str
    kind: str


_ALL = select(
    problems.c.ref,
    problems.c.provider,
    problems.c.location_key,
    problems.c.kind,
    problems.c.message,
)
_OF = problems.c.ref.in_(bindparam("refs", expanding=True))
_BY = problems.c.provider == bindparam("said_by")
_UNDER = problems.c.location_key.in_(bindparam("keys", expanding=True))
_ON_REFS = _ALL.where(_OF)
_OF_PROVIDER = _ALL.where(or_(_OF, _BY))
_OF_LOCATION = _ALL.where(or_(_OF, _BY & _UNDER))
_OF_DELTA = _ALL.where(or_(_OF, (problems.c.ref == "") & _BY & _UNDER))


class Standing:
    """The problems that stand where a change may settle or raise some.

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
        self._named = {given.ref for given in change.given}
        self._named.update(ref for ref, _ in change.removed)
        self._named.update(r.ref for r in change.rejected if r.ref)
        self._keys = {given.location_key for given in change.given}
        self._keys.update(r.location_key or NOWHERE for r in change.rejected)
        self._there = self._load()

    def _load(self) -> dict[Against, str]:
        # One look at the database for all of it, unless there are very many refs.
        query, keys, refs = _OF_DELTA, sorted(self._keys), self._touched | self._named
        if self._change.full:
            query, refs = _OF_LOCATION, self._touched
            keys = [self._change.scope]
            if self._change.scope == NOWHERE:
                query = _OF_PROVIDER
        listed = sorted(refs)
        asked = {"refs": listed[:CHUNK], "said_by": self._change.provider, "keys": keys}
        if query is _OF_PROVIDER:
            del asked["keys"]
        rows = chain(
            self._connection.execute(query, asked),
            rows_in(self._connection, _ON_REFS, "refs", listed[CHUNK:]),
        )
        return {Against(*row[:4]): row[4] for row in rows}

    def note_conflicts(self, ledger: Ledger, conflicts: Iterable[Conflict]) -> None:
        """Make ``conflicts`` the ones that stand on the touched refs."""
        wanted = {
            Against(c.ref, c.provider, c.location_key, CONFLICT): str(c)
            for c in conflicts
        }
        self._write(ledger, self._on_touched, wanted)

    def note_rejected(self, ledger: Ledger, known: Knowledge) -> None:
        """Make what the change rejected stand, and what it says anew stand no more.

        What the catalog knows from later is left alone, as a word would be.

        Args:
            ledger: Of the change's transaction.
            known: What was known before the change.
        """
        change = self._change
        wanted: dict[Against, str] = {}
        for rejected in change.rejected:
            key = rejected.location_key or NOWHERE
            if change.scope not in {NOWHERE, key}:
                continue  # told to the run; it is no word on anything in the catalog
            against = Against(rejected.ref or "", change.provider, key, REJECTED)
            if change.as_of < known.known_until(against.ref, key):
                continue
            told = "; ".join(map(str, rejected.problems))
            earlier = wanted.get(against)
            wanted[against] = (f"{earlier}; {told}" if earlier else told)[:_LONGEST]

        def concerned(against: Against) -> bool:
            until = known.known_until(against.ref, against.location_key)
            return change.as_of >= until and self._concerned(against)

        self._write(ledger, concerned, wanted)

    def conflicts(self) -> list[Conflict]:
        """The provider's claims that do not hold.

        All of them for a full mutation, those it names for a delta.
        """
        change = self._change
        given = {item.ref for item in change.given}
        refs = {
            against.ref
            for against in self._there
            if against.kind == CONFLICT
            and against.provider == change.provider
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

    def _on_touched(self, against: Against) -> bool:
        return against.kind == CONFLICT and against.ref in self._touched

    def _concerned(self, against: Against) -> bool:
        """Whether the change has a word on what was rejected."""
        change = self._change
        if against.kind != REJECTED or against.provider != change.provider:
            return False
        if change.full:
            return change.scope in {NOWHERE, against.location_key}
        if not against.ref:
            return against.location_key in self._keys
        return against.ref in self._named

    def _write(
        self,
        ledger: Ledger,
        about: Callable[[Against], bool],
        wanted: Mapping[Against, str],
    ) -> None:
        stamp, there = self._change.stamp, self._there
        before = [against for against in there if about(against)]
        gone = [against for against in before if there[against] != wanted.get(against)]
        come = [against for against in wanted if wanted[against] != there.get(against)]
        delete_rows(self._connection, problems, list(problems.primary_key), gone)
        for against in gone:
            message = there.pop(against)
            if against not in wanted:
                _record(ledger, stamp, "settled", against, message)
        rows: list[tuple[object, ...]] = []
        for against in come:
            message = there[against] = wanted[against]
            rows.append(
                (*against, message, stamp.at, stamp.run, stamp.task, stamp.delivery)
            )
            operation = "conflicted" if against.kind == CONFLICT else "rejected"
            _record(ledger, stamp, operation, against, message)
        insert_rows(self._connection, problems, list(problems.columns), rows)


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
    ledger: Ledger, stamp: Stamp, operation: str, against: Against, message: str
) -> None:
    ledger.record(
        stamp,
        operation,
        ref=against.ref,
        location_key=against.location_key,
        message=message,
    )
