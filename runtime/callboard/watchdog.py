"""Who holds the loop.

Owns the heartbeat of one event loop and the thread that listens to it. A beat that stays
away longer than 100 ms while a task's code is on the loop's thread is that task's doing:
it is named, with the line it stands on, on the task itself, in the log and to watchers.
"""

import logging
import sys
import threading
import time
from types import FrameType
from typing import Any

import anyio
from msgspec import Struct

from callboard import clock
from callboard.failure import Frame, is_library, source_line
from callboard.logs import attach
from callboard.scopes import coroutine_of
from callboard.task import Task
from callboard.trace import Trace

logger = logging.getLogger(__name__)

LIMIT = 0.1
"""Seconds without a beat before a task is named."""
_PERIOD = 0.05


class Blockage(Struct, eq=False):
    """One time that a task held the loop."""

    since: float
    """Unix seconds."""
    task: str
    """Its id."""
    name: str
    stack: list[Frame]
    seconds: float | None = None
    """How long it lasted; None while it goes on."""

    @property
    def place(self) -> Frame | None:
        """The innermost frame of the program's own; None where all are of libraries."""
        return next((f for f in reversed(self.stack) if not f.library), None)


class Watchdog:
    """Listens to one loop's heartbeat, from a thread of its own."""

    def __init__(self, trace: Trace) -> None:
        self.lag = 0.0
        """Seconds that the newest beat came late."""
        self.blockages: list[Blockage] = []
        """The newest twenty."""
        self._trace = trace
        self._beat: float | None = None
        self._thread: int | None = None
        self._stop = threading.Event()
        self._listener = threading.Thread(
            target=self._listen, name="callboard-watchdog", daemon=True
        )

    async def beat(self) -> None:
        """Beat on the loop that is to be watched, until cancelled."""
        self._thread = threading.get_ident()
        self._listener.start()
        try:
            while True:
                self._beat = time.monotonic()
                await anyio.sleep(_PERIOD)
                self.lag = max(time.monotonic() - self._beat - _PERIOD, 0.0)
        finally:
            self._stop.set()
            self._listener.join(_PERIOD)

    @property
    def blocked(self) -> Blockage | None:
        """The blockage that goes on now."""
        newest = self.blockages[-1] if self.blockages else None
        return newest if newest is not None and newest.seconds is None else None

    def _listen(self) -> None:
        while not self._stop.wait(_PERIOD):
            silence = time.monotonic() - (self._beat or time.monotonic())
            current = self.blocked
            if current is not None:
                if silence <= LIMIT:
                    self._end(current)
            elif silence > LIMIT + _PERIOD:
                task = self._culprit()
                if task is not None:
                    self._begin(task, silence)
        if self.blocked is not None:
            self._end(self.blocked)

    def _culprit(self) -> Task | None:
        """The traced task whose coroutine is on the thread's stack."""
        for tree in tuple(self._trace.trees.values()):
            if tree.open:
                for task in tuple(tree.tasks.values()):
                    if _executing(task.handle):
                        return _innermost(task)
        return None

    def _begin(self, task: Task, silence: float) -> None:
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage] - the documented way to see another thread
        stack = _stack(frames.get(self._thread or 0))
        blockage = Blockage(clock.now() - silence, task.id, task.name, stack)
        self.blockages = [*self.blockages[-19:], blockage]
        place = blockage.place
        where = f" at {place.file}:{place.line}" if place else ""
        held = f"holds the event loop{where}"
        logger.warning(
            "task %s `%s` %s; runs wait until it lets go", task.id, task.name, held
        )
        attach(task, logging.WARNING, __name__, held)

    def _end(self, blockage: Blockage) -> None:
        blockage.seconds = clock.now() - blockage.since
        logger.warning(
            "task %s `%s` held the event loop for %.2f s",
            blockage.task,
            blockage.name,
            blockage.seconds,
        )


def _executing(handle: Any) -> bool:
    if handle is None:
        return False
    return bool(getattr(coroutine_of(handle), "cr_running", False))


def _innermost(task: Task) -> Task:
    """The span that ``task``'s own code is in; itself outside of any.

    Spans below a task are opened by its own code alone, one inside the other: tasks that
    it started have nodes, and spans, of their own.
    """
    for other in tuple(task.tree.tasks.values()):
        if other.parent is task and other.kind == "span" and not other.state.final:
            task = other
    return task


def _stack(frame: FrameType | None) -> list[Frame]:
    """The thread's frames, outermost first."""
    frames: list[Frame] = []
    while frame is not None:
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
        frame = frame.f_back
    frames.reverse()
    return frames
