"""A mutation made ready for the store.

Owns everything about a mutation that needs no database: checking, canonical refs,
documents and their digests. So a transaction holds nothing but reads and writes.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from callboard import Stamp
from callboard_catalog.documents import (
    Document,
    JsonValue,
    digest,
    encode,
    is_list,
    items,
    members,
)
from callboard_catalog.entity import Entity
from callboard_catalog.kinds import UNORDERED
from callboard_catalog.mutations import (
    Delta,
    Full,
    InvalidSupplement,
    Located,
    LocatedRef,
    Rejected,
    Supplement,
)
from callboard_catalog.refs import EntityRef, InvalidRef
from callboard_catalog.rules import Problem, Schema, problems_in

NOWHERE = ""
"""The location key that stands for all of a provider's."""


class Given(Struct, frozen=True):
    """One entity of a mutation, or one supplement."""

    ref: str
    """Or what the supplement is about."""
    location_key: str
    digest: str
    document: bytes


class Change(Struct, frozen=True):
    """The argument of ``store.apply_changes``."""

    provider: str
    full: bool
    scope: str
    """The location key that a full mutation is limited to, or ``NOWHERE``."""
    as_of: float
    stamp: Stamp
    given: tuple[Given, ...]
    removed: tuple[tuple[str, str], ...]
    """Refs with a location key, or with ``NOWHERE`` for every key."""
    rejected: tuple[Rejected, ...]
    horizon: float
    """History from before it (Unix seconds) may go."""
    supplements: tuple[Given, ...] = ()
    unsupplemented: tuple[tuple[str, str], ...] = ()

    def bad(self) -> dict[tuple[str, str], str]:
        """What is said of names that were rejected: ref and location key.

        An empty ref stands for all under the key. What is of another location, or what
        a delta can not name, is told to the run alone: it is no word on anything here.
        """
        found: dict[tuple[str, str], str] = {}
        for rejected in self.rejected:
            key = rejected.location_key or NOWHERE
            if self.scope in {NOWHERE, key} and (self.full or rejected.ref):
                name = (rejected.ref or "", key)
                told = "; ".join(map(str, rejected.problems))
                found[name] = f"{found[name]}; {told}" if name in found else told
        return found

    def beside(self) -> "Change":
        """Of its supplements what the change itself is of entities."""
        return replace(self, given=self.supplements, removed=self.unsupplemented)


def prepare(
    mutation: Full | Delta,
    *,
    location_key: str,
    as_of: float,
    stamp: Stamp,
    schemas: Mapping[str, Schema] | None = None,
    keep_seconds: float = 0.0,
) -> Change:
    """Check and encode a mutation of the provider that ``stamp`` names.

    What is no valid entity is rejected, by name, and leaves the rest good.

    Raises:
        InvalidRef: A ref to remove is none.
        InvalidSupplement: Two are about the same, or one is not of this location.
    """
    full = isinstance(mutation, Full)
    scope = (mutation.location_key or NOWHERE) if full else NOWHERE
    default = scope or location_key
    given, rejected = _given(
        mutation.entities if full else mutation.added, scope, default, schemas or {}
    )
    rejected += [
        Rejected(r.problems, r.ref, r.location_key or default)
        for r in mutation.rejected
    ]
    added = {(item.ref, item.location_key) for item in given}
    removed = (
        ()
        if full
        else tuple(
            dict.fromkeys(r for r in _removed(mutation.removed) if r not in added)
        )
    )
    return Change(
        provider=stamp.provider,
        full=full,
        scope=scope,
        as_of=as_of if mutation.as_of is None else mutation.as_of,
        stamp=stamp,
        given=tuple(given),
        removed=removed,
        rejected=tuple(rejected),
        horizon=stamp.at - keep_seconds if keep_seconds else 0.0,
        supplements=tuple(_supplements(mutation.supplements, scope, default)),
        unsupplemented=() if full else _unsupplemented(mutation),
    )


def _supplements(
    supplements: Sequence[Supplement], scope: str, default: str
) -> Iterable[Given]:
    seen: set[tuple[str, str]] = set()
    for item in supplements:
        key = item.location_key or default
        if scope not in {NOWHERE, key}:
            raise InvalidSupplement(item.about, f"one under {scope} alone", key)
        if (item.about, key) in seen:
            raise InvalidSupplement(item.about, "one under a location key", "two")
        seen.add((item.about, key))
        encoded = encode(item.document())
        yield Given(item.about, key, digest(encoded), encoded)


def _unsupplemented(delta: Delta) -> tuple[tuple[str, str], ...]:
    given = {item.about for item in delta.supplements}
    return tuple(
        (about, NOWHERE)
        for about in dict.fromkeys(delta.unsupplemented)
        if about not in given
    )


def _given(
    entities: Sequence[Entity | Located],
    scope: str,
    default: str,
    schemas: Mapping[str, Schema],
) -> tuple[list[Given], list[Rejected]]:
    given: dict[tuple[str, str], Given] = {}
    rejected: list[Rejected] = []
    for item in entities:
        entity, key = (
            (item.entity, item.location_key)
            if isinstance(item, Located)
            else (item, default)
        )
        document = entity.document()
        if scope not in {NOWHERE, key}:
            problem = Problem("", f"entities under {scope} alone", f"one under {key}")
            rejected.append(Rejected((problem,), _ref_of(entity), key))
            continue
        problems = problems_in(document, schemas)
        if problems:
            rejected.append(Rejected(tuple(problems), _ref_of(entity), key))
            continue
        ref = str(entity.ref)
        encoded = encode(_normal(document))
        made = Given(ref, key, digest(encoded), encoded)
        earlier = given.get((ref, key))
        if earlier is not None and earlier.digest != made.digest:
            problem = Problem("", "each entity once under a location key", "two")
            rejected.append(Rejected((problem,), ref, key))
            continue
        given[ref, key] = made
    return list(given.values()), rejected


def _ref_of(entity: Entity) -> str | None:
    try:
        ref = entity.ref
    except (TypeError, AttributeError):
        return None
    return str(ref) if ref.kind and ref.namespace and ref.name else None


def _normal(document: Document) -> Document:
    """The document with lists sorted where the order means nothing."""
    spec = members(document.get("spec"))
    unordered = UNORDERED & spec.keys()
    if not unordered:
        return document
    ordered: dict[str, JsonValue] = {
        name: sorted(map(str, items(spec[name]))) if is_list(spec[name]) else spec[name]
        for name in unordered
    }
    return {**document, "spec": {**spec, **ordered}}


def _removed(
    refs: Iterable[EntityRef | str | LocatedRef],
) -> Iterable[tuple[str, str]]:
    for item in refs:
        ref, key = (
            (item.ref, item.location_key)
            if isinstance(item, LocatedRef)
            else (item, NOWHERE)
        )
        parsed = EntityRef.parse(ref)
        if "\0" in str(parsed) or "\0" in key:
            raise InvalidRef(str(parsed), "without NUL characters")
        yield str(parsed), key
