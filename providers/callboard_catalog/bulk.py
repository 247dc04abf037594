"""Many rows at once.

Owns the one difference between the databases: how a large number of rows gets in
quickly. Statements are made of table and column names, never of values, and are given to
the driver as text: building and compiling them would take longer than running them.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Row,
    Select,
    Table,
    and_,
    delete,
    update,
)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CHUNK = 500
_COPY_FROM = 50


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in runs short enough for one ``IN`` list."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def rows_in(
    connection: Connection,
    query: Select[*Ts],
    name: str,
    values: Sequence[object],
    **others: object,
) -> Iterator[Row[*Ts]]:
    """Rows of a query whose parameter ``name`` takes a list, of any length."""
    for some in chunks(values):
        yield from connection.execute(query, {name: some, **others})


def insert_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Insert rows given as tuples in the order of ``columns``."""
    if not rows:
        return
    names = [column.name for column in columns]
    if connection.dialect.name == "postgresql" and len(rows) >= _COPY_FROM:
        _copy(connection, table.name, names, rows)
        return
    listed = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join([_mark(connection)] * len(names))
    statement = f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})'  # noqa: S608 - names of our own tables
    connection.exec_driver_sql(statement, list(rows))


def update_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Set columns of rows, given as tuples that begin with the row's number."""
    if not rows:
        return
    first, *rest = columns
    if connection.dialect.name == "postgresql" and len(rows) >= _COPY_FROM:
        with _given(connection, table, columns, rows) as given:
            connection.execute(
                update(table)
                .where(first == given.c[first.name])
                .values({column: given.c[column.name] for column in rest})
            )
        return
    mark = _mark(connection)
    values = ", ".join(f'"{column.name}" = {mark}' for column in rest)
    statement = f'UPDATE "{table.name}" SET {values} WHERE "{first.name}" = {mark}'  # noqa: S608 - as above
    connection.exec_driver_sql(statement, [(*row[1:], row[0]) for row in rows])


def delete_rows(
    connection: Connection,
    table: Table,
    key: Sequence[Column[Any]],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Delete the rows whose ``key`` columns are among the tuples."""
    if not rows:
        return
    if connection.dialect.name == "postgresql" and len(rows) >= _COPY_FROM:
        with _given(connection, table, key, rows) as given:
            same = and_(*(column == given.c[column.name] for column in key))
            connection.execute(delete(table).where(same))
        return
    same = " AND ".join(f'"{column.name}" = {_mark(connection)}' for column in key)
    statement = f'DELETE FROM "{table.name}" WHERE {same}'  # noqa: S608 - as above
    connection.exec_driver_sql(statement, list(rows))


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.name == "sqlite" else "%s"


@contextmanager
def _given(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    rows: Sequence[tuple[object, ...]],
) -> Generator[Table]:
    """The rows as a table of their own, on PostgreSQL, to be joined with ``table``."""
    like = [Column(column.name, column.type) for column in columns]
    given = Table(f"{table.name}_given", MetaData(), *like, prefixes=["TEMPORARY"])
    given.create(connection, checkfirst=False)
    _copy(connection, given.name, [column.name for column in columns], rows)
    yield given
    given.drop(connection, checkfirst=False)


def _copy(
    connection: Connection,
    table: str,
    names: Sequence[str],
    rows: Sequence[tuple[object, ...]],
) -> None:
    from psycopg import sql

    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
