"""``callboard check``: do the settings, the credentials and the database work?"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from rich.text import Text
from sqlalchemy.exc import DBAPIError

from callboard.checks import Finding
from callboard.cli.console import PlainConsole, open_database, read_settings
from callboard.database import Database, NoDatabaseError
from callboard.journal import PACKAGE, VERSION_TABLE
from callboard.registry import assemble, findings
from callboard.settings import Settings, SettingsError


def check(*, config: Path | None = None) -> None:
    """Say whether settings, credentials and database work; exit 1 if not.

    Args:
        config: The settings; callboard.toml in this folder when not given.
    """
    settings = read_settings(config)
    found = [Finding("settings", ok=True, detail=settings.origin)]
    try:
        database = open_database(settings, create=False)
    except NoDatabaseError as error:
        file = Path(error.file)
        found.append(_missing(file))
        # The rooms want some database: one that is gone afterwards.
        with TemporaryDirectory(prefix="callboard-") as folder:
            stand_in = Database.open(f"sqlite:///{Path(folder, file.name)}")
            found += _checked(settings, stand_in)
    except SettingsError as error:
        found.append(Finding("database", ok=False, detail=str(error)))
    else:
        found.append(_tables(database, [(PACKAGE, VERSION_TABLE)]))
        found += _checked(settings, database)
    console = PlainConsole(highlight=False)
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        mark, style = ("✓ ok  ", "green") if finding.ok else ("✗ fail", "bold red")
        line = Text.assemble((mark, style), f"  {finding.subject:<{width}}  ")
        line.append(settings.redactor.text(finding.detail))
        console.print(line, soft_wrap=True)
    if not all(finding.ok for finding in found):
        raise SystemExit(1)


def _checked(settings: Settings, database: Database) -> list[Finding]:
    """What the rooms say; closes the database."""
    found: list[Finding] = []
    try:
        board = assemble(settings, database)
        tables = _tables(database, board.migrations[1:])
        found += [] if tables.ok else [tables]
        found += anyio.run(findings, board, backend="trio")
    except SettingsError as error:
        found.append(Finding("sources and providers", ok=False, detail=str(error)))
    finally:
        database.close()
    return found


def _missing(file: Path) -> Finding:
    """Whether `callboard serve` can make the database that is not there."""
    if not os.access(file.parent, os.W_OK):
        detail = f"{file}: expected a folder to make it in, got none that is writable"
        return Finding("database", ok=False, detail=detail)
    detail = f"{file}: no such file yet; `callboard serve` makes it"
    return Finding("database", ok=True, detail=detail)


def _tables(database: Database, migrations: list[tuple[str, str]]) -> Finding:
    """Whether the tables are of a version that this callboard knows."""
    try:
        for package, version_table in migrations:
            database.expect_no_newer(package, version_table)
    except SettingsError as error:
        return Finding("database", ok=False, detail=str(error))
    except DBAPIError as error:
        return Finding("database", ok=False, detail=str(error.orig))
    where = database.engine.url.render_as_string(hide_password=True)
    return Finding("database", ok=True, detail=where)
