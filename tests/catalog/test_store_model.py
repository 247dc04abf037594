"""The store holds what a small model in memory holds, whatever is done to it."""

from collections.abc import Container, Mapping
from math import inf
from typing import Any

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


class Words:
    """What each provider says of some subjects, and from when; nothing is forgotten."""

    def __init__(self, read: dict[tuple[str, str], float]) -> None:
        self.said: dict[tuple[str, str, str], list[Any]] = {}
        self.gone: dict[tuple[str, str, str], float] = {}
        self.read = read
        self.turn = 0

    def until(self, provider: str, subject: str, key: str) -> float:
        said = self.said.get((provider, subject, key))
        return max(
            self.read.get((provider, ""), -inf),
            self.read.get((provider, key), -inf),
            self.gone.get((provider, subject, key), -inf),
            self.gone.get((provider, subject, ""), -inf),
            said[1] if said else -inf,
        )

    def drop(
        self,
        provider: str,
        scope: str,
        named: Container[tuple[str, str]],
        kept: list[tuple[str | None, str]],
        at: float,
    ) -> None:
        """A full mutation takes away what it does not name."""
        for name in [name for name in self.said if name[0] == provider]:
            subject, key = name[1:]
            safe = (subject, key) in named or any(
                s in {subject, None} and k == key for s, k in kept
            )
            if scope in {"", key} and not safe and at >= self.until(*name):
                del self.said[name]

    def remove(
        self,
        provider: str,
        removed: list[tuple[str, str]],
        named: Container[tuple[str, str]],
        at: float,
    ) -> None:
        """A delta takes away what it names, under one key or all."""
        old = {name: self.until(*name) for name in self.said if name[0] == provider}
        for subject, key in removed:
            if (subject, key) in named or at < self.until(provider, subject, key):
                continue
            for name, since in old.items():
                if (
                    name[1] == subject
                    and key in {"", name[2]}
                    and (subject, name[2]) not in named
                    and at >= since
                ):
                    self.said.pop(name, None)
            self.gone[provider, subject, key] = at

    def say(
        self, provider: str, named: Mapping[tuple[str, str], Any], at: float
    ) -> None:
        for (subject, key), document in named.items():
            name = (provider, subject, key)
            if at < self.until(*name):
                continue
            self.turn += 1
            was = self.said.get(name)
            if was and was[0] == document:
                was[1] = at
            else:
                self.said[name] = [document, at, at, was[3] if was else self.turn]


class Model:
    """What each provider says, and what that shows."""

    def __init__(self) -> None:
        self.read: dict[tuple[str, str], float] = {}
        self.claims, self.supplements = Words(self.read), Words(self.read)

    def apply(self, provider: str, mutation: Full | Delta, at: float) -> None:
        full = isinstance(mutation, Full)
        scope = (mutation.location_key or "") if full else ""
        default = scope or DEFAULT
        entities_, removed = dict[tuple[str, str], Any](), list[tuple[str, str]]()
        for item in mutation.entities if full else mutation.added:
            located = item if isinstance(item, Located) else Located(item, default)
            if scope in {"", located.location_key}:
                name = (str(located.entity.ref), located.location_key)
                entities_.setdefault(name, normal(located.entity.document()))
        added = {
            (item.about, item.location_key or default): normal(item.document())
            for item in mutation.supplements
        }
        if full:
            kept = [(r.ref, r.location_key or default) for r in mutation.rejected]
            self.claims.drop(provider, scope, entities_, kept, at)
            self.supplements.drop(provider, scope, added, kept, at)
        else:
            for item in mutation.removed:
                named = item if isinstance(item, LocatedRef) else LocatedRef(item, "")
                removed.append((str(named.ref), named.location_key))
            self.claims.remove(provider, removed, entities_, at)
            about = [(a, "") for a in mutation.unsupplemented]
            said_anew = {subject for subject, _ in added}
            about = [name for name in about if name[0] not in said_anew]
            self.supplements.remove(provider, about, added, at)
        self.claims.say(provider, entities_, at)
        self.supplements.say(provider, added, at)
        if full and at >= self.read.get((provider, scope), -inf):
            self.read[provider, scope] = at

    def shown(self) -> tuple[dict[str, Any], set[tuple[str, str, str]]]:
        said = self.claims.said
        entities_, conflicts = dict[str, Any](), set[tuple[str, str, str]]()
        for ref in {name[1] for name in said}:
            claims_ = {n: s for n, s in said.items() if n[1] == ref}
            key = min(claims_, key=lambda n: claims_[n][3])[2]
            best = max(
                (n for n in claims_ if n[2] == key),
                key=lambda n: (claims_[n][2], claims_[n][3]),
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
refs = st.sampled_from([f"component:default/{name}" for name in NAMES])
keys = st.sampled_from(KEYS)
given_ = st.lists(entity | st.builds(Located, entity, keys), max_size=4)
problem = (Problem("spec", "an object", "nothing"),)
rejected = st.lists(
    st.builds(Rejected, st.just(problem), st.none() | refs, st.none() | keys),
    max_size=1,
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
        assert standing_conflicts(connection) == conflicts
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


def standing_conflicts(connection: Connection) -> set[tuple[str, str, str]]:
    query = select(problems.c.ref, problems.c.provider, problems.c.location_key)
    return {
        (row[0], row[1], row[2])
        for row in connection.execute(query.where(problems.c.kind == "conflict"))
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
