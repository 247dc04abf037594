"""A failure as lines of a terminal: the group's tree, the cause, the lines of code."""

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from callboard.failure import Failure, Frame
from callboard.plural import counted

_FRAMES = 12


def failure_lines(failure: Failure, indent: str = "") -> Iterator[Text]:
    """Its type and message, the application's frames, what caused it, its members."""
    head, *rest = failure.message.splitlines() or [""]
    line = Text(indent).append(failure.type, "bold red")
    yield line.append(f": {head}" if head else "")
    for more in rest:
        yield Text(f"{indent}  {more}")
    for note in failure.notes:
        for part in note.splitlines():
            yield Text(f"{indent}  {part}", "italic")
    yield from _frames(failure.frames, f"{indent}  ")
    for number, member in enumerate(failure.members, 1):
        last = number == len(failure.members) and not failure.left_out
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        for row, text in enumerate(failure_lines(member)):
            yield Text(f"{indent}{branch if row == 0 else below}", "dim").append(text)
    if failure.left_out:
        yield Text(f"{indent}└─ … {failure.left_out:,} more exceptions", "dim")
    if failure.cause is not None:
        how = "caused by" if failure.direct else "while handling"
        yield Text(f"{indent}{how}", "dim")
        yield from failure_lines(failure.cause, indent)


def _frames(frames: tuple[Frame, ...], indent: str) -> Iterator[Text]:
    """The application's frames; a library's are counted where they lie."""
    folded = 0
    for frame in frames[-_FRAMES * 3 :]:
        if frame.library:
            folded += 1
            continue
        if folded:
            yield _folded(indent, folded)
            folded = 0
        yield (
            Text(indent)
            .append(f"{_short(frame.file)}:{frame.line}", "cyan")
            .append(f"  {frame.function}", "dim")
        )
        if frame.source:
            yield Text(f"{indent}    {frame.source.strip()}")
    if folded:
        yield _folded(indent, folded)


def _folded(indent: str, count: int) -> Text:
    return Text(f"{indent}… {counted(count, 'frame')} in libraries", "dim")


def _short(file: str) -> str:
    """Relative to where the command is run, if it lies below."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file
