"""What other packages add: sources, providers, mounts, commands.

Owns the four entry point groups. callboard's own rooms are found the same way.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from callboard.board import Callboard, Mount
from callboard.checks import Finding
from callboard.database import Database
from callboard.provider import Provider
from callboard.settings import Settings, SettingsError
from callboard.source import Source

logger = logging.getLogger(__name__)

SOURCES = "callboard.sources"
"""Name to ``make(board) -> Source | None``."""
PROVIDERS = "callboard.providers"
"""Name to ``make(board) -> Iterable[Provider]``."""
MOUNTS = "callboard.mounts"
"""Name to ``make(board) -> Iterable[Mount]``."""
COMMANDS = "callboard.commands"
"""Name to a function or a cyclopts application; the name is the command's."""
CHECKS = "callboard.checks"
"""Name to ``async (board) -> Iterable[Finding]``."""


def find(group: str) -> Iterator[EntryPoint]:
    """The entry points of a group, in the order of their names."""
    yield from sorted(entry_points(group=group), key=lambda point: point.name)


def assemble(settings: Settings, database: Database) -> Callboard:
    """A callboard with everything that is installed.

    Raises:
        SettingsError: A room's section is wrong, or a section belongs to none.
    """
    board = Callboard(settings, database)
    for point in find(SOURCES):
        source: Source | None = _make(point, board)
        board.add(sources=[source] if source is not None else [])
    for point in find(PROVIDERS):
        made: Iterable[Provider] = _make(point, board)
        board.add(providers=made)
    for point in find(MOUNTS):
        mounts: Iterable[Mount] = _make(point, board)
        board.add(mounts=mounts)
    settings.check_sections()
    return board


async def findings(board: Callboard) -> list[Finding]:
    """What every room says about its settings and credentials."""
    found: list[Finding] = []
    for point in find(CHECKS):
        try:
            found += await point.load()(board)
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding
            detail = f"the check itself failed: {error!r}"
            found.append(Finding(point.name, ok=False, detail=detail))
    return found


def _make(point: EntryPoint, board: Callboard) -> Any:
    try:
        make: Callable[[Callboard], Any] = point.load()
        return make(board)
    except SettingsError:
        raise
    except Exception as error:
        message = f"entry point {point.group}: {point.name} ({point.value})"
        raise SettingsError(f"{message} failed: {error!r}") from error
