"""Calls into worker threads, as nodes.

Neither backend tells of them, so the functions that start them are replaced while
tracing is installed: anyio's, and trio's or asyncio's own. A node ends when its function
has returned, so a thread that was abandoned by a cancellation is seen until it is over.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial, wraps
from types import ModuleType
from typing import Any, cast

import anyio
from anyio.lowlevel import current_token

from callboard.outcome import close, is_cancellation
from callboard.states import TransitionError
from callboard.task import CURRENT, Task
from callboard.tracing import creation_site

# One of the traced functions may call another: anyio's on trio calls trio's.
_STARTING = ContextVar("callboard_starting_thread", default=False)


def traced(start: Callable[..., Any]) -> Callable[..., Any]:
    """``start(function, *arguments, …)``, with a node for the call of ``function``."""

    @wraps(start)
    async def run_sync(function: Any, *arguments: Any, **options: Any) -> Any:
        parent = CURRENT.get()
        if parent is None or parent.state.final or _STARTING.get():
            return await start(function, *arguments, **options)
        plain: Any = function
        while isinstance(plain, partial):
            plain = cast("Any", plain).func
        node = parent.tree.add(parent, _name(plain), "thread")
        node.site = creation_site()
        node.code = getattr(plain, "__code__", None)
        node.waits = "a worker thread"
        node.publish()
        call = _Call(node, function)
        token = _STARTING.set(True)
        try:
            result = await start(call, *arguments, **options)
        except BaseException as error:
            if not call.abandon():
                if node.started is None and not is_cancellation(error):
                    node.start()  # no thread could be had: it failed at once
                close(node, error)
            raise
        finally:
            _STARTING.reset(token)
        if not node.state.final:
            node.complete()
        return result

    return run_sync


def _name(function: Any) -> str:
    """``Reader._parsed`` for a function inside of that one, or a lambda there."""
    name = getattr(function, "__qualname__", None) or repr(function)
    inner = name.removesuffix(".<lambda>").removesuffix(".<locals>")
    return inner.replace(".<locals>", "")


class _Call:
    """The function in its thread; ends its node itself if nobody waits any more."""

    def __init__(self, node: Task, function: Callable[..., Any]) -> None:
        self.node = node
        self.function = function
        self.token = current_token()
        self._lock = threading.Lock()
        self._runs = False
        self._abandoned = False

    def abandon(self) -> bool:
        """Its caller waits no more; returns whether the function still runs."""
        with self._lock:
            self._abandoned = True
            if self._runs:
                self.node.halt(
                    "abandoned: its caller was cancelled, the thread goes on"
                )
            return self._runs

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        CURRENT.set(self.node)
        _STARTING.set(False)
        with self._lock:
            if self._abandoned:
                return None  # before its first step: nobody waits for what it gives
            self.node.waits = None
            # It may have been told to stop meanwhile, which holds up no thread.
            with suppress(TransitionError):
                self.node.start()
            self._runs = True
        try:
            return self.function(*arguments, **options)
        finally:
            with self._lock:
                self._runs = False
                abandoned = self._abandoned
            if abandoned:
                token = self.token
                try:
                    token.backend_class.run_sync_soon(self._end, (), token.native_token)
                except anyio.RunFinishedError:
                    self._end()

    def _end(self) -> None:
        if not self.node.state.final:
            self.node.halted("abandoned")


@contextmanager
def installed(*places: tuple[ModuleType, str]) -> Generator[None]:
    """Trace calls through these module functions until the end of the block."""
    before = [(module, name, getattr(module, name)) for module, name in places]
    for module, name, start in before:
        setattr(module, name, traced(start))
    try:
        yield
    finally:
        for module, name, start in before:
            setattr(module, name, start)
