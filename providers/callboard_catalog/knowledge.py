"""What each provider says, and from when.

Owns the decision what a mutation does to what its provider said before: what is new, what
is withdrawn, and what is left alone because the catalog knows it from later. It is the
same for claims, which are a provider's word on one ref under one location key, and for
supplements, which are about a place in location keys instead of a ref.
"""

from collections.abc import Iterable
from functools import cache
from itertools import chain
from math import inf

from msgspec import Struct, field
from sqlalchemy import Connection, Executable, Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from callboard_catalog.bulk import delete_rows, insert_rows, rows_in, update_rows
from callboard_catalog.change import NOWHERE, Change, Given
from callboard_catalog.ledger import Ledger
from callboard_catalog.tables import reads


class Known(Struct, frozen=True):
    """A word that stands, or the memory of one that was withdrawn, as stored."""

    id: int
    digest: str
    as_of: float
    withdrawn: bool


class Knowledge(Struct, frozen=True):
    """What the store holds of what a change is about."""

    words: dict[tuple[str, str], Known]
    read_at: dict[str, float]
    """As-of of the last full mutation, by location key."""

    def read_until(self, key: str) -> float:
        """As-of of the newest full mutation that covers a location key."""
        return max(self.read_at.get(NOWHERE, -inf), self.read_at.get(key, -inf))

    def known_until(self, ref: str, key: str) -> float:
        """The time that the catalog's knowledge of a word is from."""
        until = self.read_until(key)
        for name in (key, NOWHERE):
            claim = self.words.get((ref, name))
            if claim is not None:
                until = max(until, claim.as_of)
        return until


class Decision(Struct, frozen=True):
    """What a change does to what was said."""

    new: list[Given] = field(default_factory=list[Given])
    rewritten: list[tuple[int, Given]] = field(default_factory=list[tuple[int, Given]])
    confirmed: list[int] = field(default_factory=list[int])
    dropped: dict[int, str] = field(default_factory=dict[int, str])
    """Standing words that go, by number, with their ref."""
    forgotten: list[int] = field(default_factory=list[int])
    """Memories of withdrawals that are replaced."""
    remembered: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Withdrawals to remember: ref and location key."""
    stale: list[str] = field(default_factory=list[str])

    @property
    def touched(self) -> list[str]:
        """Refs of which something else is said now, each once, in the order of the change."""
        refs = [given.ref for given in self.new]
        refs += [given.ref for _, given in self.rewritten]
        refs += self.dropped.values()
        return list(dict.fromkeys(refs))


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


def load_knowledge(connection: Connection, table: Table, change: Change) -> Knowledge:
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
    return Knowledge(found, _read_at(connection, change, found))


def decide(change: Change, known: Knowledge) -> Decision:
    """Compare what the provider says now with what it said before."""
    decision = Decision()
    for given in change.given:
        _decide_given(change, known, given, decision)
    if change.full:
        _decide_absent(change, known, decision)
    else:
        _decide_removed(change, known, decision)
    return decision


def write_decision(
    connection: Connection,
    table: Table,
    ledger: Ledger,
    change: Change,
    decision: Decision,
) -> None:
    """Store what was decided."""
    gone = [*decision.dropped, *decision.forgotten]
    delete_rows(connection, table, [table.c.id], [(id_,) for id_ in gone])
    rows = [_row(ledger, change, given) for given in decision.new]
    rows += [
        (
            ledger.next_claim(),
            ref,
            change.provider,
            key,
            "",
            change.as_of,
            change.as_of,
            True,
            b"",
        )
        for ref, key in decision.remembered
    ]
    insert_rows(connection, table, list(table.columns), rows)
    columns = (table.c.id, table.c.digest, table.c.as_of, table.c.changed_as_of)
    update_rows(
        connection,
        table,
        [*columns, table.c.document],
        [
            (id_, given.digest, change.as_of, change.as_of, given.document)
            for id_, given in decision.rewritten
        ],
    )
    confirmed = [(id_, change.as_of) for id_ in decision.confirmed]
    update_rows(connection, table, [table.c.id, table.c.as_of], confirmed)


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


def _decide_given(
    change: Change, known: Knowledge, given: Given, decision: Decision
) -> None:
    claim = known.words.get((given.ref, given.location_key))
    if change.as_of < known.known_until(given.ref, given.location_key):
        decision.stale.append(given.ref)
    elif claim is None or claim.withdrawn:
        if claim is not None:
            decision.forgotten.append(claim.id)
        decision.new.append(given)
    elif claim.digest != given.digest:
        decision.rewritten.append((claim.id, given))
    elif not change.full and claim.as_of < change.as_of:
        decision.confirmed.append(claim.id)


def _decide_absent(change: Change, known: Knowledge, decision: Decision) -> None:
    given = {(item.ref, item.location_key) for item in change.given}
    # The last good word stays where something could not be read.
    kept = {(r.ref, r.location_key) for r in change.rejected}
    for (ref, key), claim in known.words.items():
        if (ref, key) in given or change.scope not in {NOWHERE, key}:
            continue
        newer = change.as_of < known.known_until(ref, key)
        if claim.withdrawn:
            # A read that does not name it says the same as the memory, until now.
            if not newer:
                decision.forgotten.append(claim.id)
        elif (ref, key) in kept or (None, key) in kept:
            continue
        elif newer:
            decision.stale.append(ref)
        else:
            decision.dropped[claim.id] = ref


def _decide_removed(change: Change, known: Knowledge, decision: Decision) -> None:
    given = {(item.ref, item.location_key) for item in change.given}
    keys_of: dict[str, list[str]] = {}
    for ref, key in known.words:
        keys_of.setdefault(ref, []).append(key)
    for ref, key in change.removed:
        memory = known.words.get((ref, key))
        until = known.known_until(ref, key)
        if change.as_of < until:
            decision.stale.append(ref)
            continue
        for other in keys_of.get(ref, ()):
            claim = known.words[ref, other]
            if claim.withdrawn or (ref, other) in given or key not in {NOWHERE, other}:
                continue
            if change.as_of < known.known_until(ref, other):
                decision.stale.append(ref)
            else:
                decision.dropped[claim.id] = ref
        if memory is not None and memory.withdrawn:
            decision.forgotten.append(memory.id)
        decision.remembered.append((ref, key))


def _row(ledger: Ledger, change: Change, given: Given) -> tuple[object, ...]:
    return (
        ledger.next_claim(),
        given.ref,
        change.provider,
        given.location_key,
        given.digest,
        change.as_of,
        change.as_of,
        False,
        given.document,
    )


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
