"""Where a live task stands: its await stack, taken only when someone looks."""

from typing import Any

from callboard.failure import Frame, is_library, source_line
from callboard.scopes import coroutine_of
from callboard.task import Task

_DEEPEST = 60


def await_stack(task: Task) -> list[Frame]:
    """The frames of ``task`` from its own function to what it waits for.

    Empty for a task that has ended, that is a span, or that runs at this moment.
    """
    handle: Any = task.handle
    if handle is None:
        return []
    coroutine = coroutine_of(handle)
    frames: list[Frame] = []
    while coroutine is not None and len(frames) < _DEEPEST:
        frame = getattr(coroutine, "cr_frame", None) or getattr(
            coroutine, "gi_frame", None
        )
        if frame is not None:
            code = frame.f_code
            frames.append(
                Frame(
                    file=code.co_filename,
                    line=frame.f_lineno,
                    function=code.co_qualname,
                    source=source_line(code.co_filename, frame.f_lineno),
                    library=is_library(code.co_filename),
                )
            )
        coroutine = getattr(coroutine, "cr_await", None) or getattr(
            coroutine, "gi_yieldfrom", None
        )
    # The first frame is the runtime's own watch.
    return frames[1:]
