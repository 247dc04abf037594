"""The store holds what a small model in memory holds, whatever is done to it."""

from collections.abc import Mapping
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
)
from callboard_catalog.change import Change, prepare
from callboard_catalog.documents import decode_object
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
)

PROVIDERS = ("org", "files", "other")
KEYS = ("org", "k1", "k2")
NAMES = ("a", "b", "c")


class Model:
    """What each provider says, and from when; nothing is ever forgotten."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, str, str], list[Any]] = {}
        self.gone: dict[tuple[str, str, str], float] = {}
        self.read: dict[tuple[str, str], float] = {}
        self.turn = 0

    def until(self, provider: str, ref: str, key: str) -> float:
        said = self.said.get((provider, ref, key))
        return max(
            self.read.get((provider, ""), -inf),
            self.read.get((provider, key), -inf),
            self.gone.get((provider, ref, key), -inf),
            self.gone.get((provider, ref, ""), -inf),
            said[1] if said else -inf,
        )

    def apply(self, provider: str, mutation: Full | Delta, at: float) -> None:
        full = isinstance(mutation, Full)
        default = (mutation.location_key if full else None) or "org"
        items = [
            (i.entity, i.location_key) if isinstance(i, Located) else (i, default)
            for i in (mutation.entities if full else mutation.added)
        ]
        named: dict[tuple[str, str], Entity] = {}
        for given_entity, key in items:
            if not full or mutation.location_key in {None, key}:
                named.setdefault((str(given_entity.ref), key), given_entity)
        scope = (mutation.location_key or "") if full else ""
        old = {
            name: self.until(provider, *name[1:])
            for name in self.said
            if name[0] == provider
        }
        if full:
            kept = [(r.ref, r.location_key or default) for r in mutation.rejected]
            for name, since in old.items():
                ref, key = name[1:]
                safe = (ref, key) in named or any(
                    r in {ref, None} and k == key for r, k in kept
                )
                within = mutation.location_key in {None, key}
                if within and not safe and at >= since:
                    del self.said[name]
        else:
            for item in mutation.removed:
                ref, key = (
                    (str(item.ref), item.location_key)
                    if isinstance(item, LocatedRef)
                    else (str(item), "")
                )
                if (ref, key) in named or at < self.until(provider, ref, key):
                    continue
                for name, since in old.items():
                    if (
                        name[1] == ref
                        and key in {"", name[2]}
                        and (ref, name[2]) not in named
                        and at >= since
                    ):
                        self.said.pop(name, None)
                self.gone[provider, ref, key] = at
        for (ref, key), entity in named.items():
            name = (provider, ref, key)
            if at < self.until(*name):
                continue
            self.turn += 1
            was = self.said.get(name)
            document = normal(entity.document())
            if was and was[0] == document:
                was[1] = at
            else:
                self.said[name] = [document, at, at, was[3] if was else self.turn]
        if full and at >= self.read.get((provider, scope), -inf):
            self.read[provider, scope] = at

    def shown(self) -> tuple[dict[str, Any], set[tuple[str, str, str]]]:
        entities_, conflicts = dict[str, Any](), set[tuple[str, str, str]]()
        for ref in {name[1] for name in self.said}:
            claims_ = {n: s for n, s in self.said.items() if n[1] == ref}
            key = min(claims_, key=lambda n: claims_[n][3])[2]
            best = max(
                (n for n in claims_ if n[2] == key),
                key=lambda n: (claims_[n][2], claims_[n][3]),
            )
            entities_[ref] = claims_[best][0]
            conflicts |= {(ref, n[0], n[2]) for n in claims_ if n[2] != key}
        return entities_, conflicts


def normal(document: Mapping[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def component(name: str, owner: str, tag: str | None) -> Entity:
    return Entity(
        kind="Component",
        metadata=Metadata(name=name, tags=[tag] if tag else []),
        spec={"type": "service", "lifecycle": "x", "owner": owner},
    )


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
mutations = st.one_of(
    st.builds(Full, given_, st.none() | keys, rejected),
    st.builds(
        Delta, given_, st.lists(refs | st.builds(LocatedRef, refs, keys), max_size=2)
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
            prepare(mutation, location_key="org", as_of=float(at), stamp=stamp)
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
    query = select(
        entities.c.ref,
        entities.c.digest,
        claims.c.document,
        claims.c.digest.label("said"),
    ).join(claims, claims.c.id == entities.c.claim, isouter=True)
    rows = connection.execute(query).all()
    assert all(row.digest == row.said for row in rows)
    return {row.ref: decode_object(row.document) for row in rows}


def standing_conflicts(connection: Connection) -> set[tuple[str, str, str]]:
    query = select(problems.c.ref, problems.c.provider, problems.c.location_key)
    return {
        (row[0], row[1], row[2])
        for row in connection.execute(query.where(problems.c.kind == "conflict"))
    }


def index_tells_the_same(connection: Connection) -> None:
    wanted_rows, wanted_relations = set[Any](), set[Any]()
    query = select(entities.c.id, entities.c.ref, claims.c.document).join(
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
