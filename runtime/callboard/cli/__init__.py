"""The command line.

Owns the list of commands, where each is found, and what people see when a setting is
wrong, the database does not work or the runs' loop has ended: one message, exit code 2 or 1.
Before the message on anything else stands a traceback, as masked as all that is printed.
"""

import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NoReturn, TypeGuard

from cyclopts import App

from callboard.failure import leaves_of
from callboard.settings import SettingsError

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

_OWN = {
    "serve": "callboard.cli.serve:serve",
    "check": "callboard.cli.check:check",
    "runs": "callboard.cli.runs:runs",
}
_GROUP = "callboard.commands"
_ASKS_WHAT_THERE_IS: Sequence[Sequence[str]] = ([], ["-h"], ["--help"])
WRONG_SETTINGS = 2
_NOT_DONE = 1
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Stands for what is no UTF-8 in an argument."""


def build(*, described: bool = False) -> App:
    """The application, with every installed package's commands.

    Args:
        described: Import every command, so that the list can say what each is for.
            Else a command is imported when it is called.
    """
    from importlib.metadata import entry_points

    app = App(
        name="callboard",
        help="Runs every webhook delivery as a supervised task tree, and shows it.",
        version=version("callboard"),
    )
    commands = dict(_OWN)
    for point in sorted(entry_points(group=_GROUP), key=lambda p: p.name):
        commands[point.name] = point.value
    for name, target in commands.items():
        app.command(resolve_name(target) if described else target, name=name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that ``arguments``, or the process's own, name."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        build(described=given in _ASKS_WHAT_THERE_IS)(given)
    except BrokenPipeError:
        _end_unread()
    except UnicodeEncodeError as error:
        strange = [each for each in given if _SURROGATE.search(each)]
        if not strange:
            _end_surprised(error)
        from callboard.cli.console import complain

        complain(f"expected text in UTF-8, got {strange[0]!r}")
        raise SystemExit(_NOT_DONE) from None
    except BaseExceptionGroup as group:
        # A server raises out of its task groups.
        if group.split(_is_known)[1] is None:
            _end_told(next(leaves_of(group)))
        # What a server prints is printed from inside its task groups, and rich says
        # SystemExit for a closed pipe.
        if group.split((BrokenPipeError, SystemExit))[1] is None:
            _end_unread()
        if not isinstance(group, Exception):
            raise
        _end_surprised(group)
    except Exception as error:  # noqa: BLE001 - Python itself would print its secrets
        if _is_known(error):
            _end_told(error)
        _end_surprised(error)


def _is_known(error: BaseException) -> bool:
    """Whether its message is all that people have to know of ``error``."""
    if isinstance(error, SettingsError):
        return True
    # Imported here: only commands that may raise these need them.
    from callboard.backstage import BackstageError

    return isinstance(error, BackstageError) or _is_databases(error)


def _is_databases(error: BaseException) -> "TypeGuard[DBAPIError]":
    """Whether ``error`` is the database's, and not of how callboard uses it."""
    from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

    ours = isinstance(error, IntegrityError | ProgrammingError)
    return isinstance(error, DBAPIError) and not ours


def _end_told(error: BaseException) -> NoReturn:
    """End with one message, for what tells people what there is to know."""
    from callboard.cli.console import complain

    if isinstance(error, SettingsError):
        complain(error)
        raise SystemExit(WRONG_SETTINGS) from None
    if _is_databases(error):
        # The driver's own words; SQLAlchemy's repeat the statement and its values.
        complain(f"the database: {error.orig}")
    else:
        complain(error)
    raise SystemExit(_NOT_DONE) from None


def _end_surprised(error: Exception) -> NoReturn:
    """End with a traceback, for what callboard or a provider's author has to mend."""
    from callboard.cli.console import complain_of_unexpected

    complain_of_unexpected(error)
    raise SystemExit(_NOT_DONE) from None


def _end_unread() -> NoReturn:
    """End without a word: whoever read has enough, as ``head`` does."""
    # What is still buffered goes nowhere, or the interpreter would complain of it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(1) from None
