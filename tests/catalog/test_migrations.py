"""A database that an older catalog wrote is opened by this one."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import callboard_catalog
from callboard import Database
from callboard.database import _scripts
from callboard_catalog import Delta, Full, Problem, Rejected
from callboard_catalog.tables import metadata, problems
from callboard_catalog.testing import Shelf, component

pytestmark = pytest.mark.anyio


def differences(connection: Connection) -> list[object]:
    """What the migrated tables and those of the code do not share."""

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in metadata.tables

    context = MigrationContext.configure(
        connection, opts={"include_name": ours, "version_table": "catalog_version"}
    )
    return compare_metadata(context, metadata)


async def test_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    assert await database.read(differences) == []


async def test_migrating_again_keeps_every_entity(database: Database) -> None:
    shelf = Shelf(database)
    await shelf.give(Full([component("a")]))
    database.migrate("callboard", "callboard_version")
    database.migrate("callboard_catalog", "catalog_version")
    assert (await shelf.give(Full([component("a")]))).unchanged == 1


async def test_every_migration_is_of_one_line(database: Database) -> None:
    folder = Path(callboard_catalog.__file__).parent / "migrations" / "versions"
    newest = sa.text("SELECT version_num FROM catalog_version")
    stored = await database.read(lambda c: c.scalars(newest).all())
    assert stored == [f"catalog_{len(list(folder.glob('0*.py'))):04}"]


async def test_what_was_rejected_before_has_the_age_of_its_read(
    database: Database,
) -> None:
    shelf = Shelf(database)
    problem = Problem("spec", "an object", "nothing")
    await shelf.give(Full(rejected=[Rejected((problem,), "component:default/a")]))
    config = _scripts("callboard_catalog")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["version_table"] = "catalog_version"
        command.downgrade(config, "catalog_0003")
    database.migrate("callboard_catalog", "catalog_version")
    older = await shelf.give(Delta([component("a")]), as_of=0.5)
    assert (older.added, older.stale) == (0, 1)
    assert (await shelf.give(Delta([component("a")]))).added == 1
    assert await database.read(lambda c: c.execute(sa.select(problems)).all()) == []
