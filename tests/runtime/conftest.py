"""Fixtures of the runtime: both event loops, and virtual time on each of them."""

import asyncio  # noqa: TID251 - virtual time on asyncio needs an event loop of our own
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import anyio
import pytest
import trio.testing

Virtually: TypeAlias = Callable[[Callable[[], Awaitable[Any]]], Any]


class _Jump(selectors.DefaultSelector):
    """Never waits: what it was to wait for is added to the loop's time."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("deadlock: every task waits, and none for the clock")
        if not ready and timeout:
            self.skipped += timeout
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.skipped


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The runtime must hold on both event loops."""
    return str(request.param)


@pytest.fixture(params=["trio", "asyncio"], scope="session")
def virtually(request: pytest.FixtureRequest) -> Virtually:
    """Runs an async function in virtual time: sleeping takes none, order is kept."""

    def run(main: Callable[[], Awaitable[Any]]) -> Any:
        if request.param == "trio":
            clock = trio.testing.MockClock(autojump_threshold=0)
            return anyio.run(main, backend="trio", backend_options={"clock": clock})
        options = {"loop_factory": _VirtualLoop}
        return anyio.run(main, backend="asyncio", backend_options=options)

    return run
