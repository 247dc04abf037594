"""The feed: what all watchers of one runtime share.

Owns the waking of watchers when the trace moves, the number of watchers, the beat, and
the farewell at shutdown. It costs the runtime one call per waking, however many watch.
"""

import anyio
from anyio import RunFinishedError
from anyio.lowlevel import EventLoopToken, current_token

from callboard import clock
from callboard.failure import Frame
from callboard.watchdog import Blockage
from callboard_inspector.batches import Batches
from callboard_inspector.watched import Watched
from callboard_inspector.wire import Beat, Blocked

BEAT = 1.0
"""Seconds between beats."""
_WATCHERS = 100


class FeedFullError(Exception):
    """As many watch as may."""


class Feed:
    """Wakes watchers; each of them reads the trace on its own."""

    def __init__(self, watched: Watched, *, watchers: int = _WATCHERS) -> None:
        self.watched = watched
        self.batches = Batches(watched.trace)
        self.closing = False
        self._limit = watchers
        self._waiting: set[anyio.Event] = set()
        self._present = 0
        self._token: EventLoopToken | None = None
        self._armed = False
        self._counted = (0.0, 0, 0)

    @property
    def watchers(self) -> int:
        """How many watch."""
        return self._present

    def enter(self) -> None:
        """One more watches.

        Raises:
            FeedFullError: As many watch as may.
        """
        if self._present >= self._limit:
            raise FeedFullError(f"{self._limit} watch already")
        self._present += 1

    def leave(self) -> None:
        """One fewer."""
        self._present -= 1
        if self._present == 0 and self._armed:
            self.watched.trace.disarm(self._on_change)
            self._armed = False

    def close(self) -> None:
        """Say farewell to every watcher, and take no more. On the watchers' loop."""
        self.closing = True
        self._wake_all()

    def listen(self, alarm: anyio.Event) -> None:
        """Set ``alarm`` when the trace moves, until ``ignore``."""
        self._waiting.add(alarm)
        if not self._armed:
            self._armed = True
            self._token = current_token()
            self.watched.trace.arm(self._on_change)

    def ignore(self, alarm: anyio.Event) -> None:
        """Forget ``alarm``."""
        self._waiting.discard(alarm)

    def beat(self, sequence: int) -> Beat:
        """How things stand, for a watcher that was sent everything to ``sequence``."""
        now = clock.now()
        running, tasks = self._counts(now)
        watchdog = self.watched.watchdog()
        blockage = None if watchdog is None else watchdog.blocked
        lag = 0.0 if watchdog is None else watchdog.lag
        if blockage is not None:
            lag = now - blockage.since
        return Beat(
            sequence=sequence,
            time=now * 1000,
            loop_lag=round(lag, 4),
            running=running,
            tasks=tasks,
            watchers=self._present,
            blocked=None if blockage is None else _blocked(blockage),
        )

    def blockage(self) -> Blockage | None:
        """The blockage that goes on now."""
        watchdog = self.watched.watchdog()
        return None if watchdog is None else watchdog.blocked

    def _counts(self, now: float) -> tuple[int, int]:
        taken, running, tasks = self._counted
        if now - taken > BEAT / 4:
            open_tasks = [t.open for t in tuple(self.watched.trace.trees.values())]
            running, tasks = sum(1 for n in open_tasks if n), sum(open_tasks)
            self._counted = (now, running, tasks)
        return running, tasks

    def _on_change(self) -> None:
        """Called in the thread that changed something."""
        token = self._token
        if token is None:
            return
        try:
            token.backend_class.run_sync_soon(self._wake_all, (), token.native_token)
        except RunFinishedError:
            return  # the loop has ended, and its watchers with it

    def _wake_all(self) -> None:
        self._armed = False
        waiting, self._waiting = self._waiting, set()
        for alarm in waiting:
            alarm.set()


def _blocked(blockage: Blockage) -> Blocked:
    place = blockage.place or Frame(file="", line=0, function="")
    return Blocked(
        task=blockage.task,
        name=blockage.name,
        since=blockage.since * 1000,
        file=place.file,
        line=place.line,
        function=place.function,
        source=place.source,
    )
