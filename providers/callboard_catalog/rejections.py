"""What could not be read, and what of it is told.

Owns the record of rejections. Whatever comes first, the newest knowledge decides: one
stands until something newer is said of the same name. A full mutation that rejects all
under a key says nothing of the names there: their own rejections are told no more, and
remembered until it can be read again.
"""

from collections.abc import Mapping
from math import inf

from sqlalchemy import Connection, bindparam, update

from callboard_catalog.bulk import delete_rows, insert_rows
from callboard_catalog.change import NOWHERE, Change
from callboard_catalog.knowledge import REJECTED, UNREAD, Knowledge, Rejection
from callboard_catalog.ledger import Ledger
from callboard_catalog.tables import problems

_LONGEST = 4000
_NEWER_NAMES = ("of_ref", "said_by", "under", "told", "known_as_of", "known_until")
_NEWER = (
    update(problems)
    .where(
        problems.c.ref == bindparam("of_ref"),
        problems.c.provider == bindparam("said_by"),
        problems.c.location_key == bindparam("under"),
        problems.c.kind == bindparam("told"),
    )
    .values(as_of=bindparam("known_as_of"), read_until=bindparam("known_until"))
)


def note_rejections(
    connection: Connection, ledger: Ledger, change: Change, known: Knowledge
) -> None:
    """Make what the change rejected stand, and what it says anew stand no more.

    Args:
        connection: Of the change's transaction.
        ledger: Takes the record of it.
        change: What is being applied.
        known: What was known before it.
    """
    bad, there = change.bad(), known.rejections
    if not bad and not there:
        return
    now = _come(change, known, bad)
    given = {(item.ref, item.location_key) for item in change.given}
    for name, old in there.items():
        if name in bad:
            continue
        if change.full and name not in given and ("", name[1]) in bad:
            if old.as_of <= change.as_of:
                now[name] = old._replace(kind=UNREAD)
        elif not change.full and not _named(change, given, *name):
            continue
        elif old.as_of <= change.as_of:
            now[name] = None
        elif change.full and old.read_until < change.as_of:
            now[name] = old._replace(read_until=change.as_of)
    _write(connection, ledger, change, there, now)


def _come(
    change: Change, known: Knowledge, bad: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], Rejection | None]:
    """What the change rejects, unless something newer is known of it."""
    found: dict[tuple[str, str], Rejection | None] = {}
    for name, message in bad.items():
        old, all_under = known.rejections.get(name), known.rejections.get(("", name[1]))
        newest = known.known_until(*name)
        if change.as_of < max(newest, -inf if old is None else old.as_of):
            continue
        covered = all_under is not None and change.as_of < all_under.as_of
        kind = UNREAD if name[0] and covered else REJECTED
        read_until = known.read_until(*name)
        found[name] = Rejection(kind, message[:_LONGEST], change.as_of, read_until)
    return found


def _named(change: Change, given: set[tuple[str, str]], ref: str, key: str) -> bool:
    """Whether a delta has a word on a name."""
    removed = {(ref, key), (ref, NOWHERE)}
    return (ref, key) in given or any(name in removed for name in change.removed)


def _write(
    connection: Connection,
    ledger: Ledger,
    change: Change,
    there: Mapping[tuple[str, str], Rejection],
    now: Mapping[tuple[str, str], Rejection | None],
) -> None:
    """Store what stands now in place of what is there, and tell what is new of it."""
    stamp = change.stamp
    of = (stamp.at, stamp.run, stamp.task, stamp.delivery)
    deleted: list[tuple[object, ...]] = []
    inserted: list[tuple[object, ...]] = []
    newer: list[Mapping[str, object]] = []
    for name, new in now.items():
        old = there.get(name)
        if old is not None and (new is None or old[:2] != new[:2]):
            deleted.append((name[0], change.provider, name[1], old.kind))
        if new is not None:
            key = (name[0], change.provider, name[1], new.kind)
            ages = (new.as_of, None if new.read_until == -inf else new.read_until)
            if old is None or old[:2] != new[:2]:
                inserted.append((*key, new.message, *of, *ages))
            else:
                newer.append(dict(zip(_NEWER_NAMES, (*key, *ages), strict=True)))
    delete_rows(connection, problems, list(problems.primary_key), deleted)
    insert_rows(connection, problems, list(problems.columns), inserted)
    if newer:
        connection.execute(_NEWER, newer)
    for name, new in now.items():
        _tell(ledger, change, name, there.get(name), new)


def _tell(
    ledger: Ledger,
    change: Change,
    name: tuple[str, str],
    old: Rejection | None,
    new: Rejection | None,
) -> None:
    was = old.message if old is not None and old.kind == REJECTED else None
    told = new.message if new is not None and new.kind == REJECTED else None
    if was != told:
        operation, message = ("settled", was) if told is None else ("rejected", told)
        ref, key = name
        ledger.record(
            change.stamp, operation, ref=ref, location_key=key, message=message
        )
