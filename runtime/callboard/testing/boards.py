"""A callboard for one test: opening it, sending to it, waiting, and reading."""

import tempfile
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import sniffio
from sqlalchemy import Connection, func, select

from callboard import history
from callboard.board import Callboard, Mount
from callboard.database import Database
from callboard.delivery import DeliveryState, DeliveryView
from callboard.effects import CHANGES, Effect, Stamp, record_effects
from callboard.event import TypedEvent
from callboard.provider import Provider
from callboard.run import Run
from callboard.settings import Settings
from callboard.source import Source
from callboard.tables import deliveries
from callboard.testing.requests import post
from callboard.testing.source import PlainSource, signed
from callboard.tree import TreeRecord
from callboard.wake import Wake

_UNSETTLED = (DeliveryState.QUEUED, DeliveryState.RUNNING)
_LOOK_AGAIN = 0.05


@asynccontextmanager
async def open_board(
    *providers: Provider,
    sources: Iterable[Source] = (),
    mounts: Iterable[Mount] = (),
    types: Iterable[type[TypedEvent]] = (),
    path: Path | None = None,
    url: str | None = None,
    settings: Mapping[str, Any] | None = None,
    backend: str | None = None,
    cancellable: bool = False,
) -> AsyncGenerator[Callboard]:
    """An open callboard with these providers, a ``PlainSource`` and other ``sources``.

    Its database is at ``url``, or in the SQLite file ``path``, or a temporary one; ``settings`` are the
    content of ``callboard.toml``. Backstage runs on ``backend``, or else on the kind of
    event loop that calls. ``cancellable`` is ``Callboard.cancellable``.
    """
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        file = path or Path(folder, "callboard.db")
        database = Database.open(url or f"sqlite:///{file}")
        try:
            board = Callboard(Settings(settings, environment={}), database)
            board.backend = backend or sniffio.current_async_library()
            board.cancellable = cancellable
            board.add(sources=[PlainSource(types=types), *sources])
            board.add(providers=providers, mounts=mounts)
            async with board.opened():
                yield board
        finally:
            database.close()


async def record(database: Database, run: Run, *effects: Effect) -> None:
    """Write what the calling task changed, and count it there, as the catalog does."""
    await database.write(_record, (run.stamp(), effects))
    remarks = sum(effect.operation not in CHANGES for effect in effects)
    run.affected(len(effects), remarks)


def _record(
    connection: Connection, many: Sequence[tuple[Stamp, tuple[Effect, ...]]]
) -> list[None]:
    for stamp, effects in many:
        record_effects(connection, stamp, effects)
    return [None for _ in many]


async def deliver(
    board: Callboard,
    event: str,
    payload: Mapping[str, Any] | None = None,
    *,
    guid: str | None = None,
    source: str = "plain",
) -> str:
    """Send ``payload`` to the ``PlainSource``; returns the delivery's id.

    Raises:
        AssertionError: The intake did not take it.
    """
    body = msgspec.json.encode(payload or {})
    answer = await post(board, source, body, signed(event, guid))
    if answer.status not in {200, 202}:
        raise AssertionError(f"expected 202, got {answer.status}: {answer.content}")
    return str(answer.content["id"])


async def settled(board: Callboard) -> None:
    """Wait until no delivery is queued or running. Failed ones wait for their time."""
    count = select(func.count()).where(deliveries.c.state.in_(_UNSETTLED))

    async def quiet() -> bool:
        return not await board.database.read(lambda c: c.execute(count).scalar())

    await _until(board, quiet)


async def reached(
    board: Callboard, delivery: str, *states: DeliveryState
) -> DeliveryView:
    """Wait until the journal says that ``delivery`` is in one of ``states``."""

    async def there() -> bool:
        return (await view(board, delivery)).state in states

    await _until(board, there)
    return await view(board, delivery)


async def _until(board: Callboard, condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again whenever something has changed."""
    while True:
        wake = Wake()
        board.trace.arm(wake)
        try:
            if await condition():
                return
            # A delivery that memory has let go of ends without a word: look again.
            with anyio.move_on_after(_LOOK_AGAIN):
                await wake.wait()
        finally:
            board.trace.disarm(wake)


async def view(board: Callboard, delivery: str) -> DeliveryView:
    """How a delivery stands in the journal.

    Raises:
        LookupError: It is not, or no longer, there.
    """
    found = await board.database.read(lambda c: history.find_delivery(c, delivery))
    if found is None:
        raise LookupError(f"expected delivery {delivery} in the journal, got none")
    return found.view


async def newest_tree(board: Callboard, delivery: str) -> TreeRecord:
    """The tree of the newest ended run of ``delivery``.

    Raises:
        LookupError: No run of it has ended.
    """
    runs = await board.database.read(lambda c: history.list_runs(c, delivery))
    for run in reversed(runs):
        tree = await board.database.read(
            lambda c, run=run: history.find_tree(c, run.id)
        )
        if tree is not None:
            return tree
    raise LookupError(f"delivery {delivery}: expected an ended run, got {runs}")
