"""The inspector for any program on anyio or trio.

Owns the one run that such a program is, and the thread that serves it: the program's own
loop may be held by a task, and the inspector says which.
"""

import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from socket import socket

import anyio
import sniffio
import trio
from anyio.abc import TaskStatus

from callboard import Trace, clock, logs, serving, tracing
from callboard.delivery import DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard.nearness import is_loopback
from callboard.outcome import close, is_cancellation
from callboard.settings import SettingsError
from callboard.task import CURRENT
from callboard.watchdog import Watchdog
from callboard_inspector.app import make_app
from callboard_inspector.feed import Feed
from callboard_inspector.gate import KEY_LENGTH, Gate
from callboard_inspector.rows import summary
from callboard_inspector.watched import Watched

PORT = 8471
_FAREWELL = 2.0
"""Seconds that the page's connections have to end."""


class Inspector:
    """What ``watching`` gives: where to look."""

    def __init__(self, trace: Trace, address: str, gate: Gate) -> None:
        self.trace = trace
        """Everything that is known, as it happens."""
        self.address = address
        """``http://127.0.0.1:8471``, or what else was free."""
        self._gate = gate

    def link(self) -> str:
        """A link for one person; the plain address where that is enough."""
        address = f"{self.address}/"
        return self._gate.launch_link(address) if self._gate.keyed else address


@asynccontextmanager
async def watching(
    name: str = "program",
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    key: str | None = None,
    quiet: bool = False,
) -> AsyncGenerator[Inspector]:
    """Show every task that is started inside, with no call of theirs.

    The block is the root of the tree. Threads of ``to_thread.run_sync`` are in it, and
    log records, on the task that wrote them. It works on trio and on asyncio.

    Args:
        name: What the program is called on the page.
        host: The address to listen on. One that others can reach needs a ``key``.
        port: Its port. None takes 8471, or a free one if it is taken.
        key: What people must know to watch; at least sixteen characters.
        quiet: Do not write the link to standard error.

    Raises:
        SettingsError: The address cannot be listened on, or needs a key.
    """
    if key is None and not is_loopback(host):
        raise SettingsError(f"{host} can be reached from elsewhere: expected a key")
    if key is not None and len(key) < KEY_LENGTH:
        message = f"key: expected at least {KEY_LENGTH} characters, got {len(key)}"
        raise SettingsError(message)
    trace = Trace()
    watchdog = Watchdog(trace)
    gate = Gate(keys=[key] if key else [], own=lambda: host)
    feed = Feed(Watched(trace, watchdog=lambda: watchdog))
    listener = _listen(host, port)
    inspector = Inspector(trace, serving.address(listener), gate)
    server = _Server(feed, gate, listener)
    server.start()
    if not quiet:
        sys.stderr.write(f"inspector  {inspector.link()}\n")
    failure: BaseException | None = None
    try:
        async with anyio.create_task_group() as group:
            # Before the tree: it is not the program's.
            await group.start(_beat, watchdog)
            try:
                with logs.attached(), tracing.installed(), _run(trace, name):
                    yield inspector
            except BaseException as error:
                if is_cancellation(error):
                    raise
                failure = error  # raised below: here the group would wrap it
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(server.stop)
    if failure is not None:
        raise failure


def _listen(host: str, port: int | None) -> socket:
    if port is not None:
        return serving.listen(host, port)
    try:
        return serving.listen(host, PORT)
    except SettingsError:
        return serving.listen(host, 0)


async def _beat(
    watchdog: Watchdog,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    task_status.started()
    await watchdog.beat()


@contextmanager
def _run(trace: Trace, name: str) -> Generator[None]:
    """The program as one run of one delivery: its start, its end, its failure."""
    now = clock.now()
    view = DeliveryView(
        new_id(), "program", "", name, None, None, None, now, DeliveryState.RUNNING
    )
    trace.show(view)
    root = trace.open_tree(new_id(), view.id, name).root
    trace.change(view.id, run=root.tree.run, started_at=now, attempts=1)
    if sniffio.current_async_library() == "trio":
        root.handle = trio.lowlevel.current_task()
    root.start()
    token = CURRENT.set(root)
    state = DeliveryState.PARKED
    try:
        yield
        root.complete()
        state = DeliveryState.COMPLETED
    except BaseException as error:
        close(root, error)
        raise
    finally:
        CURRENT.reset(token)
        failure = root.failure
        reason = root.cause if failure is None else summary(failure)
        trace.change(view.id, state=state, ended_at=clock.now(), reason=reason)


class _Server:
    """The inspector's own thread and loop."""

    def __init__(self, feed: Feed, gate: Gate, listener: socket) -> None:
        self._feed = feed
        self._gate = gate
        self._listener = listener
        self._ready = threading.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._closing = trio.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, name="callboard-inspector", daemon=True
        )

    def start(self) -> None:
        """Start serving; returns when it listens, and raises what kept it from that."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._listener.close()
            raise self._failure

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            if self._ready.is_set():
                raise  # nobody waits for it any more: the thread's hook tells of it
            self._failure = error
        finally:
            self._ready.set()

    def stop(self) -> None:
        """Say farewell to who watches, and end. Blocks, for two seconds at most."""
        token = self._token
        if token is not None:
            token.run_sync_soon(self._close)
        # A client that does not read may hold it longer; the thread is a daemon.
        self._thread.join(_FAREWELL)

    def _close(self) -> None:
        self._feed.close()
        self._closing.set()

    async def _serve(self) -> None:
        app = make_app(self._feed, gate=self._gate)
        async with trio.open_nursery() as nursery:
            await nursery.start(serving.serve_app, app, self._listener, self._closing)
            self._token = trio.lowlevel.current_trio_token()
            self._ready.set()
