"""Cutting what does not fit a frame, with a word on what was cut."""

import msgspec
from msgspec import structs

from callboard.failure import Failure
from callboard.redaction import shorten
from callboard_inspector.questions import TaskLog


def cut_failure(failure: Failure, size: int) -> Failure:
    """``failure`` in at most about ``size`` bytes: shorter messages, fewer members."""
    message, members = 2_000, 20
    cut = failure
    while members > 0:
        cut = _cut(failure, message, members)
        if len(msgspec.json.encode(cut)) <= size:
            break
        message, members = message // 2, members // 2
    return cut


def _cut(failure: Failure, message: int, members: int) -> Failure:
    cause = failure.cause
    return structs.replace(
        failure,
        message=shorten(failure.message, message),
        notes=tuple(shorten(note, message) for note in failure.notes[:members]),
        frames=failure.frames[-10:],
        cause=None if cause is None else _cut(cause, message, members // 2),
        members=tuple(
            _cut(member, message, members // 2) for member in failure.members[:members]
        ),
        left_out=failure.left_out + max(len(failure.members) - members, 0),
    )


def cut_lines(lines: list[TaskLog], size: int) -> list[TaskLog]:
    """The newest of ``lines`` that fit into ``size`` bytes, oldest first."""
    kept: list[TaskLog] = []
    left = size
    for entry in reversed(lines):
        failure = entry.line.failure
        if failure is not None:
            line = structs.replace(entry.line, failure=cut_failure(failure, size // 8))
            entry = TaskLog(entry.n, line)  # noqa: PLW2901 - the same line, cut
        left -= len(msgspec.json.encode(entry))
        if left < 0:
            break
        kept.append(entry)
    kept.reverse()
    return kept
