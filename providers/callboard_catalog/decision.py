"""What a change does to what its provider said before.

Owns the decision what is new, what is withdrawn, and what is left alone because the
catalog knows it from later. It is the same for claims, which are a provider's word on one
ref under one location key, and for supplements, which are about a place in location keys
instead of a ref.
"""

from collections.abc import Collection
from math import inf

from msgspec import Struct, field
from sqlalchemy import Connection, Table

from callboard_catalog.bulk import delete_rows, insert_rows, update_rows
from callboard_catalog.change import NOWHERE, Change, Given
from callboard_catalog.knowledge import Knowledge, excepting
from callboard_catalog.ledger import Ledger


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


def decide(change: Change, known: Knowledge) -> Decision:
    """Compare what the provider says now with what it said before."""
    decision, bad = Decision(), change.bad().keys()
    for given in change.given:
        _decide_given(change, known, given, decision, bad)
    if change.full:
        _decide_absent(change, known, decision, bad)
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


def _decide_given(
    change: Change,
    known: Knowledge,
    given: Given,
    decision: Decision,
    bad: Collection[tuple[str, str]],
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
    elif claim.as_of < change.as_of:
        # A full mutation confirms all at once, but for what is excepted from it.
        names = excepting(given.ref, given.location_key)
        if not change.full or any(n in bad or n in known.rejections for n in names):
            decision.confirmed.append(claim.id)


def _decide_absent(
    change: Change,
    known: Knowledge,
    decision: Decision,
    bad: Collection[tuple[str, str]],
) -> None:
    given = {(item.ref, item.location_key) for item in change.given}
    bad_refs = {ref for ref, _ in bad}
    for (ref, key), claim in known.words.items():
        if (ref, key) in given or change.scope not in {NOWHERE, key}:
            continue
        newer = change.as_of < known.known_until(ref, key)
        # The last good word stays where something could not be read.
        silent = any(name in bad for name in excepting(ref, key))
        if claim.withdrawn:
            silent = silent or (key == NOWHERE and bool({ref, ""} & bad_refs))
            # A read that does not name it says the same as the memory, until now.
            if not newer and not silent:
                decision.forgotten.append(claim.id)
        elif silent:
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
        if key == NOWHERE and any(name[0] in {ref, ""} for name in known.rejections):
            # Under some key no read has a word on it that is newer.
            until = -inf if memory is None else memory.as_of
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
