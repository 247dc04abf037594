"""``callboard serve`` without a journal: deliveries wait, and run, from memory alone.

    python benchmarks/forgetful_server.py [idle]

The limit that ``durability.py`` compares with: the same intake, checks, runs, trace and
answers, but for the disk. Only for a load whose runs all complete. ``idle`` leaves out
the runs as well.
"""

import sys
from itertools import islice
from pathlib import Path

from callboard import Database, Settings, serving
from callboard.delivery import Delivery, DeliveryView
from callboard.journal import (
    Accepted,
    Arrival,
    Head,
    Journal,
    RunEnd,
    RunStart,
    Waiting,
)
from callboard.registry import assemble


class Forgetful(Journal):
    """Holds a delivery until its run begins, and nothing afterwards."""

    def __init__(self, database: Database, *, idle: bool) -> None:
        super().__init__(database)
        self._idle = idle
        self._queue: dict[str, tuple[Delivery, Waiting]] = {}

    async def append(self, arrival: Arrival) -> Accepted:
        """Taken at once; each is as good as new."""
        delivery, order = arrival.delivery, arrival.order
        waiting = None
        if not self._idle:
            waiting = Waiting(
                delivery.id, order.keys, order.fold, delivery.organization
            )
            self._queue[delivery.id] = (delivery, waiting)
        view = DeliveryView(
            id=delivery.id,
            source=delivery.source,
            guid=delivery.guid,
            event=delivery.event,
            action=delivery.action,
            organization=delivery.organization,
            repository=delivery.repository,
            received_at=delivery.received_at,
            state=arrival.state,
        )
        return Accepted(view, waiting=waiting)

    async def start(self, start: RunStart) -> Delivery | None:
        """Hand it out."""
        delivery, _ = self._queue.pop(start.delivery, (None, None))
        return delivery

    async def finish(self, end: RunEnd) -> None:
        """Forget it."""

    async def queued(self, limit: int) -> Head:
        """The oldest."""
        oldest = list(islice(tuple(self._queue.values()), limit))
        return Head([waiting for _, waiting in oldest], frozenset())


def main() -> None:
    """Serve until a signal."""
    database = Database.open(f"sqlite:///{Path('callboard.db').resolve()}")
    board = assemble(Settings(), database)
    board.journal = Forgetful(database, idle="idle" in sys.argv[1:])
    front, inspector = (serving.listen("127.0.0.1", 0) for _ in range(2))
    board.front_url, board.inspector_url = map(serving.address, (front, inspector))

    def started() -> None:
        print(f"{board.front_url}/webhooks/github", flush=True)

    serving.run(board, front=front, inspector=inspector, started=started)


if __name__ == "__main__":
    main()
