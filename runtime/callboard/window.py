"""Which waiting delivery runs next.

Owns the order among those that are near their turn: deliveries that share a key keep
the order in which they were added, organizations take turns, and the rest stays in the
journal. Pure data, no clock and no waiting.
"""

from collections import Counter, OrderedDict, deque

from callboard.journal import Waiting


class Window:
    """A bounded view of the head of the journal."""

    def __init__(self, capacity: int = 1024) -> None:
        self.capacity = capacity
        self._known: dict[str, Waiting] = {}
        self._queues: dict[str, deque[Waiting]] = {}
        self._ready: OrderedDict[str, deque[Waiting]] = OrderedDict()
        self._folds: dict[str, Waiting] = {}
        self._waiting: Counter[str] = Counter()
        self._taken: set[str] = set()
        self._met_again: set[str] = set()

    def __len__(self) -> int:
        """How many are waiting or running."""
        return len(self._known)

    def __contains__(self, id_: str) -> bool:
        """Whether the delivery waits here, or runs."""
        return id_ in self._known

    def waits(self, organization: str | None) -> bool:
        """Whether a delivery of this organization waits here."""
        return self._waiting[organization or ""] > 0

    def add(self, waiting: Waiting) -> Waiting | None:
        """Take one in, behind all that share a key with it.

        Returns the older one that it makes superfluous, which is dropped.
        """
        if waiting.id in self._known:
            if waiting.id in self._taken:
                self._met_again.add(waiting.id)
            return None
        self._known[waiting.id] = waiting
        self._waiting[waiting.organization or ""] += 1
        for key in waiting.keys:
            self._queues.setdefault(key, deque()).append(waiting)
        self._promote(waiting)
        if waiting.fold is None:
            return None
        folded = self._folds.get(waiting.fold)
        self._folds[waiting.fold] = waiting
        if folded is not None:
            self._drop(folded)
        return folded

    def take(self) -> Waiting | None:
        """The next that may run; None while every one waits for another to end."""
        if not self._ready:
            return None
        organization, queue = self._ready.popitem(last=False)
        waiting = queue.popleft()
        if queue:
            self._ready[organization] = queue  # behind the other organizations
        if waiting.fold is not None and self._folds.get(waiting.fold) is waiting:
            del self._folds[waiting.fold]
        self._taken.add(waiting.id)
        self._forget(organization)
        return waiting

    def release(self, waiting: Waiting) -> bool:
        """One that was taken has ended; those behind it may follow.

        Returns whether it was added again meanwhile. It may wait for another run then,
        or may have been met on the way to its first: the journal knows.
        """
        met_again = waiting.id in self._met_again
        self._met_again.discard(waiting.id)
        self._taken.remove(waiting.id)
        del self._known[waiting.id]
        for key in waiting.keys:
            queue = self._queues[key]
            queue.popleft()
            if queue:
                self._promote(queue[0])
            else:
                del self._queues[key]
        return met_again

    def _drop(self, waiting: Waiting) -> None:
        organization = waiting.organization or ""
        ready = self._ready.get(organization)
        if ready is not None and waiting in ready:
            ready.remove(waiting)
            if not ready:
                del self._ready[organization]
        del self._known[waiting.id]
        self._forget(organization)
        for key in waiting.keys:
            queue = self._queues[key]
            first = queue[0] is waiting
            queue.remove(waiting)
            if not queue:
                del self._queues[key]
            elif first:
                self._promote(queue[0])

    def _forget(self, organization: str) -> None:
        self._waiting[organization] -= 1
        if not self._waiting[organization]:
            del self._waiting[organization]

    def _promote(self, waiting: Waiting) -> None:
        if all(self._queues[key][0] is waiting for key in waiting.keys):
            organization = waiting.organization or ""
            self._ready.setdefault(organization, deque()).append(waiting)
