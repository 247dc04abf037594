"""``callboard serve`` with a journal that keeps nothing.

The limit that ``durability.py`` compares with: the same intake, checks, trace and
answers, but for the disk. Only for a server without providers: there is nothing to run.
"""

from pathlib import Path

from callboard import Database, Settings, serving
from callboard.delivery import DeliveryView
from callboard.journal import Journal
from callboard.journal.entries import Accepted, Arrival
from callboard.registry import assemble


class Forgetful(Journal):
    """Accepts everything at once."""

    async def append(self, arrival: Arrival) -> Accepted:
        """As if it were on disk."""
        delivery = arrival.delivery
        return Accepted(
            DeliveryView(
                id=delivery.id,
                source=delivery.source,
                guid=delivery.guid,
                event=delivery.event,
                action=delivery.action,
                organization=delivery.organization,
                repository=delivery.repository,
                received_at=delivery.received_at,
                state=arrival.state,
                reason=arrival.reason,
            )
        )


def main() -> None:
    """Serve until a signal."""
    database = Database.open(f"sqlite:///{Path('callboard.db').resolve()}")
    board = assemble(Settings(), database)
    board.journal = Forgetful(database)
    front, inspector = (serving.listen("127.0.0.1", 0) for _ in range(2))
    board.front_url, board.inspector_url = map(serving.address, (front, inspector))

    def started() -> None:
        print(f"{board.front_url}/webhooks/github", flush=True)

    serving.run(board, front=front, inspector=inspector, started=started)


if __name__ == "__main__":
    main()
