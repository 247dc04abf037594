"""What the catalog knows of one repository's files, among those of many."""

from typing import Any

import pytest
from sqlalchemy import event

from callboard import Stamp
from callboard_catalog import Full, Located, Problem, Rejected
from callboard_catalog.testing import component
from callboard_github.repositories.known import known_files
from callboard_github.testing import open_catalog

pytestmark = pytest.mark.anyio
PROVIDER = "repositories"


async def test_only_files_of_that_repository_are_found_and_by_the_index() -> None:
    keys = [f"{PROVIDER}/{id_}/catalog-info.yaml" for id_ in (6, 7, 70, 8)]
    given = [Located(component(f"c{n}"), key) for n, key in enumerate(keys)]
    bad = [
        Rejected(
            (Problem("", "an entity", "a number"),), None, f"{PROVIDER}/{id_}/bad.yaml"
        )
        for id_ in (7, 70)
    ]
    asked: list[tuple[str, Any]] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, given: Any, *_: Any
    ) -> None:
        asked.append((statement, given))

    async with open_catalog() as catalog:
        stamp = Stamp("", "", "", PROVIDER, 1.0)
        mutation = Full(given, rejected=bad)
        await catalog.apply(mutation, stamp=stamp, location_key=PROVIDER, as_of=1.0)
        engine = catalog.database.engine
        event.listen(engine, "before_cursor_execute", note)
        found = await known_files(catalog, PROVIDER, f"{PROVIDER}/7/")
        event.remove(engine, "before_cursor_execute", note)
        with engine.connect() as connection:
            plans = [
                connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {statement}", parameters
                )
                for statement, parameters in asked
            ]
            steps = [row[3] for plan in plans for row in plan]
    assert {key: [*file.entities] for key, file in found.items()} == {
        f"{PROVIDER}/7/catalog-info.yaml": ["component:default/c1"],
        f"{PROVIDER}/7/bad.yaml": [],
    }
    assert found[f"{PROVIDER}/7/bad.yaml"].troubled
    assert len(steps) == 2
    assert all("location_key>? AND location_key<?" in step for step in steps), steps
