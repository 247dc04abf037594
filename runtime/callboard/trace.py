"""The runtime's account of itself, in memory.

Owns one counter and one ring of what changed. Writing never waits and never copies: an
entry is a reference to the thing that changed, and a reader takes its values as they are
when it looks, so a thing that changed ten times is read once. A reader too slow for the
ring learns that it fell off, and starts again from a snapshot.
"""

import secrets
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeAlias

from msgspec.structs import asdict, replace

from callboard.delivery import DeliveryState, DeliveryView
from callboard.redaction import Redactor
from callboard.task import Task
from callboard.tree import Tree

Item: TypeAlias = Task | DeliveryView
_WELL = frozenset(
    {DeliveryState.COMPLETED, DeliveryState.FOLDED, DeliveryState.IGNORED}
)

_SHARE = 32
"""A search for deliveries that may make room finds one in so many of all, if it can."""


class Trace:
    """The ring, the trees in memory, and the newest deliveries.

    The ring keeps what it refers to: by default about 16 MiB of tasks, which is also what
    a full garbage collection has to look through.

    Safe to write from any thread; readers hold no lock and keep only a cursor.
    """

    def __init__(
        self,
        *,
        capacity: int = 16_384,
        trees: int = 500,
        tree_bytes: int = 256 * 1024 * 1024,
        deliveries: int = 2_000,
        redactor: Redactor | None = None,
    ) -> None:
        self.boot = secrets.token_hex(8)
        """Differs after every restart; sequences of different boots do not compare."""
        self.sequence = 0
        """The number of the newest change, from 1."""
        self.capacity = capacity
        self.redactor = redactor or Redactor()
        self.trees: OrderedDict[str, Tree] = OrderedDict()
        self.deliveries: OrderedDict[str, DeliveryView] = OrderedDict()
        self.let_go: Counter[str] = Counter()
        """Deliveries that memory has let go of, by the state they were in."""
        self.floor = ""
        """Every delivery with a greater id is in memory: what ends well goes first, so
        one that failed may stay although newer ones went."""
        self._tree_limit = trees
        self._tree_bytes = tree_bytes
        self._weights: dict[str, int] = {}
        """About how many bytes each ended tree takes."""
        self._weight = 0
        self._delivery_limit = deliveries
        # The next few that may make room: to look for each anew would go through all.
        self._expendable: deque[DeliveryView] = deque()
        self._ring: list[Item | None] = [None] * capacity
        self._lock = threading.Lock()
        self._armed: list[Callable[[], None]] = []

    def publish(self, item: Item) -> None:
        """Record that ``item`` changed."""
        with self._lock:
            sequence = self.sequence + 1
            item.revision = sequence
            self._ring[sequence % self.capacity] = item
            self.sequence = sequence
            armed = self._armed
            if armed:
                self._armed = []
        for wake in armed:
            wake()

    def update(self, view: DeliveryView) -> None:
        """Show a delivery as the journal has it now; who holds its view sees it change."""
        values = asdict(view)
        del values["id"], values["revision"]
        if self.change(view.id, **values) is None:
            self.show(replace(view))  # what is shown goes on to change

    def change(self, delivery: str, **values: object) -> DeliveryView | None:
        """Set fields of a delivery's view and publish it; None if memory let it go."""
        view = self.deliveries.get(delivery)
        if view is not None:
            for name, value in values.items():
                setattr(view, name, value)
            self.publish(view)
        return view

    def arm(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` once, from whatever thread, at the next change."""
        with self._lock:
            self._armed = [*self._armed, wake]

    def disarm(self, wake: Callable[[], None]) -> None:
        """Forget ``wake``, if it was not called yet."""
        with self._lock:
            self._armed = [other for other in self._armed if other != wake]

    def since(self, cursor: int) -> Iterable[Item] | None:
        """What changed after ``cursor``: each thing once, as it is now.

        In the order in which each changed first after ``cursor``, however often it
        changed since. The next cursor is ``sequence`` as it was before the call: what
        changed during it comes again then, and nothing is missed.

        None when the ring no longer reaches back to ``cursor``: start from a snapshot.
        """
        newest = self.sequence
        if newest - cursor >= self.capacity:
            return None
        found: dict[int, Item] = {}
        for sequence in range(cursor + 1, newest + 1):
            item = self._ring[sequence % self.capacity]
            if item is not None:
                found[id(item)] = item
        if self.sequence - cursor >= self.capacity:
            return None  # the ring came round while it was read
        return found.values()

    def open_tree(self, run: str, delivery: str, name: str) -> Tree:
        """A new tree; the oldest ended ones make room, by their number and their bytes."""
        tree = Tree(self, run, delivery, name)
        with self._lock:
            self.trees[run] = tree
            while len(self.trees) > self._tree_limit or self._weight > self._tree_bytes:
                ended = next((r for r, t in self.trees.items() if t.open == 0), None)
                if ended is None:
                    break
                del self.trees[ended]
                self._weight -= self._weights.pop(ended, 0)
        self.publish(tree.root)
        return tree

    def ended(self, tree: Tree) -> None:
        """All tasks of ``tree`` have ended: it does not grow any more."""
        with self._lock:
            if self.trees.get(tree.run) is tree:
                self._weights[tree.run] = weight = tree.weigh()
                self._weight += weight

    def show(self, view: DeliveryView) -> None:
        """Record a delivery that is new, or new to memory; older ones make room.

        What ended well goes first, then what failed or waits; what runs stays.
        """
        with self._lock:
            self.deliveries[view.id] = view
            while len(self.deliveries) > self._delivery_limit:
                oldest = self._oldest()
                if oldest is None:
                    break
                # First of all: who looks meanwhile may take it for higher, never lower.
                self.floor = max(self.floor, oldest.id)
                del self.deliveries[oldest.id]
                self.let_go[oldest.state] += 1
        self.publish(view)

    def _oldest(self) -> DeliveryView | None:
        """The next to make room: what ended well, else what does not run."""
        while True:
            if not self._expendable:
                views = self.deliveries.values()
                few = max(self._delivery_limit // _SHARE, 1)
                well = (v for v in views if v.state in _WELL)
                idle = (v for v in views if v.state is not DeliveryState.RUNNING)
                self._expendable.extend(islice(well, few))
                if not self._expendable:
                    self._expendable.extend(islice(idle, few))
            if not self._expendable:
                return None
            view = self._expendable.popleft()
            current = self.deliveries.get(view.id) is view
            if current and view.state is not DeliveryState.RUNNING:
                return view
