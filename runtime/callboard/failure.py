"""An exception as a record that outlives it.

Owns the shape of a failure: a group stays a tree, causes stay a chain, frames keep
their source line. Everything is bounded, and a cut always says the true size.
"""

import linecache
import sysconfig
from types import TracebackType
from typing import cast

from msgspec import Struct

from callboard.redaction import Redactor

_MESSAGE = 8_192
_FRAMES = 40
_MEMBERS = 50
_DEPTH = 12
_LIBRARY = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "purelib", "platlib"))
_OWN = __file__.removesuffix("failure.py")


class Frame(Struct, frozen=True, omit_defaults=True):
    """One line of a traceback."""

    file: str
    line: int
    function: str
    source: str = ""
    library: bool = False
    """Whether the frame lies in a library, or in callboard itself."""


class Failure(Struct, frozen=True, omit_defaults=True):
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


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """The exceptions of a group; nothing for any other exception."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return group.exceptions
    return ()


def shorten(text: str, limit: int) -> str:
    """``text``, cut to ``limit`` characters with a word on its true size."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… (cut, {len(text):,} characters)"


def describe(error: BaseException, redactor: Redactor) -> Failure:
    """The record of ``error``. Never raises, whatever ``error``'s methods do."""
    return _describe(error, redactor, _DEPTH, set())


def is_library(file: str) -> bool:
    """Whether a source file belongs to a library, the interpreter or callboard."""
    return file.startswith((*_LIBRARY, _OWN, "<frozen"))


def source_line(file: str, line: int) -> str:
    """The line of source, stripped; empty where there is none."""
    return linecache.getline(file, line).strip()[:200]


def _describe(
    error: BaseException, redactor: Redactor, depth: int, seen: set[int]
) -> Failure:
    seen.add(id(error))
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    members = members_of(error)
    frames = _frames(error.__traceback__, redactor)
    return Failure(
        type=_qualified(type(error)),
        message=shorten(redactor.text(_message(error)), _MESSAGE),
        frames=tuple(frames[-_FRAMES:]),
        notes=tuple(
            shorten(redactor.text(str(note)), _MESSAGE)
            for note in getattr(error, "__notes__", ())[:10]
        ),
        cause=(
            _describe(cause, redactor, depth - 1, seen)
            if cause is not None and depth > 0 and id(cause) not in seen
            else None
        ),
        direct=error.__cause__ is not None,
        members=tuple(
            _describe(member, redactor, depth - 1, seen)
            for member in members[:_MEMBERS]
            if depth > 0
        ),
        left_out=max(len(members) - _MEMBERS, len(frames) - _FRAMES, 0),
    )


def _message(error: BaseException) -> str:
    try:
        if isinstance(error, BaseExceptionGroup):
            return error.message
        return str(error)
    except Exception as broken:  # noqa: BLE001 - a stranger's __str__ may raise anything
        return f"<its __str__ raised {type(broken).__name__}>"


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
                file=code.co_filename,
                line=traceback.tb_lineno,
                function=code.co_qualname,
                source=redactor.text(
                    source_line(code.co_filename, traceback.tb_lineno)
                ),
                library=is_library(code.co_filename),
            )
        )
        traceback = traceback.tb_next
    return frames
