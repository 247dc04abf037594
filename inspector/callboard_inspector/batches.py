"""What changed between two points of the trace, read once for all watchers.

Owns the sharing: watchers that stand at the same cursor are given the same encoded
frames, so fifty of them cost one reading of the ring and one encoding of the list.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import anyio

from callboard import clock
from callboard.delivery import DeliveryView
from callboard.task import Task
from callboard.trace import Item, Trace
from callboard_inspector.rows import Gone, Rows
from callboard_inspector.wire import FRAME_AIM, Delta, encode

T = TypeVar("T")

LIST = ""
"""The scope of the list of deliveries."""
_KEPT = 8


class Batch:
    """The changes after ``start`` up to ``end``; maybe some later ones as well."""

    def __init__(
        self, trace: Trace, start: int, end: int, time: float, items: Iterable[Item]
    ) -> None:
        self.start = start
        self.end = end
        self.time = time
        self.count = 0
        self._trace = trace
        self._deliveries: list[DeliveryView] = []
        self._tasks: dict[str, list[Task]] = {}
        self._frames: dict[str, list[str]] = {}
        for item in items:
            self.count += 1
            if isinstance(item, Task):
                self._tasks.setdefault(item.tree.delivery, []).append(item)
            else:
                self._deliveries.append(item)

    def touches(self, scope: str) -> bool:
        """Whether anything changed in ``scope``."""
        return bool(self._deliveries) if scope == LIST else scope in self._tasks

    def frames(self, scope: str) -> list[str]:
        """The changes of ``scope`` as encoded deltas, as few as their size allows."""
        found = self._frames.get(scope)
        if found is None:
            if scope == LIST:
                parts = list(split(self._deliveries, Rows.add_delivery, self.time))
            else:
                parts = list(split(self._tasks.get(scope, ()), _add_task, self.time))
            found = [self._delta(scope, rows, last=rows is parts[-1]) for rows in parts]
            self._frames[scope] = found
        return found

    def _delta(self, scope: str, rows: Rows, *, last: bool) -> str:
        return encode(
            Delta(
                scope=scope,
                start=self.start,
                # Only the last part moves the cursor: one that comes alone is repeated.
                end=self.end if last else self.start,
                time=self.time,
                gone=rows.gone,
                **rows.fields(),
            )
        )


def _add_task(rows: Rows, task: Task) -> None:
    if task.tree.tasks.get(task.n) is task:
        rows.add_task(task)
    else:
        rows.gone.append(Gone(task.tree.run, task.n))


def split(
    items: Iterable[T], add: Callable[[Rows, T], None], time: float
) -> Iterator[Rows]:
    """Rows of ``items``, in portions that each fit a frame; at least one portion."""
    rows = Rows(time / 1000)
    for item in items:
        if rows.size >= FRAME_AIM:
            yield rows
            rows = Rows(time / 1000)
        add(rows, item)
    yield rows


class Batches:
    """The newest few batches of one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._kept: OrderedDict[tuple[int, int], Batch] = OrderedDict()
        self._read_at = -math.inf
        """When the sequence was last read, on the event loop's clock."""
        self._mark = (0.0, 0)
        """The time of that reading, Unix seconds, and the sequence."""

    def after(self, cursor: int, fresh: float) -> Batch | None:
        """What changed after ``cursor``; None if the ring no longer tells.

        A reading of the sequence serves all who ask within ``fresh`` seconds and lack
        something of it, so that those who stand at the same place stay together however
        long it takes to send to them all.
        """
        time, newest = self._mark
        now = anyio.current_time()
        if newest <= cursor or now - self._read_at >= fresh:
            # The clock first: whatever was published before it is within the batch.
            self._mark = time, newest = clock.now(), self._trace.sequence
            self._read_at = now
        key = (cursor, newest)
        batch = self._kept.get(key)
        if batch is None:
            items = self._trace.since(cursor)
            if items is None:
                return None
            batch = Batch(self._trace, cursor, newest, time * 1000, items)
            self._kept[key] = batch
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return batch
