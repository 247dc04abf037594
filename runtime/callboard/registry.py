"""What other packages add: sources, providers, mounts, commands.

Owns the four entry point groups. callboard's own rooms are found the same way.
"""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from callboard.board import Callboard, Mount
from callboard.checks import Finding
from callboard.database import Database
from callboard.failure import summarize
from callboard.provider import Provider
from callboard.relay import RelaySettings
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
    for _, add in _parts(board):
        add()
    settings.check_sections()
    return board


def assemble_part_by_part(
    settings: Settings, database: Database
) -> tuple[Callboard, dict[str, SettingsError]]:
    """As ``assemble``, with all that can be made, and by its name what is wrong.

    Raises:
        SettingsError: A section is wrong without which there is no callboard.
    """
    board = Callboard(settings, database)
    wrong: dict[str, SettingsError] = {}
    for name, add in _parts(board):
        try:
            add()
        except SettingsError as error:
            wrong[name] = error
    if not wrong:  # who could not be made may not have asked for its section
        try:
            settings.check_sections()
        except SettingsError as error:
            wrong["settings"] = error
    return board, wrong


def _parts(board: Callboard) -> Iterator[tuple[str, Callable[[], object]]]:
    """What a callboard is made of: the name of each, for people, and what adds it."""
    for point in find(SOURCES):
        yield f"source {point.name}", partial(_add_source, point, board)
    for point in find(PROVIDERS):
        yield f"providers {point.name}", partial(_add_providers, point, board)
    for point in find(MOUNTS):
        yield f"mount {point.name}", partial(_add_mounts, point, board)
    yield "relay", partial(_check_relay, board.settings)


def _add_source(point: EntryPoint, board: Callboard) -> None:
    source: Source | None = _make(point, board)
    board.add(sources=[source] if source is not None else [])


def _add_providers(point: EntryPoint, board: Callboard) -> None:
    made: Iterable[Provider] = _make(point, board)
    board.add(providers=made)


def _add_mounts(point: EntryPoint, board: Callboard) -> None:
    mounts: Iterable[Mount] = _make(point, board)
    board.add(mounts=mounts)


def _check_relay(settings: Settings) -> None:
    """Whoever listens to a relay reads it; others may find it in the same file."""
    relay = settings.section("relay", RelaySettings)
    if relay.channel is not None:
        # Imported here: it needs the HTTP client, which not every command does.
        from callboard.relay.channel import checked

        checked(relay.channel, f"{settings.place}: relay.channel")


def providers_from(target: str, board: Callboard) -> list[Provider]:
    """What the function that ``target`` names makes, as an entry point's would.

    Args:
        target: ``package.module:function``, or ``path/to/file.py:function``.
        board: What the function is given.

    Raises:
        SettingsError: There is no such function, or it makes no providers.
    """
    place, _, name = target.rpartition(":")
    if not place:
        form = "package.module:function or file.py:function"
        raise SettingsError(f"--with: expected {form}, got {target!r}")
    try:
        make = getattr(_module(place), name)
        made: list[object] = list(make(board))
    except SettingsError:
        raise
    except Exception as error:
        raise SettingsError(f"--with {target}: {_said(error, board)}") from error
    providers = [each for each in made if isinstance(each, Provider)]
    if len(providers) < len(made):
        came = ", ".join(type(each).__name__ for each in made)
        raise SettingsError(f"--with {target}: expected providers, got {came}")
    return providers


def _module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        # As `python -m` has it: what lies in this folder can be imported.
        sys.path.insert(0, str(Path.cwd()))
        return import_module(place)
    spec = spec_from_file_location(Path(place).stem, place)
    if spec is None or spec.loader is None:
        raise SettingsError(f"--with: expected a Python file, got {place}")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def findings(board: Callboard) -> list[Finding]:
    """What every room says about its settings and credentials."""
    found: list[Finding] = []
    for point in find(CHECKS):
        try:
            found += await point.load()(board)
        except SettingsError as error:
            found.append(Finding(point.name, ok=False, detail=str(error)))
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding
            detail = f"the check itself failed: {_said(error, board)}"
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
        raise SettingsError(f"{message} failed: {_said(error, board)}") from error


def _said(error: Exception, board: Callboard) -> str:
    """What a stranger's code raised, as it may be printed."""
    return board.settings.redactor.text(summarize(error))
