"""What stands against claims: conflicts, and documents that were rejected.

Owns the record of both. A problem stays until its cause is gone, is written to the
history when it comes, changes and goes, and not again while it stays the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from callboard import Stamp
from callboard_catalog.bulk import chunks, insert_rows
from callboard_catalog.change import NOWHERE, Change
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


def note_conflicts(
    connection: Connection,
    ledger: Ledger,
    stamp: Stamp,
    refs: Iterable[str],
    conflicts: Iterable[Conflict],
) -> None:
    """Make ``conflicts`` the ones that stand on ``refs``."""
    there: dict[Against, str] = {}
    for some in chunks(list(refs)):
        there.update(
            _load(connection, problems.c.kind == CONFLICT, problems.c.ref.in_(some))
        )
    wanted = {
        Against(c.ref, c.provider, c.location_key, CONFLICT): str(c) for c in conflicts
    }
    _write(connection, ledger, stamp, there, wanted)


def note_rejected(connection: Connection, ledger: Ledger, change: Change) -> None:
    """Make what the change rejected stand, and what it says anew stand no more."""
    there: dict[Against, str] = {}
    for condition in _concerned(change):
        there.update(
            _load(
                connection,
                problems.c.kind == REJECTED,
                problems.c.provider == change.provider,
                condition,
            )
        )
    wanted: dict[Against, str] = {}
    for rejected in change.rejected:
        key = rejected.location_key or NOWHERE
        if change.scope not in {NOWHERE, key}:
            continue  # told to the run; it is no word on anything in the catalog
        against = Against(rejected.ref or "", change.provider, key, REJECTED)
        told = "; ".join(map(str, rejected.problems))
        earlier = wanted.get(against)
        wanted[against] = (f"{earlier}; {told}" if earlier else told)[:_LONGEST]
    _write(connection, ledger, change.stamp, there, wanted)


def _concerned(change: Change) -> list[ColumnElement[bool]]:
    if change.full and change.scope == NOWHERE:
        return [problems.c.provider == change.provider]
    if change.full:
        return [problems.c.location_key == change.scope]
    refs = {given.ref for given in change.given} | {ref for ref, _ in change.removed}
    refs |= {r.ref for r in change.rejected if r.ref}
    keys = {given.location_key for given in change.given}
    keys |= {r.location_key or NOWHERE for r in change.rejected}
    conditions: list[ColumnElement[bool]] = [
        problems.c.ref.in_(some) for some in chunks(sorted(refs))
    ]
    conditions += [
        and_(problems.c.ref == "", problems.c.location_key.in_(some))
        for some in chunks(sorted(keys))
    ]
    return conditions


def _load(
    connection: Connection, *conditions: ColumnElement[bool]
) -> dict[Against, str]:
    columns = (problems.c.ref, problems.c.provider, problems.c.location_key)
    query = select(*columns, problems.c.kind, problems.c.message).where(*conditions)
    return {Against(*row[:4]): row[4] for row in connection.execute(query)}


def _write(
    connection: Connection,
    ledger: Ledger,
    stamp: Stamp,
    there: Mapping[Against, str],
    wanted: Mapping[Against, str],
) -> None:
    gone = [against for against in there if there[against] != wanted.get(against)]
    come = [against for against in wanted if wanted[against] != there.get(against)]
    for against in gone:
        connection.execute(delete(problems).where(*_exactly(against)))
        if against not in wanted:
            _record(ledger, stamp, "settled", against, there[against])
    rows: list[tuple[object, ...]] = []
    for against in come:
        message = wanted[against]
        rows.append(
            (*against, message, stamp.at, stamp.run, stamp.task, stamp.delivery)
        )
        operation = "conflicted" if against.kind == CONFLICT else "rejected"
        _record(ledger, stamp, operation, against, message)
    insert_rows(connection, problems, list(problems.columns), rows)


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


def _exactly(against: Against) -> list[ColumnElement[bool]]:
    columns: list[Any] = list(problems.primary_key.columns)
    return [column == value for column, value in zip(columns, against, strict=True)]


def standing_conflicts(connection: Connection, change: Change) -> list[Conflict]:
    """The provider's claims that do not hold.

    All of them for a full mutation, those it names for a delta.
    """
    query = (
        select(
            problems.c.ref,
            problems.c.provider,
            problems.c.location_key,
            claims.c.provider,
            claims.c.location_key,
        )
        .join(entities, entities.c.ref == problems.c.ref)
        .join(claims, claims.c.id == entities.c.claim)
        .where(problems.c.provider == change.provider, problems.c.kind == CONFLICT)
        .order_by(problems.c.ref, problems.c.location_key)
    )
    if change.full and change.scope == NOWHERE:
        queries = [query]
    elif change.full:
        queries = [query.where(problems.c.location_key == change.scope)]
    else:
        refs = sorted({given.ref for given in change.given})
        queries = [query.where(problems.c.ref.in_(some)) for some in chunks(refs)]
    return [Conflict(*row) for each in queries for row in connection.execute(each)]
