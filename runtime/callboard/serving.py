"""Serving a callboard with hypercorn.

Owns the listening sockets, the two servers of the front of house, and an end that comes
in time: whatever a client that never reads may hold up, the process is gone two seconds
after the runs' grace.
"""

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable

import anyio
import trio
from hypercorn.config import Config
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.trio import serve as hypercorn_serve  # pyright: ignore[reportUnknownVariableType] - hypercorn spells ASGI its own way
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard.board import Callboard
from callboard.nearness import is_loopback
from callboard.settings import SettingsError

logger = logging.getLogger(__name__)

HARD_LIMIT = 2.0
"""Seconds beyond the grace after which the process ends regardless."""
_STALLED_MS = 10_000
_GRACEFUL = 0.5
_INBOUND_MESSAGE = 1024 * 1024


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        SettingsError: The address is taken, forbidden or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # hypercorn shields its sends, so no timeout of ours reaches one to a client that
        # does not read. The kernel's does; accepted sockets inherit it.
        option = socket.TCP_USER_TIMEOUT
        listener.setsockopt(socket.IPPROTO_TCP, option, _STALLED_MS)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        message = f"cannot listen on {host}:{port}: {reason}"
        raise SettingsError(message) from error
    return listener


def address(listener: socket.socket) -> str:
    """``http://host:port`` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    board: Callboard,
    *,
    front: socket.socket,
    inspector: socket.socket,
    stop: anyio.Event,
    started: Callable[[], object] = lambda: None,
    ended: Callable[[], object] = lambda: None,
) -> None:
    """Serve until ``stop`` is set. Closes both sockets.

    Deliveries are refused with 503 from then on, while runs use up their grace; then
    ``ended`` is called, and answers that are still on their way are cut short.
    Cancellation ends runs and requests alike, without grace.

    Raises:
        ExceptionGroup: Of what ``Callboard.opened`` raised, or of a BackstageError.
    """
    closing = trio.Event()
    async with trio.open_nursery() as nursery:
        for app, listener in ((board.front, front), (board.inspector, inspector)):
            await nursery.start(serve_app, app, listener, closing)
        async with board.opened():
            started()
            async with trio.open_nursery() as watching:
                watching.start_soon(board.backstage.watch)
                await stop.wait()
                watching.cancel_scope.cancel("stopped")
        ended()
        for mount in board.mounts:
            if mount.close is not None:
                mount.close()
        closing.set()


def run(
    board: Callboard,
    *,
    front: socket.socket,
    inspector: socket.socket,
    started: Callable[[], object] = lambda: None,
    beside: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends at once.

    ``beside`` is an async function that runs from when ``started`` was called until
    the servers end.

    Raises:
        ExceptionGroup: As of ``serve``.
    """
    over = threading.Event()
    late = _timer(board.policy.grace + HARD_LIMIT, over)
    stalled = _timer(HARD_LIMIT, over)

    def ended() -> None:
        over.set()
        stalled.start()

    async def main() -> None:
        stop = anyio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_signalled, stop, late)

            def begun() -> None:
                settle_in()
                started()
                if beside is not None:
                    nursery.start_soon(beside)

            await serve(
                board,
                front=front,
                inspector=inspector,
                stop=stop,
                started=begun,
                ended=ended,
            )
            nursery.cancel_scope.cancel("served")

    try:
        trio.run(main)
    finally:
        stalled.cancel()
        board.database.close()


def settle_in() -> None:
    """Leave what was made until now out of every garbage collection to come.

    A full collection stops both loops, and most of what it looks through are modules,
    classes and routes that live as long as the process: without them it is several times
    shorter (benchmarks: open loop).

    What a run makes lives for some milliseconds. With the usual 700 new objects between
    two collections most of them are still in use at each, and soon count as old.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 10)


async def serve_app(
    app: ASGIApp,
    listener: socket.socket,
    closing: trio.Event,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve one application until ``closing`` is set. Closes the socket."""
    config = Config()
    # hypercorn closes the file descriptor that it is given.
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    # hypercorn sets the level of a logger that it makes, not of one that it is given.
    config.errorlog.setLevel(logging.WARNING)
    config.include_server_header = False
    config.graceful_timeout = _GRACEFUL
    config.keep_alive_max_requests = 1_000_000
    config.websocket_max_message_size = _INBOUND_MESSAGE
    # hypercorn holds on to a closed connection, 260 KB of it, until its next ping is due.
    config.websocket_ping_interval = 5.0
    await hypercorn_serve(
        _Plain(app),  # pyright: ignore[reportArgumentType] - hypercorn spells ASGI its own way
        config,
        shutdown_trigger=closing.wait,
        task_status=task_status,
        mode="asgi",
    )


class _Plain:
    """Leaves messages uncompressed that do not leave this machine.

    hypercorn compresses for whoever offers it, as every browser does, and has no setting:
    two thirds of what a watcher costs (benchmarks: watchers).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        stream = getattr(send, "__self__", None)
        if client and is_loopback(client[0]) and isinstance(stream, WSStream):
            stream.handshake.extensions = None  # as if it had not been offered
        await self._app(scope, receive, send)


async def _until_signalled(stop: anyio.Event, late: threading.Timer) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for received in signals:
            if stop.is_set():
                logger.warning("second signal: ending now")
                _exit()
            name = signal.Signals(received).name
            logger.info("%s: no more deliveries, runs have their grace", name)
            stop.set()
            late.start()


def _timer(seconds: float, over: threading.Event) -> threading.Timer:
    timer = threading.Timer(seconds, _exit_late, [over])
    timer.daemon = True
    return timer


def _exit_late(over: threading.Event) -> None:
    """End the process; ``over`` says whether all runs have ended."""
    if over.is_set():
        logger.warning("a client does not read: ending without it, no run is cut short")
        _exit(0)
    logger.error("still not ended: ending now, what was accepted is on disk")
    _exit()


def _exit(code: int = 1) -> None:
    logging.shutdown()
    os._exit(code)
