"""A callboard with its page, served for a test that looks at it with a browser.

    with served(Things()) as house:
        delivery = house.deliver("thing", {"name": "a"})
        house.settle()
        page.goto(house.link(f"delivery={delivery}"))

Everything runs in threads of its own, so that the test may block.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from callboard.board import Callboard
from callboard.provider import Provider
from callboard.testing import deliver, settled
from callboard.wake import Wake
from callboard_inspector import testing

T = TypeVar("T")
_PATIENCE = 30.0
_SETTINGS = {"runtime": {"grace": 0.0}, "inspector": {"actions": True}}


class House:
    """A callboard that is being served. Its methods are for the test's own thread."""

    def __init__(self, board: Callboard, portal: BlockingPortal) -> None:
        self.board = board
        self.address = f"{board.inspector_url}/"
        """``http://127.0.0.1:<port>/``, where people watch."""
        self._portal = portal

    def link(self, query: str = "", name: str | None = None) -> str:
        """An address that opens the page, with the right to act where it is given, once.

        Args:
            query: Where to, such as ``view=providers``.
            name: Whose actions they are that are taken there.
        """
        link = self.board.launch_link(name) or self.address
        if not query:
            return link
        return f"{link}{'&' if '?' in link else '?'}{query}"

    def deliver(self, event: str, payload: Mapping[str, Any] | None = None) -> str:
        """Send ``payload`` to the plain source; returns the delivery's id."""
        return self._portal.call(deliver, self.board, event, payload)

    def call(self, act: Callable[[Callboard], Awaitable[T]]) -> T:
        """What ``act`` returns, awaited where people are served."""
        return self._portal.call(act, self.board)

    def settle(self) -> None:
        """Wait until no delivery is queued or running."""
        self._portal.call(_bounded, partial(settled, self.board))

    def until(self, wanted: Callable[[Callboard], T | None]) -> T:
        """What ``wanted`` finds, looked for again whenever something has changed."""
        return self._portal.call(_bounded, partial(_until, self.board, wanted))


@contextmanager
def served(
    *providers: Provider,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    folder: Path | None = None,
    port: int = 0,
) -> Generator[House]:
    """A callboard with ``providers`` and the inspector, actions switched on.

    ``settings`` are more of its sections ``runtime`` and ``inspector``. Its database is a
    file in ``folder``, or a temporary one, and people watch at ``port``, or a free one:
    with both of an earlier house the new one is that house, started again. What still
    runs at the end is halted at once.
    """
    given = settings or {}
    whole = {name: {**ours, **given.get(name, {})} for name, ours in _SETTINGS.items()}
    serving = testing.served(*providers, settings=whole, folder=folder, port=port)
    with (
        start_blocking_portal("trio") as portal,
        portal.wrap_async_context_manager(serving) as board,
    ):
        yield House(board, portal)


async def _bounded(wait: Callable[[], Any]) -> Any:
    with anyio.fail_after(_PATIENCE):
        return await wait()


async def _until(board: Callboard, wanted: Callable[[Callboard], T | None]) -> T:
    while True:
        wake = Wake()
        board.trace.arm(wake)
        try:
            found = wanted(board)
            if found is not None:
                return found
            await wake.wait()
        finally:
            board.trace.disarm(wake)
