"""``callboard check``: do the settings, the credentials and the database work?"""

from pathlib import Path

import anyio
from rich.text import Text

from callboard.checks import Finding
from callboard.cli.console import PlainConsole, open_database, read_settings
from callboard.registry import assemble, findings
from callboard.settings import SettingsError


def check(*, config: Path | None = None) -> None:
    """Say whether settings, credentials and database work; exit 1 if not.

    Args:
        config: The settings; callboard.toml in this folder when not given.
    """
    settings = read_settings(config)
    found = [Finding("settings", ok=True, detail=settings.place)]
    try:
        database = open_database(settings)
    except SettingsError as error:
        found.append(Finding("database", ok=False, detail=str(error)))
    else:
        where = database.engine.url.render_as_string(hide_password=True)
        found.append(Finding("database", ok=True, detail=where))
        try:
            board = assemble(settings, database)
            found += anyio.run(findings, board, backend="trio")
        except SettingsError as error:
            found.append(Finding("sources and providers", ok=False, detail=str(error)))
        finally:
            database.close()
    console = PlainConsole(highlight=False)
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        mark, style = ("✓ ok  ", "green") if finding.ok else ("✗ fail", "bold red")
        line = Text.assemble((mark, style), f"  {finding.subject:<{width}}  ")
        line.append(settings.redactor.text(finding.detail))
        console.print(line, soft_wrap=True)
    if not all(finding.ok for finding in found):
        raise SystemExit(1)
