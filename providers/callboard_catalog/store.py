"""The catalog's writes.

Owns the operations that change the catalog, each atomic: given to ``Database.write``,
which calls them with all that waits. They depend on nothing but the connection and
their arguments, and may be run again.
"""

from msgspec import Struct
from sqlalchemy import Connection, exists, func, insert, literal, or_, select, update

from callboard_catalog.bulk import chunks
from callboard_catalog.change import Change
from callboard_catalog.conflicts import Conflicts
from callboard_catalog.decision import Decision, decide, write_decision
from callboard_catalog.holding import load_shown, show
from callboard_catalog.knowledge import load_knowledge, load_rejections, write_read
from callboard_catalog.ledger import Ledger
from callboard_catalog.mutations import Applied
from callboard_catalog.rejections import note_rejections
from callboard_catalog.supplements import refs_about
from callboard_catalog.tables import (
    claims,
    entities,
    history,
    providers,
    state,
    supplements,
)


class Presence(Struct, frozen=True):
    """The providers that a start of the program knows."""

    names: tuple[str, ...]
    at: float
    """Unix seconds."""


def apply_changes(connection: Connection, changes: list[Change]) -> list[Applied]:
    """Apply mutations, one after the other."""
    ledger = Ledger(connection)
    applied = [_apply(connection, ledger, change) for change in changes]
    for change in changes:
        ledger.prune(change.horizon, change.stamp.at)
    ledger.close()
    return applied


def set_presence(
    connection: Connection, presences: list[Presence]
) -> list[dict[str, int]]:
    """Note which providers there are; the others' entities become orphans.

    Answers with how many entities each provider holds that is not there and of which
    any word stands, whenever it went.
    """
    return [_set_presence(connection, presence) for presence in presences]


def _apply(connection: Connection, ledger: Ledger, change: Change) -> Applied:
    first, remarked = ledger.change, ledger.remarks
    rejections = load_rejections(connection, change)
    known = load_knowledge(connection, claims, change, rejections)
    decision = decide(change, known)
    beside, added = change.beside(), Decision()
    if change.full or beside.given or beside.removed:
        about = load_knowledge(connection, supplements, beside, rejections)
        added = decide(beside, about)
    claimed = decision.touched
    supplemented = refs_about(connection, added.touched)
    touched = list(dict.fromkeys((*claimed, *supplemented)))
    before = load_shown(connection, touched)
    write_decision(connection, claims, ledger, change, decision)
    write_decision(connection, supplements, ledger, beside, added)
    if change.full and change.as_of >= known.covered_until(change.scope):
        write_read(connection, change)
    counts, standing = show(
        connection, ledger, change, before, touched, claimed=set(claimed)
    )
    conflicts = Conflicts(connection, change, touched)
    conflicts.note(ledger, standing)
    note_rejections(connection, ledger, change, known)
    effects = counts.added + counts.changed + counts.handed_over
    stale = len(decision.stale)
    return Applied(
        added=counts.added,
        changed=counts.changed,
        removed=counts.removed,
        handed_over=counts.handed_over,
        supplemented=counts.supplemented,
        unchanged=max(len(change.given) - effects - stale, 0),
        stale=stale,
        conflicts=tuple(conflicts.of_provider()),
        rejected=change.rejected,
        version=ledger.change,
        recorded=ledger.change - first,
        remarks=ledger.remarks - remarked,
    )


def _set_presence(connection: Connection, presence: Presence) -> dict[str, int]:
    # As in the ledger: a write first, so that this transaction is the only writer.
    connection.execute(update(state).values(change=state.c.change))
    there = {
        row.name: row.present
        for row in connection.execute(select(providers.c.name, providers.c.present))
    }
    names = set(presence.names)
    new = sorted(names - there.keys())
    if new:
        rows = [{"name": name, "present": True} for name in new]
        connection.execute(insert(providers), rows)
    back = sorted(name for name in names & there.keys() if not there[name])
    gone = sorted(name for name in there.keys() - names if there[name])
    for some, present in ((back, True), (gone, False)):
        for part in chunks(some):
            connection.execute(
                update(providers)
                .where(providers.c.name.in_(part))
                .values(present=present)
            )
    for name in back:
        _note_orphans(connection, name, "adopted", presence.at)
    for name in gone:
        _note_orphans(connection, name, "orphaned", presence.at)
    return _left_by_absent(connection)


def _left_by_absent(connection: Connection) -> dict[str, int]:
    stands = [
        exists().where(
            table.c.provider == providers.c.name, table.c.withdrawn.is_(False)
        )
        for table in (claims, supplements)
    ]
    held = (
        select(func.count())
        .select_from(entities)
        .join(claims, claims.c.id == entities.c.claim)
        .where(claims.c.provider == providers.c.name)
        .scalar_subquery()
    )
    query = (
        select(providers.c.name, held)
        .where(providers.c.present.is_(False), or_(*stands))
        .order_by(providers.c.name)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _note_orphans(
    connection: Connection, provider: str, operation: str, at: float
) -> None:
    """Write to the history what became of a provider's entities."""
    theirs = (
        select(entities.c.ref, entities.c.uid, claims.c.provider, claims.c.location_key)
        .join(claims, claims.c.id == entities.c.claim)
        .where(claims.c.provider == provider)
        .subquery()
    )
    count = connection.scalar(select(func.count()).select_from(theirs)) or 0
    last = connection.scalar(select(state.c.change)) or 0
    number = func.row_number().over(order_by=theirs.c.ref) + last
    connection.execute(
        insert(history).from_select(
            [
                "id",
                "ref",
                "uid",
                "operation",
                "provider",
                "location_key",
                "at",
                "run",
                "task",
                "delivery",
            ],
            select(
                number,
                theirs.c.ref,
                theirs.c.uid,
                literal(operation),
                theirs.c.provider,
                theirs.c.location_key,
                literal(at),
                literal(""),
                literal(""),
                literal(""),
            ),
        )
    )
    connection.execute(update(state).values(change=last + count))
