"""What a test of a watcher needs: a line without a network.

    async with connected(feed) as line:
        await line.say(Subscribe())
        frame = await line.next()

Whatever the server sends waits in ``line`` until it is read; a line with ``room`` zero
holds nothing, as a client that does not read. ``served`` is the real thing: a callboard
and its inspector behind real sockets.
"""

import math
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Any, TypeVar

import anyio

from callboard import Callboard, Database, Provider, Settings, serving
from callboard.testing import PlainSource
from callboard_inspector.actions import Actions
from callboard_inspector.detail import Details
from callboard_inspector.feed import Feed
from callboard_inspector.mounts import make_mounts
from callboard_inspector.watcher import Watcher
from callboard_inspector.wire import (
    ClientFrame,
    ServerFrame,
    decode_server,
    encode,
)

F = TypeVar("F")


class Line:
    """Both ends of one connection: a ``watcher.Socket``, and what a client does."""

    def __init__(self, room: float = math.inf) -> None:
        self.sizes: list[int] = []
        """Bytes of each message that was read."""
        self.sent = 0
        """Messages that the server has sent, read or not."""
        self.closed: tuple[int, str] | None = None
        """Code and reason, once the server has closed it."""
        self._put, self._take = anyio.create_memory_object_stream[str](room)
        self._speak, self._hear = anyio.create_memory_object_stream[str](math.inf)

    async def send(self, text: str) -> None:
        """See ``watcher.Socket``."""
        self.sent += 1
        try:
            await self._put.send(text)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # as servers do: nobody is there any more

    async def receive(self) -> str | None:
        """See ``watcher.Socket``."""
        try:
            return await self._hear.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            return None

    async def close(self, code: int, reason: str) -> None:
        """See ``watcher.Socket``."""
        self.closed = code, reason
        self._put.close()

    async def say(self, frame: ClientFrame) -> None:
        """Send a frame to the server."""
        await self.say_text(encode(frame))

    async def say_text(self, text: str) -> None:
        """Send what may be no frame."""
        await self._speak.send(text)

    async def next(self) -> ServerFrame:
        """The next frame from the server.

        Raises:
            anyio.EndOfStream: The server has closed the connection.
        """
        text = await self._take.receive()
        self.sizes.append(len(text.encode()))
        return decode_server(text)

    async def until(self, kind: type[F]) -> F:
        """The next frame of a kind; those before it are left out."""
        while True:
            frame = await self.next()
            if isinstance(frame, kind):
                return frame

    @property
    def unread(self) -> int:
        """Frames that have come and were not read."""
        return self._take.statistics().current_buffer_used

    @property
    def unheard(self) -> int:
        """Messages that were said and that the server has not read."""
        return self._hear.statistics().current_buffer_used

    def hang_up(self) -> None:
        """Go away; what was not read is lost."""
        for end in (self._speak, self._take, self._put, self._hear):
            end.close()


@asynccontextmanager
async def connected(
    feed: Feed, *, actions: Actions | None = None, room: float = math.inf
) -> AsyncGenerator[Line]:
    """A watcher of ``feed`` at the other end of a line; gone at the end of the block.

    There is no ``hello``: that is the application's, which knows who came in.
    """
    line = Line(room)
    watcher = Watcher(feed, Details(feed.watched), actions, line)
    feed.enter()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(watcher.serve)
            yield line
            line.hang_up()
    finally:
        line.hang_up()
        feed.leave()


@asynccontextmanager
async def served(
    *providers: Provider,
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    port: int = 0,
) -> AsyncGenerator[Callboard]:
    """A callboard with a ``PlainSource``, served by hypercorn on loopback. Only on trio.

    ``settings`` are the content of ``callboard.toml``. Its database is a file in
    ``folder``, or a temporary one, and people watch at ``port``, or a free one: with both
    of an earlier one the new one is that one, started again.
    """
    with tempfile.TemporaryDirectory(prefix="callboard-") as temporary:
        file = Path(folder or temporary, "callboard.db")
        database = Database.open(f"sqlite:///{file}")
        try:
            board = Callboard(
                Settings(settings, environment=environment or {}), database
            )
            board.add(sources=[PlainSource()], providers=providers)
            board.add(mounts=make_mounts(board))
            front = serving.listen("127.0.0.1", 0)
            inspector = serving.listen("127.0.0.1", port)
            board.front_url = serving.address(front)
            board.inspector_url = serving.address(inspector)
            async with _serving(board, front, inspector):
                yield board
        finally:
            database.close()


@asynccontextmanager
async def _serving(
    board: Callboard, front: socket, inspector: socket
) -> AsyncGenerator[None]:
    started, stop = anyio.Event(), anyio.Event()

    async def serve() -> None:
        await serving.serve(
            board, front=front, inspector=inspector, stop=stop, started=started.set
        )

    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        await started.wait()
        yield
        stop.set()
