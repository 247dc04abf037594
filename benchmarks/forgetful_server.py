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
from callboard.delivery import DeliveryState, DeliveryView
from callboard.journal import (
    Accepted,
    Arrival,
    Begun,
    Head,
    Journal,
    RunEnd,
    RunStart,
    Then,
    Waiting,
)
from callboard.registry import assemble


class Forgetful(Journal):
    """Holds a delivery until its run begins, and nothing afterwards."""

    def __init__(self, database: Database, *, idle: bool) -> None:
        super().__init__(database)
        self._idle = idle
        self._queue: dict[str, tuple[Begun, Waiting]] = {}

    async def append(
        self, arrival: Arrival, then: Then[Accepted] | None = None
    ) -> Accepted:
        """Taken at once; each is as good as new."""
        delivery, order = arrival.delivery, arrival.order
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
        waiting = None
        if not self._idle:
            waiting = Waiting(
                delivery.id, order.keys, order.fold, delivery.organization
            )
            self._queue[delivery.id] = (Begun(delivery, view), waiting)
        accepted = Accepted(view, waiting=waiting)
        if then is not None:
            then(accepted)
        return accepted

    async def start(
        self, start: RunStart, then: Then[Begun | None] | None = None
    ) -> Begun | None:
        """Hand it out."""
        begun = self._queue.pop(start.delivery, (None, None))[0]
        if begun is not None:
            begun.view.state, begun.view.run = DeliveryState.RUNNING, start.run
        if then is not None:
            then(begun)
        return begun

    async def finish(
        self,
        end: RunEnd,  # noqa: ARG002 - as in the journal itself
        then: Then[None] | None = None,
    ) -> None:
        """Forget it."""
        if then is not None:
            then(None)

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
