"""What providers add to entities that others own.

Owns the one rule for it: **the owner's own keys win; of several supplements the first
counts, in the order of their providers' names.** What an entity shows is made of the claim
that holds it and of all supplements about its location key, so it does not matter which of
them came first.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct
from sqlalchemy import Connection, bindparam, select

from callboard_catalog.bulk import rows_in
from callboard_catalog.documents import (
    Document,
    JsonValue,
    decode_object,
    encode,
    items,
    members,
)
from callboard_catalog.kinds import kind_of
from callboard_catalog.prefixes import begins, so
from callboard_catalog.refs import DEFAULT_NAMESPACE, canonical
from callboard_catalog.tables import claims, entities, supplements

_DEPENDS_ON = "dependsOn"
_TEXTS = ("annotations", "labels")


class Said(Struct, frozen=True):
    """A supplement that stands."""

    provider: str
    about: str
    location_key: str
    document: Document


class Counted(Struct, frozen=True):
    """What of a supplement an entity shows."""

    said: Said
    texts: dict[str, dict[str, JsonValue]]
    """Annotations and labels."""
    depends_on: list[str]

    @property
    def names(self) -> list[str]:
        """Keys of annotations and labels, and refs."""
        return [*chain(*self.texts.values()), *self.depends_on]


_ANY = select(supplements.c.id).where(supplements.c.withdrawn.is_(False)).limit(1)
_ABOUT = select(
    supplements.c.provider,
    supplements.c.ref,
    supplements.c.location_key,
    supplements.c.document,
).where(
    supplements.c.ref.in_(bindparam("abouts", expanding=True)),
    supplements.c.withdrawn.is_(False),
)


class Supplements:
    """The supplements about some location keys."""

    def __init__(self, connection: Connection, keys: Iterable[str]) -> None:
        self._about: dict[str, list[Said]] = {}
        if connection.scalar(_ANY) is None:
            return
        wanted = sorted({about for key in keys for about in _abouts(key)})
        for row in rows_in(connection, _ABOUT, "abouts", wanted):
            said = Said(row[0], row[1], row[2], decode_object(row[3]))
            self._about.setdefault(said.about, []).append(said)

    def onto(self, ref: str, key: str) -> list[Said]:
        """Those on an entity shown under a location key, the first to count first."""
        if not self._about:
            return []
        kind = ref.partition(":")[0]
        found = [
            said
            for about in _abouts(key)
            for said in self._about.get(about, ())
            if kind in items(said.document["kinds"])
        ]
        # Of one provider's, what is about less counts first.
        found.sort(key=lambda s: (s.provider, -len(s.about), s.location_key))
        return found


_SHOWN_UNDER = (
    select(claims.c.ref)
    .join(entities, entities.c.claim == claims.c.id)
    .where(begins(claims.c.location_key))
)


def refs_about(connection: Connection, abouts: Iterable[str]) -> Iterator[str]:
    """Refs of entities shown under a location key that begins so."""
    for about in abouts:
        yield from connection.scalars(_SHOWN_UNDER, so(about))


def supplements_on(connection: Connection, ref: str) -> list[Counted]:
    """What supplements add to an entity now; nothing when it is not there."""
    row = connection.execute(
        select(claims.c.location_key, claims.c.document)
        .join(entities, entities.c.claim == claims.c.id)
        .where(entities.c.ref == ref)
    ).one_or_none()
    if row is None:
        return []
    said = Supplements(connection, [row.location_key]).onto(ref, row.location_key)
    return list(counted(ref, decode_object(row.document), said)) if said else []


def merged(ref: str, document: bytes, said: Sequence[Said]) -> bytes:
    """An entity's document with its supplements."""
    entity = decode_object(document)
    for counts in counted(ref, entity, said):
        metadata = members(entity["metadata"])
        for name, added in counts.texts.items():
            if added:
                metadata = {**metadata, name: {**added, **members(metadata.get(name))}}
        entity["metadata"] = metadata
        if counts.depends_on:
            spec = members(entity["spec"])
            own = map(str, items(spec.get(_DEPENDS_ON)))
            listed = sorted((*own, *counts.depends_on))
            entity["spec"] = {**spec, _DEPENDS_ON: listed}
    return encode(entity)


def counted(ref: str, entity: Document, said: Iterable[Said]) -> Iterator[Counted]:
    """What counts of supplements, in their order, beside what the entity has itself."""
    metadata = members(entity["metadata"])
    taken = {name: set(members(metadata.get(name))) for name in _TEXTS}
    depends = _depends_on(ref, entity)
    for each in said:
        texts: dict[str, dict[str, JsonValue]] = {}
        for name in _TEXTS:
            given = members(each.document.get(name))
            texts[name] = {k: v for k, v in given.items() if k not in taken[name]}
            taken[name] |= given.keys()
        refs: list[str] = []
        if depends is not None:
            listed = map(str, items(each.document.get(_DEPENDS_ON)))
            refs = [name for name in listed if name not in depends]
            depends.update(refs)
        yield Counted(each, texts, refs)


def _abouts(key: str) -> Iterator[str]:
    """Whatever a supplement can be about that a location key begins with."""
    end = key.find("/")
    while end != -1:
        yield key[: end + 1]
        end = key.find("/", end + 1)


def _depends_on(ref: str, entity: Document) -> set[str] | None:
    """What the entity depends on itself, itself included; None if its kind can not."""
    kind = kind_of(entity.get("kind"), entity.get("apiVersion"))
    if kind is None or _DEPENDS_ON not in {names.field for names in kind.names}:
        return None
    given = members(entity["metadata"]).get("namespace")
    namespace = str(given or DEFAULT_NAMESPACE)
    listed = items(members(entity.get("spec")).get(_DEPENDS_ON))
    return {ref, *(canonical(str(text), None, namespace) for text in listed)}
