"""What stands against claims, whatever order mutations arrive in."""

from itertools import permutations

import pytest
from sqlalchemy import Connection, select

from callboard import Database, Stamp
from callboard_catalog import Delta, Full, Located, Problem, Rejected
from callboard_catalog.change import Change, prepare
from callboard_catalog.store import apply_changes
from callboard_catalog.tables import claims, problems, reads
from callboard_catalog.testing import component

UNREADABLE = (Problem("", "YAML", "nonsense"),)
A, B = "a.yaml", "b.yaml"
WHOLE = Full([Located(component("a"), A), Located(component("b"), B)])
REJECTED_A = Full(location_key=A, rejected=[Rejected(UNREADABLE)])
REJECTED_BOTH = Full(
    rejected=[
        Rejected(UNREADABLE, "component:default/a", A),
        Rejected(UNREADABLE, location_key=B),
    ]
)
GOOD_A = Full([component("a")], location_key=A)
CHANGED_A = Delta([Located(component("a", owner="x"), A)])
REJECTED_DELTA = Delta(rejected=[Rejected(UNREADABLE, "component:default/a", A)])
REJECTED_ONE = Full(rejected=[Rejected(UNREADABLE, "component:default/a", A)])
WITHDRAWN_A = Delta(removed=["component:default/a"])


def change(mutation: Full | Delta, at: float) -> Change:
    stamp = Stamp("r", "r.1", "d", "files", at)
    return prepare(mutation, location_key="files", as_of=at, stamp=stamp)


def standing(connection: Connection) -> set[tuple[str, str]]:
    query = select(problems.c.ref, problems.c.location_key)
    rows = connection.execute(query.where(problems.c.kind == "rejected"))
    return {(row[0], row[1]) for row in rows}


def said(connection: Connection) -> dict[tuple[str, str], str]:
    query = select(claims.c.ref, claims.c.location_key, claims.c.digest)
    rows = connection.execute(query.where(claims.c.withdrawn.is_(False)))
    return {(row[0], row[1]): row[2] for row in rows}


def read_at(connection: Connection) -> dict[str, float]:
    rows = connection.execute(select(reads.c.location_key, reads.c.as_of))
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize(
    ("mutations", "left"),
    [
        ((REJECTED_A, WHOLE), set[tuple[str, str]]()),
        ((REJECTED_BOTH, GOOD_A), {("", B)}),
        ((REJECTED_BOTH, CHANGED_A), {("", B)}),
        ((REJECTED_DELTA, WHOLE), set[tuple[str, str]]()),
        ((REJECTED_DELTA, CHANGED_A), set[tuple[str, str]]()),
        (
            (WHOLE, REJECTED_A, GOOD_A, REJECTED_BOTH),
            {("component:default/a", A), ("", B)},
        ),
        # A delta that comes later and is older settles nothing.
        ((CHANGED_A, REJECTED_DELTA), {("component:default/a", A)}),
        ((WITHDRAWN_A, REJECTED_DELTA), {("component:default/a", A)}),
        # What a read rejected is there as it was read before, if only then told of.
        ((CHANGED_A, REJECTED_ONE), {("component:default/a", A)}),
        ((CHANGED_A, REJECTED_A), {("", A)}),
        ((GOOD_A, WITHDRAWN_A, REJECTED_ONE), {("component:default/a", A)}),
        ((WHOLE, CHANGED_A, REJECTED_ONE, REJECTED_A), {("", A)}),
    ],
)
def test_rejections_and_reads_are_the_same_in_any_order(
    database: Database,
    mutations: tuple[Full | Delta, ...],
    left: set[tuple[str, str]],
) -> None:
    changes = [change(mutation, float(at)) for at, mutation in enumerate(mutations, 1)]
    outcomes: list[
        tuple[set[tuple[str, str]], dict[tuple[str, str], str], dict[str, float]]
    ] = []
    for order in permutations(changes):
        with database.engine.connect() as connection:
            apply_changes(connection, list(order))
            outcome = standing(connection), said(connection), read_at(connection)
            outcomes.append(outcome)
            connection.rollback()
    assert outcomes[0][0] == left
    assert all(outcome == outcomes[0] for outcome in outcomes)
