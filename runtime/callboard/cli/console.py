"""What every command shares: settings, the database, logging, what is printed, the browser.

Owns the boundary to the terminal: whatever was recorded leaves through here as plain text.
"""

import logging
import os
import shutil
import sys
import traceback
import webbrowser
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console, ConsoleOptions, RenderableType
from rich.logging import RichHandler
from rich.segment import Segment

from callboard.database import Database
from callboard.failure import is_library, leaves_of, summarize, text_of
from callboard.plain import plain, plain_json
from callboard.redaction import Redactor
from callboard.settings import Settings, SettingsError

DEFAULT_DATABASE = "sqlite:///callboard.db"
PIPED = 10_000
"""Columns where nobody looks at columns: nothing is wrapped or cut."""
_redactor: ContextVar[Redactor] = ContextVar("callboard_console_redactor")
"""That of the settings, once they are read."""


class RedactingFilter(logging.Filter):
    """Masks secrets in whatever is logged, also by libraries."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message; always lets it pass."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - logging itself reports a bad format
            return True
        record.msg, record.args = self._redactor.text(message), None
        return True


class PlainFormatter(logging.Formatter):
    """Writes a record, and the traceback that comes with it, as plain text."""

    def __init__(
        self, redactor: Redactor, layout: str, dates: str | None = None
    ) -> None:
        super().__init__(layout, dates)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """As the layout says; a traceback's secrets are masked too."""
        return plain(self._redactor.text(super().format(record)))


class PlainConsole(Console):
    """Where people read: what was recorded can say nothing to their terminal."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """As rich does, every text plain; its own codes for colours are no text."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(plain(segment.text), segment.style)


def read_settings(config: Path | None) -> Settings:
    """The settings of this process, and logging set up to mask its secrets."""
    settings = Settings.read(config)
    log_to_terminal(settings)
    return settings


def log_to_terminal(settings: Settings) -> None:
    """Log to standard error: rich lines for a person, plain ones for a file."""
    redactor = settings.redactor
    _redactor.set(redactor)
    if sys.stderr.isatty():
        handler: logging.Handler = RichHandler(
            console=PlainConsole(stderr=True), show_path=False, rich_tracebacks=False
        )
        handler.setFormatter(PlainFormatter(redactor, "%(message)s", "%H:%M:%S"))
    else:
        handler = logging.StreamHandler()
        layout = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        handler.setFormatter(PlainFormatter(redactor, layout))
    handler.addFilter(RedactingFilter(redactor))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("alembic", "httpx", "httpcore", "hishel"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def open_database(settings: Settings, *, read_only: bool = False) -> Database:
    """The database that ``CALLBOARD_DATABASE_URL`` names, or a file in this folder."""
    url = settings.variable("DATABASE_URL") or DEFAULT_DATABASE
    return Database.open(url, read_only=read_only)


@contextmanager
def database_to_read(
    settings: Settings, absent: Callable[[SettingsError], object]
) -> Generator[Database]:
    """The database; in place of one that does not open an empty one, gone afterwards.

    Args:
        settings: Say where it is.
        absent: Is told why it does not open, and raises where it must.
    """
    with ExitStack() as stack:
        try:
            database = open_database(settings, read_only=True)
        except SettingsError as error:
            absent(error)
            folder = stack.enter_context(TemporaryDirectory(prefix="callboard-"))
            database = Database.open(f"sqlite:///{Path(folder, 'none.db')}")
        stack.callback(database.close)
        yield database


def standard_output() -> Console:
    """Where a command prints for people: a terminal, or a pipe that is as wide as needed."""
    console = PlainConsole(highlight=False)
    if not console.is_terminal:
        console.width = PIPED
    return console


def say(console: Console, *parts: RenderableType) -> None:
    """Print ``parts``; into a pipe without the spaces that fill a table's last column."""
    if console.is_terminal:
        console.print(*parts, sep="\n")
        return
    with console.capture() as capture:
        console.print(*parts, sep="\n")
    for line in capture.get().splitlines():
        console.file.write(f"{line.rstrip()}\n")


def say_json(content: bytes) -> None:
    """Print a JSON document on a line of its own, with nothing that misleads a terminal."""
    sys.stdout.write(f"{plain_json(content.decode())}\n")


def complain(error: object) -> None:
    """Say on standard error what went wrong."""
    sys.stderr.write(f"callboard: {_masked(text_of(error))}\n")


def complain_of_unexpected(error: BaseException) -> None:
    """Say where ``error``, which nobody foresaw, was raised, and at last what it is."""
    leaves = list(leaves_of(error))
    if len(leaves) == 1:
        (error,) = leaves
    place = error.__traceback__
    while place is not None and is_library(place.tb_frame.f_code.co_filename):
        place = place.tb_next
    if place is not None:  # else it is callboard's own fault, and all of it is shown
        error.__traceback__ = place
    sys.stderr.write(_masked("".join(traceback.format_exception(error))))
    complain(summarize(error).partition("\n")[0])


def _masked(text: str) -> str:
    return plain(_redactor.get(Redactor()).text(text))


def show_page(url: str) -> None:
    """Open ``url`` in a browser, where there is a person with a screen."""
    screen = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if screen and sys.stdout.isatty():
        webbrowser.open(url)


def own_command() -> str:
    """How a person calls callboard in this shell: by its path where it is on none."""
    if shutil.which("callboard"):
        return "callboard"
    beside = Path(sys.executable).with_name("callboard")
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)
