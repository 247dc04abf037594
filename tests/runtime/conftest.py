"""Fixtures of the runtime: both event loops, and virtual time on each of them."""

import asyncio  # noqa: TID251 - virtual time on asyncio needs an event loop of our own
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
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


class Servers:
    """Starts servers that the test may kill, one after the other; see ``plain_server``."""

    def __init__(self, forge: "subprocess.Popen[str]", errors: Path) -> None:
        self.errors = errors
        """What the servers wrote on standard error."""
        self._forge = forge
        self._newest: int | None = None

    def start(self, database: Path, **options: Any) -> int:
        """Fork a server; returns its process id. ``ready`` waits for it to listen."""
        assert self._newest is None, "expected the server before it to have ended"
        assert self._forge.stdin is not None
        order = {"database": str(database), "errors": str(self.errors), **options}
        self._forge.stdin.write(f"{json.dumps(order)}\n")
        self._forge.stdin.flush()
        self._newest = int(self._read("pid"))
        return self._newest

    def ready(self) -> int:
        """The port of the newest server."""
        return int(self._read("ready").rpartition(":")[2])

    def ended(self) -> int:
        """Wait for the newest server's end; its exit code, negative for a signal.

        A server that ended before it was asked for ``ready`` may have been.
        """
        while True:
            word, _, value = self._line().partition(" ")
            if word == "ended":
                self._newest = None
                return int(value)

    def end(self) -> None:
        """Kill the newest server, if it is still there."""
        if self._newest is not None:
            os.kill(self._newest, signal.SIGKILL)
            self.ended()

    def _read(self, wanted: str) -> str:
        word, _, value = (line := self._line()).partition(" ")
        if word == "ended":
            self._newest = None
        assert word == wanted, f"{line!r}: {self.errors.read_text()}"
        return value

    def _line(self) -> str:
        assert self._forge.stdout is not None
        line = self._forge.stdout.readline().strip()
        assert line, "the process that forks servers has ended"
        return line


@pytest.fixture(scope="session")
def forge() -> Generator["subprocess.Popen[str]"]:
    """The process that forks servers; it has imported all that they need."""
    script = str(Path(__file__).with_name("plain_server.py"))
    command = [sys.executable, script]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


@pytest.fixture
def servers(forge: "subprocess.Popen[str]", tmp_path: Path) -> Generator[Servers]:
    """Servers to be killed."""
    starting = Servers(forge, tmp_path / "stderr.txt")
    starting.errors.touch()
    try:
        yield starting
    finally:
        starting.end()
