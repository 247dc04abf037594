"""The store holds what a small model in memory holds, whatever is done to it."""

from bisect import insort
from collections.abc import Container, Mapping, Sequence
from itertools import product
from math import inf
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from callboard import Database, Stamp
from callboard_catalog import (
    Delta,
    Entity,
    Full,
    Located,
    LocatedRef,
    Metadata,
    Problem,
    Rejected,
    Supplement,
)
from callboard_catalog.change import Change, prepare
from callboard_catalog.documents import decode_object, digest
from callboard_catalog.relations import relations_of
from callboard_catalog.search_index import search_rows
from callboard_catalog.store import apply_changes
from callboard_catalog.tables import (
    claims,
    entities,
    history,
    problems,
    relations,
    search,
    shown_document,
)

PROVIDERS = ("org", "files", "other")
DEFAULT = "r/1/a"
KEYS = (DEFAULT, "r/1/b", "r/2")
ABOUT = ("r/", "r/1/", "r/2/")
NAMES = ("a", "b", "c")
REFS = tuple(f"component:default/{name}" for name in NAMES)
ABSENT = object()


class Heard(NamedTuple):
    """A mutation, as far as it is about entities, or about supplements."""

    full: bool
    scope: str
    given: Mapping[tuple[str, str], Any]
    removed: Container[tuple[str, str]]
    bad: Container[tuple[str, str]]
    """What could not be read: subjects, or all under a key."""
    at: float

    def covers(self, key: str) -> bool:
        return self.full and self.scope in {"", key}

    def says(self, subject: str, key: str) -> Any:
        """What it says of a subject: a document, ``ABSENT``, or None: nothing."""
        name = (subject, key)
        if name in self.given:
            return self.given[name]
        if name in self.removed or (subject, "") in self.removed:
            return ABSENT
        unread = name in self.bad or ("", key) in self.bad
        return ABSENT if self.covers(key) and not unread else None


class Words:
    """What each provider says of some subjects; nothing is forgotten."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Heard]] = {name: [] for name in PROVIDERS}
        self.said: dict[tuple[str, str, str], tuple[Any, float, int]] = {}
        self.turn = 0

    def hear(self, provider: str, heard: Heard, subjects: Sequence[str]) -> None:
        """The newest knowledge decides, whenever it is heard."""
        insort(self.heard[provider], heard, key=lambda known: known.at)
        for subject, key in [*heard.given, *product(subjects, KEYS)]:
            name = (provider, subject, key)
            document, at = self.newest(*name)
            was = self.said.get(name)
            if document is ABSENT:
                self.said.pop(name, None)
            elif was is None:
                self.turn += 1
                self.said[name] = (document, at, self.turn)
            elif was[0] != document:
                self.said[name] = (document, at, was[2])

    def newest(self, provider: str, subject: str, key: str) -> tuple[Any, float]:
        """The document that stands, or ``ABSENT``."""
        for heard in reversed(self.heard[provider]):
            if (said := heard.says(subject, key)) is not None:
                return said, heard.at
        return ABSENT, -inf

    def rejected(self) -> set[tuple[str, str, str]]:
        """Of what the newest word is that it could not be read."""
        found = set[tuple[str, str, str]]()
        for provider, subject, key in product(PROVIDERS, (*REFS, ""), KEYS):
            for heard in reversed(self.heard[provider]):
                if (subject, key) in heard.bad:
                    found.add((subject, provider, key))
                elif heard.says(subject, key) is None and not heard.covers(key):
                    continue
                break
        return found


class Model:
    """What each provider says, and what that shows."""

    def __init__(self) -> None:
        self.claims, self.supplements = Words(), Words()

    def apply(self, provider: str, mutation: Full | Delta, at: float) -> None:
        full = isinstance(mutation, Full)
        scope = (mutation.location_key or "") if full else ""
        default = scope or DEFAULT
        # What a delta can not name it tells its run alone.
        bad = {
            (r.ref or "", r.location_key or default)
            for r in mutation.rejected
            if full or r.ref
        }
        given = dict[tuple[str, str], Any]()
        for item in mutation.entities if full else mutation.added:
            located = item if isinstance(item, Located) else Located(item, default)
            if scope in {"", located.location_key}:
                name = (str(located.entity.ref), located.location_key)
                document = normal(located.entity.document())
                if given.setdefault(name, document) != document:
                    bad.add(name)
        bad = {name for name in bad if scope in {"", name[1]}}
        added = {
            (item.about, item.location_key or default): normal(item.document())
            for item in mutation.supplements
        }
        removed, withdrawn = set[tuple[str, str]](), set[tuple[str, str]]()
        if not full:
            for item in mutation.removed:
                named = item if isinstance(item, LocatedRef) else LocatedRef(item, "")
                removed.add((str(named.ref), named.location_key))
            said_anew = {subject for subject, _ in added}
            withdrawn = {(a, "") for a in mutation.unsupplemented if a not in said_anew}
        entities_ = Heard(full, scope, given, removed, bad, at)
        self.claims.hear(provider, entities_, REFS)
        supplements_ = Heard(full, scope, added, withdrawn, bad, at)
        self.supplements.hear(provider, supplements_, ABOUT)

    def shown(self) -> tuple[dict[str, Any], set[tuple[str, str, str]]]:
        said = self.claims.said
        entities_, conflicts = dict[str, Any](), set[tuple[str, str, str]]()
        for ref in {name[1] for name in said}:
            claims_ = {n: s for n, s in said.items() if n[1] == ref}
            key = min(claims_, key=lambda n: claims_[n][2])[2]
            best = max(
                (n for n in claims_ if n[2] == key),
                key=lambda n: claims_[n][1:],
            )
            entities_[ref] = self.supplemented(claims_[best][0], key)
            conflicts |= {(ref, n[0], n[2]) for n in claims_ if n[2] != key}
        return entities_, conflicts

    def supplemented(self, document: Any, location_key: str) -> Any:
        made = msgspec.json.decode(msgspec.json.encode(document))
        for provider, about, key in sorted(
            self.supplements.said, key=lambda n: (n[0], -len(n[1]), n[2])
        ):
            said = self.supplements.said[provider, about, key][0]
            if not location_key.startswith(about) or "component" not in said["kinds"]:
                continue
            for name, text in said["annotations"].items():
                made["metadata"].setdefault("annotations", {}).setdefault(name, text)
            for ref in said["dependsOn"]:
                listed = made["spec"].setdefault("dependsOn", [])
                made["spec"]["dependsOn"] = sorted({*listed, ref})
        return made


def normal(document: Mapping[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def component(name: str, owner: str, own: str | None) -> Entity:
    spec: dict[str, Any] = {"type": "service", "lifecycle": "x", "owner": owner}
    return Entity(
        kind="Component",
        metadata=Metadata(name=name, annotations={"ci": own} if own else {}),
        spec={**spec, "dependsOn": ["resource:default/own"]} if own == "go" else spec,
    )


def supplement(about: str, text: str, kind: str, key: str | None) -> Supplement:
    texts = {"ci": text, text: text}
    depends = [f"resource:default/{text}"]
    return Supplement(about, texts, {}, depends, (kind,), key)


entity = st.builds(
    component,
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.sampled_from((None, "java", "go")),
)
refs = st.sampled_from(REFS)
keys = st.sampled_from(KEYS)
given_ = st.lists(entity | st.builds(Located, entity, keys), max_size=4)
problem = (Problem("spec", "an object", "nothing"),)
rejected = st.lists(
    st.builds(Rejected, st.just(problem), st.none() | refs, st.none() | keys),
    max_size=2,
)
about = st.sampled_from(ABOUT)


def supplements_(under: st.SearchStrategy[str | None]) -> st.SearchStrategy[Any]:
    return st.lists(
        st.builds(
            supplement,
            about,
            st.sampled_from(("own", "red", "green")),
            st.sampled_from(("Component", "Component", "Resource")),
            under,
        ),
        max_size=2,
        unique_by=lambda item: (item.about, item.location_key or DEFAULT),
    )


mutations = st.one_of(
    st.builds(Full, given_, keys, rejected, st.none(), supplements_(st.none())),
    st.builds(
        Full, given_, st.none(), rejected, st.none(), supplements_(st.none() | keys)
    ),
    st.builds(
        Delta,
        given_,
        st.lists(refs | st.builds(LocatedRef, refs, keys), max_size=2),
        rejected,
        supplements=supplements_(st.none() | keys),
        unsupplemented=st.lists(about, max_size=1),
    ),
)
steps = st.lists(
    st.tuples(st.sampled_from(PROVIDERS), mutations, st.integers(0, 6)), max_size=12
)


@pytest.mark.parametrize("together", [False, True])
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps)
def test_any_mutations_leave_what_the_model_holds(
    database: Database, together: bool, sequence: list[tuple[str, Full | Delta, int]]
) -> None:
    model = Model()
    changes: list[Change] = []
    for provider, mutation, at in sequence:
        stamp = Stamp("r", "r.1", "d", provider, float(at))
        changes.append(
            prepare(mutation, location_key=DEFAULT, as_of=float(at), stamp=stamp)
        )
        model.apply(provider, mutation, float(at))
    with database.engine.connect() as connection:
        if together:
            apply_changes(connection, changes)
        else:
            for change in changes:
                apply_changes(connection, [change])
        shown, conflicts = model.shown()
        assert held(connection) == shown
        assert standing(connection, "conflict") == conflicts
        assert standing(connection, "rejected") == model.claims.rejected()
        index_tells_the_same(connection)
        history_tells_the_same(connection, shown)
        connection.rollback()


def held(connection: Connection) -> dict[str, Any]:
    query = select(entities.c.ref, entities.c.digest, shown_document).join(
        claims, claims.c.id == entities.c.claim, isouter=True
    )
    rows = connection.execute(query).all()
    assert all(row.digest == digest(row.document) for row in rows)
    return {row.ref: decode_object(row.document) for row in rows}


def standing(connection: Connection, kind: str) -> set[tuple[str, str, str]]:
    query = select(problems.c.ref, problems.c.provider, problems.c.location_key)
    return {
        (row[0], row[1], row[2])
        for row in connection.execute(query.where(problems.c.kind == kind))
    }


def index_tells_the_same(connection: Connection) -> None:
    wanted_rows, wanted_relations = set[Any](), set[Any]()
    query = select(entities.c.id, entities.c.ref, shown_document).join(
        claims, claims.c.id == entities.c.claim
    )
    for id_, ref, document in connection.execute(query):
        wanted_rows |= {
            (key, value, id_, original)
            for key, value, original in search_rows(decode_object(document))
        }
        wanted_relations |= {
            (*row, id_) for row in relations_of(ref, decode_object(document))
        }
    assert {tuple(row) for row in connection.execute(select(search))} == wanted_rows
    assert {
        tuple(row) for row in connection.execute(select(relations))
    } == wanted_relations


def history_tells_the_same(connection: Connection, shown: Mapping[str, Any]) -> None:
    there: dict[str, int] = {}
    numbers: list[int] = []
    for row in connection.execute(select(history).order_by(history.c.id)):
        numbers.append(row.id)
        if row.operation == "added":
            assert row.ref not in there
            there[row.ref] = row.id
        elif row.operation == "removed":
            del there[row.ref]
        elif row.operation in {"changed", "handed-over"}:
            assert row.ref in there
            assert (row.patch is None) == (row.operation == "handed-over")
    assert set(there) == set(shown)
    assert numbers == list(range(1, len(numbers) + 1))
