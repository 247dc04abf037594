"""An exception as a record that outlives it.

Owns the shape of a failure: a group stays a tree, causes stay a chain, frames keep
their source line. Everything is bounded, and a cut always says the true size.
"""

import linecache
import sysconfig
from collections.abc import Iterator
from types import TracebackType
from typing import Any, cast

from msgspec import Struct

from callboard.redaction import Redactor, shorten

_MESSAGE = 8_192
_PATH = 1_024
_FRAMES = 40
_MEMBERS = 50
_DEPTH = 12
_EXCEPTIONS = 200
_NOTES = 10
_BARE, _FRAME = 300, 350
"""Bytes of memory that a failure takes without its texts, and each of its frames."""
_LIBRARY = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "purelib", "platlib"))
_GROUPED: Any = BaseExceptionGroup.exceptions  # the descriptor
_OWN = __file__.removesuffix("failure.py")


class Frame(Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a traceback."""

    file: str
    line: int
    function: str
    source: str = ""
    library: bool = False
    """Whether the frame lies in a library, or in callboard itself."""


class Failure(Struct, frozen=True, omit_defaults=True, gc=False):
    """An exception: its type, message, frames, notes, cause and members."""

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    """Outermost call first, as Python prints them."""
    notes: tuple[str, ...] = ()
    cause: "Failure | None" = None
    """What it was raised from, or while handling."""
    direct: bool = False
    """Whether ``cause`` was given by ``raise … from``."""
    members: tuple["Failure", ...] = ()
    """The exceptions of a group."""
    left_out: int = 0
    """Members or frames beyond the limit."""

    def weigh(self) -> int:
        """About how many bytes of memory it takes, with all that hangs on it."""
        texts = sum(len(note) for note in self.notes) + len(self.message)
        hanging = [*self.members, *([self.cause] if self.cause is not None else [])]
        own = _BARE + texts + _FRAME * len(self.frames)
        return own + sum(failure.weigh() for failure in hanging)


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """The exceptions of a group; nothing for any other exception."""
    # A stranger's own property may raise anything: its type is asked, not ``__class__``
    # as ``isinstance`` would, and the base class has the members.
    if issubclass(type(error), BaseExceptionGroup):
        return _GROUPED.__get__(error)
    return ()


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """All exceptions in a group, however deep; else the exception itself."""
    waiting = [error]
    while waiting:
        one = waiting.pop()
        members = members_of(one)
        waiting.extend(reversed(members))
        if not members:
            yield one


def describe(error: BaseException, redactor: Redactor) -> Failure:
    """The record of ``error``. Never raises, whatever ``error``'s methods do."""
    try:
        return _Description(redactor).of(error, _DEPTH)
    except BaseException as broken:  # noqa: BLE001 - a stranger's property may raise anything
        message = f"<describing it raised {type(broken).__name__}>"
        return Failure(type=_qualified(type(error)), message=message)


def summarize(error: BaseException) -> str:
    """``error`` on one line: its type and its message, with no secret masked.

    Not its ``repr``, which of some errors shows all of a text that had one wrong character.
    """
    message = text_of(error)
    return (
        f"{_qualified(type(error))}: {message}" if message else _qualified(type(error))
    )


def text_of(value: object) -> str:
    """``str(value)``. Never raises, whatever its ``__str__`` does."""
    try:
        return str(value)
    except BaseException as broken:  # noqa: BLE001 - a stranger's __str__ may raise anything
        return f"<its __str__ raised {type(broken).__name__}>"


def is_library(file: str) -> bool:
    """Whether a source file belongs to a library, the interpreter or callboard."""
    return file.startswith((*_LIBRARY, _OWN, "<frozen", "<attrs generated"))


def source_line(file: str, line: int) -> str:
    """The line of source, stripped; empty where there is none."""
    return linecache.getline(file, line).strip()[:200]


class _Description:
    """One exception with all that hangs on it, within one bound."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._seen: set[int] = set()
        self._left = _EXCEPTIONS

    def of(self, error: BaseException, depth: int) -> Failure:
        """The record of ``error``, with causes and members ``depth`` levels down."""
        self._seen.add(id(error))
        self._left -= 1
        members = members_of(error)
        kept = self._members(members, depth)
        frames = _frames(error.__traceback__, self._redactor)
        return Failure(
            type=_qualified(type(error)),
            # A group's own text would count its members, which are shown anyway.
            message=self._message(error.args[0] if members else error),
            frames=tuple(frames[-_FRAMES:]),
            notes=self._notes(error),
            cause=self._cause(error, depth),
            direct=error.__cause__ is not None,
            members=kept,
            left_out=len(members) - len(kept) + max(len(frames) - _FRAMES, 0),
        )

    def _members(
        self, members: tuple[BaseException, ...], depth: int
    ) -> tuple[Failure, ...]:
        kept: list[Failure] = []
        for member in members[:_MEMBERS]:
            if depth == 0 or self._left <= 0:
                break
            kept.append(self.of(member, depth - 1))
        return tuple(kept)

    def _cause(self, error: BaseException, depth: int) -> Failure | None:
        cause = error.__cause__
        if cause is None and not error.__suppress_context__:
            cause = error.__context__
        if cause is None or depth == 0 or id(cause) in self._seen:
            return None
        return self.of(cause, depth - 1)

    def _notes(self, error: BaseException) -> tuple[str, ...]:
        try:
            notes: object = getattr(error, "__notes__", None)
        except Exception as broken:  # noqa: BLE001 - a stranger's property may raise anything
            return (f"<its __notes__ raised {type(broken).__name__}>",)
        if not isinstance(notes, list):
            return ()
        return tuple(self._message(n) for n in cast("list[object]", notes)[:_NOTES])

    def _message(self, value: object) -> str:
        return self._redactor.excerpt(text_of(value), _MESSAGE)


def _qualified(kind: type) -> str:
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _frames(traceback: TracebackType | None, redactor: Redactor) -> list[Frame]:
    frames: list[Frame] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(
            Frame(
                file=shorten(code.co_filename, _PATH),
                line=traceback.tb_lineno,
                function=shorten(code.co_qualname, _PATH),
                source=redactor.text(
                    source_line(code.co_filename, traceback.tb_lineno)
                ),
                library=is_library(code.co_filename),
            )
        )
        traceback = traceback.tb_next
    return frames
