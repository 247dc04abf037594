"""Nodes without a provider's help.

Owns the watching of one coroutine, and the choice of the hook by which each backend
tells of new tasks: an Instrument on trio, a task factory on asyncio. The registry is a
context variable, which both backends copy to children and to worker threads.
"""

import inspect
import logging
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, Protocol

import anyio
import sniffio

from callboard.outcome import close
from callboard.states import State
from callboard.task import CURRENT, Kind, Site, Task

logger = logging.getLogger(__name__)

_PENDING = State.PENDING
_MACHINERY = frozenset({"callboard", "trio", "anyio", "asyncio", "contextlib"})
"""Packages in which nobody looks for where a task was created."""
_ours: dict[str, bool] = {}
"""Whether a source file is of those: asked several times for each task."""

# anyio starts every task in a wrapper of its own (since 4.14), which is nobody's function.
_WRAPPER = getattr(
    getattr(getattr(anyio, "TaskHandle", None), "_run_coro", None), "__code__", None
)


class _Expected(threading.local):
    """The node for the very next task that is started on this thread's loop."""

    node: Task | None = None


_expected = _Expected()


class Spawner(Protocol):
    """A task group of anyio's, or a nursery of trio's."""

    def start_soon(self, func: Any, /, *args: Any, name: object = None) -> None:
        """Start a task."""
        ...


def spawn(group: Spawner, node: Task, function: Any, *args: Any) -> None:
    """Start ``function(*args)`` in ``group`` with ``node`` as its task in the tree."""
    # No context variable: the task that is started would inherit it.
    _expected.node = node
    try:
        group.start_soon(function, *args, name=node.name)
    finally:
        _expected.node = None


def take_expected() -> Task | None:
    """The node that ``spawn`` wants for the task being started, if it is ``spawn``'s."""
    node = _expected.node
    if node is not None:
        _expected.node = None
    return node


async def watch(coroutine: Coroutine[Any, Any, Any], node: Task) -> Any:
    """Run ``coroutine`` as ``node``: its start, its end and its failure are recorded."""
    CURRENT.set(node)
    # A provider starts once it has its slot; a task that was told to stop before its
    # first step meets the cancellation at its first checkpoint.
    if node.state is _PENDING and node.kind != "provider":
        node.start()
    try:
        result = await coroutine
    except BaseException as error:
        close(node, error)
        raise
    if not node.state.final:
        node.complete()
    return result


def child(parent: Task, name: str, coroutine: Any, kind: Kind = "task") -> Task:
    """A new node for ``coroutine`` below ``parent``, with its creation site."""
    node = parent.tree.add(parent, name, kind)
    node.site = creation_site()
    if is_wrapped(coroutine):
        node.scope = handle = coroutine.cr_frame.f_locals["self"]
        coroutine = handle.coro
    node.code = getattr(coroutine, "cr_code", None)
    return node


def creation_site() -> Site | None:
    """The line, neither ours nor the backend's, from which this was called."""
    frame = inspect.currentframe()
    while frame is not None:
        code = frame.f_code
        ours = _ours.get(code.co_filename)
        if ours is None:
            name: str = frame.f_globals.get("__name__", "")
            ours = _ours[code.co_filename] = name.partition(".")[0] in _MACHINERY
        if not ours:
            return code, frame.f_lineno
        frame = frame.f_back
    return None


def is_wrapped(coroutine: Any) -> bool:
    """Whether anyio started it, and so gave it a cancel scope of its own."""
    return _WRAPPER is not None and getattr(coroutine, "cr_code", None) is _WRAPPER


@contextmanager
def installed(*, cancellable: bool = False) -> Generator[None]:
    """Trace the tasks of the event loop that runs here, until the end of the block.

    ``cancellable`` gives a cancel scope to each of trio's own tasks too, so that one can
    be ended alone. It costs some 4 µs for each task.
    """
    if sniffio.current_async_library() == "trio":
        from callboard.tracing_trio import installed as hook
    else:
        from callboard.tracing_asyncio import installed as hook
    with hook(cancellable=cancellable):
        yield
