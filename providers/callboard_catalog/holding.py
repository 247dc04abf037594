"""Who holds an entity.

Owns the one rule for conflicts: **the oldest standing location key holds the entity; of
the claims under that key the one changed by the newest knowledge is shown.** Claims under
other keys wait, are reported as conflicts on the entity and to their run, and the oldest
of them takes over, at once, when the holder lets go. What supplements add to the shown
claim is in ``supplements``.
"""

from collections.abc import Iterable
from uuid import uuid4

from msgspec import Struct
from sqlalchemy import Connection, bindparam, select

from callboard_catalog.bulk import delete_rows, insert_rows, rows_in, update_rows
from callboard_catalog.change import Change
from callboard_catalog.claims import Claim, live_claims
from callboard_catalog.documents import digest
from callboard_catalog.ledger import Ledger
from callboard_catalog.mutations import Conflict
from callboard_catalog.search_index import Indexed, index
from callboard_catalog.supplements import Said, Supplements, merged
from callboard_catalog.tables import claims, entities, shown_document


class Shown(Struct, frozen=True):
    """An entity as the catalog shows it."""

    id: int
    ref: str
    uid: str
    claim: int
    digest: str
    document: bytes


class Counts(Struct):
    """How many entities came, changed, went or were handed over."""

    added: int = 0
    changed: int = 0
    supplemented: int = 0
    removed: int = 0
    handed_over: int = 0


def holder(standing: Iterable[Claim]) -> Claim | None:
    """The claim that is shown, by the rule above; None when there is none."""
    listed = list(standing)
    if not listed:
        return None
    key = min(listed, key=lambda claim: claim.id).location_key
    return max(
        (claim for claim in listed if claim.location_key == key),
        key=lambda claim: (claim.changed_as_of, claim.id),
    )


def conflicts_with(shown: Claim, standing: Iterable[Claim]) -> list[Conflict]:
    """Claims that do not hold because of ``shown``."""
    return [
        Conflict(
            claim.ref,
            claim.provider,
            claim.location_key,
            shown.provider,
            shown.location_key,
        )
        for claim in standing
        if claim.location_key != shown.location_key
    ]


_SHOWN = (
    select(
        entities.c.id,
        entities.c.ref,
        entities.c.uid,
        entities.c.claim,
        entities.c.digest,
        shown_document,
    )
    .join(claims, claims.c.id == entities.c.claim)
    .where(entities.c.ref.in_(bindparam("refs", expanding=True)))
)


def load_shown(connection: Connection, refs: Iterable[str]) -> dict[str, Shown]:
    """The entities that are there among ``refs``, by ref."""
    rows = rows_in(connection, _SHOWN, "refs", list(refs))
    return {row[1]: Shown(*row) for row in rows}


def show(
    connection: Connection,
    ledger: Ledger,
    change: Change,
    before: dict[str, Shown],
    refs: list[str],
    *,
    claimed: set[str],
) -> tuple[Counts, list[Conflict]]:
    """Show what the claims on ``refs`` say now, with their supplements.

    Args:
        connection: Of the transaction in which the claims were changed.
        ledger: Takes the record of it.
        change: What changed the claims.
        before: What was shown under ``refs`` before.
        refs: All refs whose claims or supplements changed.
        claimed: Those whose claims changed.

    Returns:
        What it came to, and every conflict that stands on ``refs`` now.
    """
    standing: dict[str, list[Claim]] = {ref: [] for ref in refs}
    for claim in live_claims(connection, refs):
        standing[claim.ref].append(claim)
    holders = {ref: holder(listed) for ref, listed in standing.items()}
    documents = _documents(connection, change, before, holders.values())
    keys = {claim.location_key for claim in holders.values() if claim is not None}
    extra = Supplements(connection, keys)
    work = _Work(ledger, change, claimed)
    conflicts: list[Conflict] = []
    for ref, listed in standing.items():
        shown = holders[ref]
        if shown is None:
            work.remove(before.get(ref))
            continue
        conflicts += conflicts_with(shown, listed)
        said = extra.onto(ref, shown.location_key)
        work.show(before.get(ref), shown, documents[shown.digest], said)
    work.write(connection)
    return work.counts, conflicts


_DOCUMENTS = select(claims.c.digest, claims.c.document).where(
    claims.c.id.in_(bindparam("ids", expanding=True))
)


def _documents(
    connection: Connection,
    change: Change,
    before: dict[str, Shown],
    shown: Iterable[Claim | None],
) -> dict[str, bytes]:
    """Documents by digest, of claims whose document is not shown already."""
    found = {given.digest: given.document for given in change.given}
    found.update((old.digest, old.document) for old in before.values())
    missing = [
        claim.id for claim in shown if claim is not None and claim.digest not in found
    ]
    rows = rows_in(connection, _DOCUMENTS, "ids", missing)
    found.update((row[0], row[1]) for row in rows)
    return found


class _Work:
    """Changes to entities, gathered to be written at once."""

    def __init__(self, ledger: Ledger, change: Change, claimed: set[str]) -> None:
        self.counts = Counts()
        self._claimed = claimed
        self._ledger = ledger
        self._stamp = change.stamp
        self._indexed: list[Indexed] = []
        self._removed: list[int] = []
        self._rows: list[tuple[object, ...]] = []
        self._updates: list[tuple[object, ...]] = []

    def remove(self, old: Shown | None) -> None:
        if old is None:
            return
        self.counts.removed += 1
        self._removed.append(old.id)
        self._indexed.append(Indexed(old.id, old.ref, old.document, None))
        self._ledger.record(
            self._stamp,
            "removed",
            ref=old.ref,
            location_key="",
            uid=old.uid,
            before=old.document,
        )

    def show(
        self, old: Shown | None, claim: Claim, document: bytes, said: list[Said]
    ) -> None:
        at, named, whole = self._stamp.at, claim.digest, None
        if said:
            document = whole = merged(claim.ref, document, said)
            named = digest(document)
        if old is None:
            self.counts.added += 1
            uid, id_ = str(uuid4()), self._ledger.next_entity()
            self._rows.append((id_, claim.ref, uid, claim.id, named, at, at, whole))
            self._indexed.append(Indexed(id_, claim.ref, None, document))
            self._record("added", claim, uid, None, document)
            return
        if old.claim == claim.id and old.digest == named:
            return
        self._updates.append((old.id, claim.id, named, at, whole))
        if old.digest == named:
            self.counts.handed_over += 1
            self._record("handed-over", claim, old.uid, old.document, document)
        elif claim.ref not in self._claimed:
            self.counts.supplemented += 1
            self._indexed.append(Indexed(old.id, old.ref, old.document, document))
            self._record(
                "changed", claim, old.uid, old.document, document, supplemented=said
            )
        else:
            self.counts.changed += 1
            self._indexed.append(Indexed(old.id, old.ref, old.document, document))
            self._record("changed", claim, old.uid, old.document, document)

    def _record(
        self,
        operation: str,
        claim: Claim,
        uid: str,
        before: bytes | None,
        after: bytes,
        *,
        supplemented: list[Said] | None = None,
    ) -> None:
        message = None
        if supplemented is not None:
            still = self._stamp.provider in {said.provider for said in supplemented}
            what = "supplemented" if still else "no longer supplemented"
            message = f"{what} by {self._stamp.provider}"
        elif claim.provider != self._stamp.provider:
            message = f"now as {claim.provider} has it under {claim.location_key}"
        self._ledger.record(
            self._stamp,
            operation,
            ref=claim.ref,
            location_key=claim.location_key,
            uid=uid,
            before=before,
            after=after,
            message=message,
        )

    def write(self, connection: Connection) -> None:
        index(connection, self._indexed)
        removed = [(id_,) for id_ in self._removed]
        delete_rows(connection, entities, [entities.c.id], removed)
        insert_rows(connection, entities, list(entities.columns), self._rows)
        columns = (entities.c.id, entities.c.claim, entities.c.digest)
        columns = [*columns, entities.c.changed_at, entities.c.document]
        update_rows(connection, entities, columns, self._updates)
