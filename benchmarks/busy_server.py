"""A callboard whose every push makes a run of one provider with eight tasks.

    python benchmarks/busy_server.py [FSYNC_MS]

Serves ``/webhooks/github`` on a free port, with its journal in ``callboard.db`` here.
With FSYNC_MS each commit takes that much longer, while it holds the only connection that
writes: so a disk with a slow fsync looks from here.
"""

import sys
import time
from pathlib import Path

import anyio
from sqlalchemy import Connection, event

from callboard import Callboard, Database, Provider, Run, Settings, on, serving
from callboard_github.events.push import Push
from callboard_github.source import GitHubSource

CHILDREN = 8


class Parent(Provider):
    """Starts eight tasks, each of which waits a moment, as for an answer of GitHub's."""

    name = "parent"

    @on(Push)
    async def handle(self, _event: Push, _run: Run) -> None:
        """Start them, and wait for all."""
        async with anyio.create_task_group() as group:
            for _ in range(CHILDREN):
                group.start_soon(anyio.sleep, 0.001)


def slow_down(database: Database, milliseconds: float) -> None:
    """Make every commit take that much longer."""

    def linger(_connection: Connection) -> None:
        time.sleep(milliseconds / 1e3)

    event.listen(database.engine, "commit", linger)


def make_board(database: Database) -> Callboard:
    """With GitHub's source and the provider."""
    settings = Settings()
    board = Callboard(settings, database)
    source = GitHubSource(settings.secrets("GITHUB_WEBHOOK_SECRET"))
    return board.add(sources=[source], providers=[Parent()])


def main() -> None:
    """Serve until a signal."""
    database = Database.open(f"sqlite:///{Path('callboard.db').resolve()}")
    board = make_board(database)
    front, inspector = (serving.listen("127.0.0.1", 0) for _ in range(2))
    url = serving.address(front)

    def started() -> None:
        # Migrations are through: they commit too.
        if len(sys.argv) > 1:
            slow_down(database, float(sys.argv[1]))
        print(f"{url}/webhooks/github", flush=True)

    serving.run(board, front=front, inspector=inspector, started=started)


if __name__ == "__main__":
    main()
