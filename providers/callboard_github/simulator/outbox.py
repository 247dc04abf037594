"""Deliveries that wait to be sent, one queue per webhook."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callboard_github.simulator.hook import Hook, HookDelivery


class Outbox:
    """What the state wants sent. Safe to use from several threads; never waits.

    A test that has no network takes the deliveries itself, in any order it likes::

        for delivery in github.outbox.take():
            receive(delivery.headers, delivery.content)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[Hook, deque[HookDelivery]] = {}
        self._heard: Callable[[], None] | None = None

    def listen(self, heard: Callable[[], None] | None) -> None:
        """Have a function called after each `put`, in the thread that puts."""
        self._heard = heard

    def put(self, delivery: "HookDelivery") -> None:
        """Queue a delivery behind the others of its webhook."""
        with self._lock:
            self._queues.setdefault(delivery.hook, deque()).append(delivery)
        if self._heard is not None:
            self._heard()

    def waiting(self) -> "list[Hook]":
        """Return the webhooks that something waits for."""
        with self._lock:
            return [hook for hook, queue in self._queues.items() if queue]

    def queue(self, hook: "Hook") -> "deque[HookDelivery]":
        """Return a webhook's own queue, for its one sender to take from."""
        with self._lock:
            return self._queues.setdefault(hook, deque())

    def take(self) -> "list[HookDelivery]":
        """Take everything out, oldest first."""
        with self._lock:
            taken = [d for queue in self._queues.values() for d in queue]
            for queue in self._queues.values():
                queue.clear()
        return sorted(taken, key=lambda delivery: delivery.id)

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._queues.values()))
