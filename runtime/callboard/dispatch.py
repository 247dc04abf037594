"""From the journal to runs.

Owns which deliveries run now: up to a limit at once, in the order of their keys, failed
ones again when their time has come. What waits lies in the journal; only its head, a
window of ids and keys, is in memory.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable
from functools import partial

import anyio
from anyio.abc import TaskGroup
from sqlalchemy.exc import DBAPIError

from callboard import clock
from callboard.conductor import Conductor
from callboard.delivery import DeliveryState
from callboard.ids import new_id
from callboard.journal import Fold, Journal, Released, Waiting
from callboard.policy import Policy
from callboard.trace import Trace
from callboard.wake import Wake
from callboard.window import Window
from callboard.writer import WriterClosed

logger = logging.getLogger(__name__)


class Dispatcher:
    """Says which delivery runs now, and has the conductor run it."""

    def __init__(
        self,
        *,
        journal: Journal,
        trace: Trace,
        conductor: Conductor,
        policy: Policy,
    ) -> None:
        self._journal = journal
        self._trace = trace
        self._conductor = conductor
        self._policy = policy
        self._running = 0
        self._window = Window()
        self._lock = threading.Lock()
        self._offered: deque[Waiting] = deque()
        # Whether the journal may hold queued deliveries beyond the window. True at
        # first: whatever an earlier process left behind.
        self._behind = True
        # The organizations that these are of, as far as they are known.
        self._left_out: set[str | None] = set()
        # When the first failed delivery is to be run again; None when there is none.
        self._next_due: float | None = 0.0
        self._wake: Wake | None = None
        self._open = True

    def offer(self, waiting: Waiting) -> None:
        """A delivery is in the journal and may run. From any thread."""
        with self._lock:
            if len(self._offered) >= self._window.capacity:
                self._behind = True
                self._left_out.add(waiting.organization)
            else:
                self._offered.append(waiting)
        self._rouse()

    def reread(self) -> None:
        """The journal holds queued deliveries that were not offered. From any thread."""
        with self._lock:
            self._behind = True
        self._rouse()

    def look_again(self) -> None:
        """Failed or held deliveries may be due earlier than thought. From any thread."""
        self._due_at(0.0)
        self._rouse()

    def close(self) -> None:
        """Start no more runs. From any thread."""
        with self._lock:
            self._open = False
        self._conductor.close()
        self._rouse()

    async def work(self) -> None:
        """Dispatch until ``close``, then wait for the runs in progress."""
        async with anyio.create_task_group() as group:
            while self._open:
                wake = self._arm()
                try:
                    await self._fill()
                except DBAPIError:
                    break  # only while closing
                while self._open and self._running < self._policy.runs_at_once:
                    waiting = self._window.take()
                    if waiting is None:
                        break
                    self._begin(group, waiting)
                await self._sleep(wake)

    def _rouse(self) -> None:
        with self._lock:
            wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def _arm(self) -> Wake:
        wake = Wake()
        with self._lock:
            self._wake = wake
        return wake

    async def _sleep(self, wake: Wake) -> None:
        """Wait for an offer, the end of a run, or the next failed delivery's time."""
        if not self._open:
            return
        pause = None
        if self._next_due is not None:
            pause = max(self._next_due - clock.now(), 0.0)
        with anyio.move_on_after(pause):
            await wake.wait()

    def _due_at(self, moment: float | None) -> None:
        """A failed or held delivery is to be run again then."""
        with self._lock:
            if self._next_due is None:
                self._next_due = moment
            elif moment is not None:
                self._next_due = min(self._next_due, moment)

    async def _release_due(self) -> None:
        now = clock.now()
        with self._lock:
            if self._next_due is None or self._next_due > now:
                return
            # Before the journal is asked: a run that ends meanwhile says it anew.
            self._next_due = None
        released = await self._conductor.insist(
            lambda: self._journal.release_due(now, self._released)
        )
        self._due_at(released.following)
        if released.deliveries:
            self._behind = True

    def _released(self, released: Released) -> None:
        for id_ in released.deliveries:
            self._trace.change(id_, state=DeliveryState.QUEUED)

    async def _fill(self) -> None:
        await self._release_due()
        await self._read_on()
        with self._lock:
            offered = list(self._offered)
            self._offered.clear()
        await self._add(w for w in offered if self._fits(w))

    async def _read_on(self) -> None:
        if not self._behind or not self._has_room():
            return
        with self._lock:
            self._behind = False
            self._left_out = set()
        # From the head, not from where the last reading ended: group commits may
        # record deliveries in another order than they are numbered.
        capacity = self._window.capacity
        head = await self._conductor.insist(lambda: self._journal.queued(capacity))
        await self._add(head.waiting)
        if head.left_out:
            with self._lock:
                self._behind = True
                self._left_out |= head.left_out

    def _has_room(self) -> bool:
        """Whether it is time to read on: half is free, or somebody has nothing here."""
        size, capacity = len(self._window), self._window.capacity
        if size <= capacity // 2:
            return True
        starving = any(not self._window.waits(name) for name in self._left_out)
        return starving and size < 2 * capacity

    def _fits(self, waiting: Waiting) -> bool:
        """Whether an offer is taken at once; else it is read from the journal later."""
        organization = waiting.organization
        if len(self._window) < self._window.capacity and not self._behind:
            return True
        # Behind, for some have a longer queue than their share of the window. Who has
        # none need not wait until those have made room.
        with self._lock:
            if (
                len(self._window) < 2 * self._window.capacity
                and organization not in self._left_out
                and not self._window.waits(organization)
            ):
                return True
            self._left_out.add(organization)
            self._behind = True
        return False

    async def _add(self, found: Iterable[Waiting]) -> None:
        for waiting in found:
            older = self._window.add(waiting)
            if older is None:
                continue
            fold = Fold(older.id, waiting.id)
            await self._conductor.insist(
                partial(self._journal.fold, fold, partial(self._folded, fold))
            )

    def _folded(self, fold: Fold, written: dict[str, object]) -> None:
        self._trace.change(fold.delivery, **written)

    def _begin(self, group: TaskGroup, waiting: Waiting) -> None:
        run = new_id()
        self._running += 1
        group.start_soon(self._run, waiting, run, name=f"run {run}")

    async def _run(self, waiting: Waiting, run: str) -> None:
        again = None
        try:
            end = await self._conductor.conduct(waiting, run)
            again = end.not_before if end is not None else None
        # Either way the delivery is in the journal, and is run again at the next start.
        except (DBAPIError, WriterClosed) as error:  # only while closing
            message = "run %s of delivery %s is not recorded: %s"
            logger.warning(message, run, waiting.id, error)
        except Exception:
            message = "run %s of delivery %s is not recorded"
            logger.exception(message, run, waiting.id)
        finally:
            self._running -= 1
            if self._window.release(waiting):
                self._behind = True
            # Not earlier: while it is in the window it cannot be added again.
            self._due_at(again)
            self._rouse()
