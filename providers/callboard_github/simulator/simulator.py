"""A whole simulated GitHub: what tests, demos and users' own tests hold in hand."""

import socket
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import anyio
import httpx

from callboard_github.simulator.budget import Budgets, Policy
from callboard_github.simulator.faults import Faults
from callboard_github.simulator.identity import BEGINNING
from callboard_github.simulator.sender import Sender
from callboard_github.simulator.service import Service
from callboard_github.simulator.state import Limits, State
from callboard_github.simulator.tokens import Tokens, private_key

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from callboard_github.simulator.app import App


class Simulator(State):
    """A GitHub on loopback, or on no network at all.

    Its verbs are those of the state: ``github.create_organization("acme")``,
    ``github.organization("acme").create_team("Platform")`` and so on. Verbs are plain
    functions that return at once; the webhooks they cause are sent by tasks that run
    while the simulator is `serve`-d or `connected`.

    Example:
        async with Simulator(seed=1).serve() as github:
            acme = github.create_organization("acme", members=["ada"])
            acme.create_hook("http://127.0.0.1:8080/webhooks/github", secret="s")
            acme.create_team("Platform", members=["ada"])
            await github.settled()

    Args:
        seed: What ids, GUIDs, tokens and faults follow from.
        address: Where documents say that GitHub is, such as
            ``https://github.example``; without one, github.com until it is served,
            then where it is served.
        began: First moment of the calendar that documents show.
        clock: Unix seconds, for rate limits, tokens and the deliveries API.
        limits: Where documents are cut off.
        policy: Rate limits.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        address: str | None = None,
        began: datetime = BEGINNING,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
        policy: Policy | None = None,
    ) -> None:
        super().__init__(seed, began=began, limits=limits)
        self._address = address
        if address is not None:
            self._move(address)
        self.faults = Faults(seed)
        """What goes wrong; may be changed at any time."""
        self._service = Service(self, self.faults, clock)
        if policy is not None:
            self.budgets.policy = policy
        self._sender = Sender(self.outbox, self.faults, clock)
        self._served: str | None = None
        self.token = self._service.tokens.for_user(self.operator)
        """A token that may see everything."""

    @property
    def app(self) -> "ASGIApp":
        """The HTTP API as an ASGI application, to mount or serve elsewhere."""
        return self._service.app

    @property
    def budgets(self) -> Budgets:
        """The rate limits, to look at, to use up and to restore."""
        return self._service.budgets

    @property
    def tokens(self) -> Tokens:
        """Who may call."""
        return self._service.tokens

    @property
    def url(self) -> str:
        """Where it is served, without a slash at the end.

        Raises:
            RuntimeError: It is not being served.
        """
        if self._served is None:
            message = "the simulator is not served: use `async with github.serve()`"
            raise RuntimeError(message)
        return self._served

    @property
    def api_url(self) -> str:
        """The base URL for REST clients; their GraphQL is beside it."""
        return f"{self.url}/api/v3"

    def transport(self) -> httpx.ASGITransport:
        """Return a transport with which an httpx client needs no network.

        Any base URL will do, ``https://api.github.com`` included. Works on trio and
        asyncio.
        """
        return httpx.ASGITransport(self.app)

    def token_for(self, login: str, scopes: Iterable[str] | None = None) -> str:
        """Return a new personal access token of somebody.

        Args:
            login: Whose.
            scopes: What it may do, such as ``read:org``; None for everything. Only
                webhooks are guarded by scopes here.
        """
        return self.tokens.for_user(self.user(login), scopes)

    def revoke(self, token: str) -> None:
        """Make a token invalid."""
        self.tokens.revoke(token)

    def private_key(self, app: "App") -> str:
        """Return the key, in PEM, that an app signs its JWTs with."""
        del app  # All apps share one: making a key takes long.
        return private_key()

    @asynccontextmanager
    async def serve(
        self, host: str = "127.0.0.1", port: int = 0
    ) -> AsyncGenerator["Simulator"]:
        """Answer calls on a TCP port and send webhooks by network. Needs trio.

        Leaving the block, or cancelling it, closes all connections at once.

        Args:
            host: Where to listen.
            port: 0 is any free one: see `url`.
        """
        from hypercorn.config import Config
        from hypercorn.trio import serve  # pyright: ignore[reportUnknownVariableType]  # its WSGI type is bare

        failure: Exception | None = None
        with socket.socket() as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, port))
            bound.listen(128)
            address = f"http://{host}:{bound.getsockname()[1]}"
            config = Config()
            config.loglevel = "WARNING"
            config.graceful_timeout = 0
            # Hypercorn closes the descriptor that it is given.
            config.bind = [f"fd://{bound.dup().detach()}"]
            self._served = address
            if self._address is None:
                self._move(address, f"{address}/api/v3")
            try:
                async with anyio.create_task_group() as group:

                    async def listen() -> None:
                        await serve(
                            self.app,  # pyright: ignore[reportArgumentType]  # hypercorn's own, stricter ASGI types
                            config,
                            shutdown_trigger=anyio.sleep_forever,
                            mode="asgi",
                        )

                    group.start_soon(listen)
                    try:
                        async with self._sender.running():
                            yield self
                    except Exception as error:  # noqa: BLE001 - raised again below
                        # Out of the task group, so that it is not wrapped in another.
                        failure = error
                    group.cancel_scope.cancel()
            finally:
                self._served = None
        if failure is not None:
            raise failure

    @asynccontextmanager
    async def connected(
        self, receiver: "ASGIApp | None" = None
    ) -> AsyncGenerator["Simulator"]:
        """Send webhooks without serving anything.

        Args:
            receiver: An application in this process that gets all of them, whatever
                their URL; None is by network.
        """
        transport = None if receiver is None else httpx.ASGITransport(receiver)
        async with self._sender.running(transport):
            yield self

    async def settled(self) -> None:
        """Wait until every webhook sent so far was answered or has failed."""
        await self._sender.settled()

    def _move(self, address: str, api: str | None = None) -> None:
        self.web = address.rstrip("/")
        self.api = api or f"{self.web}/api/v3"
