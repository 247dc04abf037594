"""A whole callboard that a simulated GitHub reaches over HTTP, for tests of the whole way.

Owns its address, which stays the same while nobody answers there, and the waiting until
nothing moves. Everything is real but GitHub: the board is put together from settings as
``callboard serve`` does it. Needs trio.

    async with Simulator(seed=1).serve() as github:
        stage = Stage(github, Path("callboard.db"))
        acme = github.create_organization("acme", members=["ada"])
        acme.create_hook(stage.address, secret=stage.secret)
        async with stage.callboard() as board:
            acme.create_team("Platform", members=["ada"])
            await stage.at_rest(board)
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import trio
from hypercorn.config import Config
from hypercorn.trio import serve  # pyright: ignore[reportUnknownVariableType]  # its WSGI type is bare

from callboard import (
    Callboard,
    Database,
    DeliveryState,
    Settings,
    clock,
    history,
    serving,
)
from callboard.delivery import UNENDED
from callboard.registry import assemble
from callboard.routes import SCHEDULE
from callboard.schedule import tick_of
from callboard.testing import newest_tree, reached, settled
from callboard.tree import TreeRecord
from callboard.wake import Wake
from callboard_github.hooks import MissedDeliveries
from callboard_github.simulator import App, Simulator

_ENDED = (DeliveryState.COMPLETED, DeliveryState.FAILED, DeliveryState.PARKED)
_LONGEST = 60.0


class Stage:
    """Where one callboard after another is opened on the same database.

    Args:
        github: Served already.
        path: Of the database, a SQLite file.
        app: As whom GitHub is asked; None with a token.
        token: Instead of the simulated GitHub's own, which may do everything.
        settings: Sections of ``callboard.toml``, beside ``github.url``.
    """

    secret = "the webhook's secret"  # noqa: S105 - guards a simulation

    def __init__(
        self,
        github: Simulator,
        path: Path,
        *,
        app: App | None = None,
        token: str | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.github = github
        self.path = path
        free = serving.listen("127.0.0.1", 0)
        self._port = free.getsockname()[1]
        self.address = f"{serving.address(free)}/webhooks/github"
        """Of its webhooks. Connections are refused while no callboard is open."""
        free.close()
        self.environment = {"CALLBOARD_GITHUB_WEBHOOK_SECRET": self.secret}
        if app is None:
            self.environment["CALLBOARD_GITHUB_TOKEN"] = token or github.token
        else:
            key = github.private_key(app)
            self.environment["CALLBOARD_GITHUB_APP_PRIVATE_KEY"] = key
        asked = {"url": github.api_url} | ({} if app is None else {"app_id": app.id})
        chosen = dict(settings or {})
        chosen["github"] = {**asked, **chosen.get("github", {})}
        self.settings: Mapping[str, Mapping[str, Any]] = chosen

    @asynccontextmanager
    async def callboard(self) -> AsyncGenerator[Callboard]:
        """Open one that listens, and has looked for what was missed before.

        It asks without pauses.
        """
        database = Database.open(f"sqlite:///{self.path}")
        try:
            settings = Settings(self.settings, environment=self.environment)
            board = assemble(settings, database)
            for provider in board.providers:
                if isinstance(provider, MissedDeliveries):
                    provider.pace = 0.0
            began = clock.now()
            async with board.opened(), self._listening(board):
                with anyio.fail_after(_LONGEST):
                    first = await _first_look(board, began)
                    await reached(board, first, *_ENDED)
                yield board
        finally:
            database.close()

    async def at_rest(self, board: Callboard) -> None:
        """Wait until what GitHub sent has arrived or failed, and all of it is handled."""
        with anyio.fail_after(_LONGEST):
            await self.github.settled()
            await settled(board)

    async def look(self, board: Callboard) -> TreeRecord:
        """Have the webhooks looked at now, and wait for what comes of it."""
        tree = await self.look_only(board)
        await self.at_rest(board)
        return tree

    async def look_only(self, board: Callboard) -> TreeRecord:
        """Have the webhooks looked at now; what is asked for may come later."""
        provider = next(p for p in board.providers if isinstance(p, MissedDeliveries))
        (handler,) = provider.handlers()
        tick = (await board.accept(tick_of(handler))).view.id
        with anyio.fail_after(_LONGEST):
            await reached(board, tick, *_ENDED)
        return await newest_tree(board, tick)

    @asynccontextmanager
    async def _listening(self, board: Callboard) -> AsyncGenerator[None]:
        config = Config()
        config.loglevel = "WARNING"
        config.graceful_timeout = 0
        with serving.listen("127.0.0.1", self._port) as bound:
            # Hypercorn closes the descriptor that it is given.
            config.bind = [f"fd://{bound.dup().detach()}"]
            async with trio.open_nursery() as nursery:
                listen = partial(
                    serve,
                    board.front,  # pyright: ignore[reportArgumentType]  # hypercorn's own, stricter ASGI types
                    config,
                    shutdown_trigger=trio.sleep_forever,
                    mode="asgi",
                )
                await nursery.start(listen)
                yield
                nursery.cancel_scope.cancel()


async def _first_look(board: Callboard, since: float) -> str:
    """The look that every start makes, or that one before left: its delivery."""
    wanted = history.DeliveryFilter(source=SCHEDULE, event=MissedDeliveries.name)
    while True:
        wake = Wake()
        board.trace.arm(wake)
        try:
            (newest,) = await board.database.read(
                lambda c: history.list_deliveries(c, wanted, 1)
            ) or [None]
            if newest is not None and (
                newest.received_at >= since or newest.state in UNENDED
            ):
                return newest.id
            await wake.wait()
        finally:
            board.trace.disarm(wake)
