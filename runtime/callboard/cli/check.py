"""``callboard check``: do the settings, the credentials and the database work?"""

import logging
from collections.abc import Iterator
from pathlib import Path

import anyio
from rich.text import Text
from sqlalchemy.exc import DBAPIError

from callboard.checks import Finding
from callboard.cli.console import PlainConsole, database_to_read, read_settings
from callboard.database import Database
from callboard.journal import PACKAGE, VERSION_TABLE
from callboard.registry import assemble_part_by_part, findings
from callboard.settings import Settings, SettingsError
from callboard.sqlite_file import NoDatabaseError, can_be_written

_SETTINGS, _DATABASE = "settings", "database"


def check(*, config: Path | None = None) -> None:
    """Say whether settings, credentials and database work; exit 1 if not.

    Args:
        config: The settings; callboard.toml in this folder when not given.
    """
    settings = read_settings(config)
    logging.getLogger().setLevel(logging.ERROR)  # what is warned of is found below
    absent: list[Finding] = []
    with database_to_read(settings, lambda e: absent.append(_absent(e))) as database:
        found = [*(absent or [_opened(database)]), *_checked(settings, database)]
    wrong = [finding for finding in found if finding.subject == _SETTINGS]
    fine = Finding(_SETTINGS, ok=True, detail=settings.origin)
    others = (finding for finding in found if finding.subject != _SETTINGS)
    _print(settings, [*(wrong or [fine]), *others])
    if not all(finding.ok for finding in found):
        raise SystemExit(1)


def _checked(settings: Settings, database: Database) -> Iterator[Finding]:
    """What the rooms say, each thing once."""
    try:
        board, wrong = assemble_part_by_part(settings, database)
    except SettingsError as error:
        yield Finding(_SETTINGS, ok=False, detail=str(error))
        return
    for part, error in wrong.items():
        # The file is named first in what is said of the file.
        in_file = str(error).startswith(f"{settings.place}: ")
        yield Finding(_SETTINGS if in_file else part, ok=False, detail=str(error))
    if (problem := _newer(database, board.migrations[1:])) is not None:
        yield Finding(_DATABASE, ok=False, detail=problem)
    told = {str(error) for error in wrong.values()}
    for finding in anyio.run(findings, board, backend="trio"):
        if finding.detail not in told:
            yield finding


def _absent(error: SettingsError) -> Finding:
    """Whether `callboard serve` can make the database that is not there."""
    if not isinstance(error, NoDatabaseError):
        return Finding(_DATABASE, ok=False, detail=str(error))
    if not can_be_written(error.file):
        expected = "expected a folder to make it in, got none that is writable"
        return Finding(_DATABASE, ok=False, detail=f"{error.file}: {expected}")
    detail = f"{error.file}: no such file yet; `callboard serve` makes it"
    return Finding(_DATABASE, ok=True, detail=detail)


def _opened(database: Database) -> Finding:
    """Whether it can be served: its own tables, and whether they can be written."""
    url = database.engine.url
    where = url.render_as_string(hide_password=True)
    problem = _newer(database, [(PACKAGE, VERSION_TABLE)])
    if problem is not None:
        return Finding(_DATABASE, ok=False, detail=problem)
    if database.dialect == "sqlite" and not can_be_written(Path(url.database or "")):
        expected = "expected a file and a folder that `callboard serve` can write"
        detail = f"{where}: {expected}, got one that is read-only"
        return Finding(_DATABASE, ok=False, detail=detail)
    return Finding(_DATABASE, ok=True, detail=where)


def _newer(database: Database, migrations: list[tuple[str, str]]) -> str | None:
    """What is wrong with tables that are not of a version that this callboard knows."""
    try:
        for package, version_table in migrations:
            database.expect_no_newer(package, version_table)
    except SettingsError as error:
        return str(error)
    except DBAPIError as error:
        return str(error.orig)
    return None


def _print(settings: Settings, found: list[Finding]) -> None:
    console = PlainConsole(highlight=False)
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        mark, style = ("✓ ok  ", "green") if finding.ok else ("✗ fail", "bold red")
        line = Text.assemble((mark, style), f"  {finding.subject:<{width}}  ")
        line.append(settings.redactor.text(finding.detail))
        console.print(line, soft_wrap=True)
