"""How far each webhook is settled, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import callboard_github
from callboard import Database
from callboard_github.hooks import marks

pytestmark = pytest.mark.anyio


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.open(database_url)
    try:
        database.migrate(marks.PACKAGE, marks.VERSION_TABLE)
        yield database
    finally:
        database.close()


def differences(connection: Connection) -> list[object]:
    """What the migrated tables and those of the code do not share."""

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in marks.metadata.tables

    options = {"include_name": ours, "version_table": marks.VERSION_TABLE}
    context = MigrationContext.configure(connection, opts=options)
    return compare_metadata(context, marks.metadata)


async def test_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    assert await database.read(differences) == []


async def test_every_migration_is_of_one_line(database: Database) -> None:
    folder = Path(callboard_github.__file__).parent / "migrations" / "versions"
    newest = sa.text(f"SELECT version_num FROM {marks.VERSION_TABLE}")
    stored = await database.read(lambda c: c.scalars(newest).all())
    assert stored == [f"github_{len(list(folder.glob('0*.py'))):04}"]


async def test_mark_is_kept_moved_and_of_one_webhook(database: Database) -> None:
    for moment in (1_000.5, 2_000.25):
        await database.write(marks.keep, marks.Mark("390000001", moment))
    await database.write(marks.keep, marks.Mark("app 12", 3_000.0))
    for hook, settled in (("390000001", 2_000.25), ("app 12", 3_000.0), ("other", 0)):
        found = await database.read(lambda c, hook=hook: marks.settled_until(c, hook))
        assert found == settled
