"""A callboard to be killed: hypercorn, a ``PlainSource`` and a provider of each temper.

Imports everything once, then forks a server for every line on standard input (a JSON
object, see ``Order``), so that two hundred of them start in the time of a few. Says what
it does on standard output, a line each: ``pid N``, ``ready URL``, ``ended STATUS``.
"""

import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, TextIO

# Before the fork, not in every child: migrations need it.
import alembic.command  # noqa: F401  # pyright: ignore[reportUnusedImport] - see above
import anyio
import msgspec
import trio
from msgspec import Raw, Struct
from sqlalchemy import Connection, text

from callboard import (
    Callboard,
    Database,
    Effect,
    Provider,
    Retry,
    Run,
    Settings,
    Stamp,
    Untyped,
    on,
    record_effects,
    serving,
)
from callboard.cli.console import log_to_terminal
from callboard.testing import THING, PlainSource


class Order(Struct):
    """How to serve."""

    database: str
    errors: str
    """The file to write to in place of standard error."""
    provider: str = "keeper"
    """``keeper``, or the temper of a provider that never does its work."""
    settings: dict[str, Any] = {}
    backend: str = "trio"
    file_size: int | None = None
    """Bytes beyond which no file may grow, as on a full disk; None for no limit."""


class Keeper(Provider):
    """Adds each thing once, as the catalog does: what is there stays, without effect."""

    name = "keeper"

    def __init__(self, database: Database) -> None:
        self.database = database

    @on(THING)
    async def keep(self, event: Untyped, run: Run) -> None:
        await self.database.write(_keep, (str(event.payload["n"]), run.stamp()))


def _keep(connection: Connection, things: list[tuple[str, Stamp]]) -> list[None]:
    connection.execute(text("CREATE TABLE IF NOT EXISTS things (n TEXT PRIMARY KEY)"))
    insert = text("INSERT INTO things VALUES (:n) ON CONFLICT DO NOTHING")
    for n, stamp in things:
        if connection.execute(insert, {"n": n}).rowcount:
            effect = Effect(f"thing:{n}", "added", None, Raw(b"{}"))
            record_effects(connection, stamp, [effect])
    return [None] * len(things)


class Tempered(Provider):
    """Handles a thing in its own bad way, and says on standard error that it began."""

    name = "tempered"
    timeout = None
    retry = Retry(attempts=1)

    def __init__(self, temper: str) -> None:
        self.temper = temper

    @on(THING)
    async def handle(self, event: Untyped, _run: Run) -> None:
        say(sys.stderr, f"begun {event.payload['n']}")
        match self.temper:
            case "waits":
                await anyio.sleep_forever()
            case "ends soon":
                await anyio.sleep(0.2)
            case "breaks the loop":
                trio.lowlevel.spawn_system_task(_break)
                await anyio.sleep_forever()
            case "blocks the loop":
                while True:
                    time.sleep(60)  # noqa: ASYNC251 - that is its temper
            case _:
                await self.ignore_cancellation()

    async def ignore_cancellation(self) -> None:
        while True:
            with anyio.CancelScope(shield=True):
                await anyio.sleep_forever()


async def _break() -> None:
    raise ValueError("out of nowhere")


def say(stream: TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def serve(order: Order) -> None:
    with Path(order.errors).open("a") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    if order.file_size is not None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.file_size, hard))
    settings = Settings(order.settings, environment={})
    log_to_terminal(settings)
    database = Database.open(f"sqlite:///{order.database}")
    board = Callboard(settings, database)
    board.backend = order.backend
    keeper = order.provider == "keeper"
    provider = Keeper(database) if keeper else Tempered(order.provider)
    board.add(sources=[PlainSource()], providers=[provider])
    front, inspector = (serving.listen("127.0.0.1", 0) for _ in range(2))
    url = serving.address(front)
    serving.run(
        board,
        front=front,
        inspector=inspector,
        started=lambda: say(sys.stdout, f"ready {url}"),
    )


def exit_code_of(child: int) -> int:
    """Wait for its end, and bring it about if the tests themselves have ended."""
    if hasattr(os, "pidfd_open"):
        ended = os.pidfd_open(child)
        ready, _, _ = select.select([sys.stdin, ended], [], [])
        if ended not in ready:
            os.kill(child, signal.SIGKILL)
        os.close(ended)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            serve(msgspec.json.decode(line, type=Order))
            return
        say(sys.stdout, f"pid {child}")
        say(sys.stdout, f"ended {exit_code_of(child)}")


if __name__ == "__main__":
    main()
