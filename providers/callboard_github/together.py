"""Several calls at once.

Owns what becomes of their failures: the first one cancels the rest and is raised as
itself, so that whoever handles errors need not know how many calls there were.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import anyio

from callboard_github.errors import GitHubError

Start: TypeAlias = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], None]
"""Starts a call as a task; the first argument names it."""


@asynccontextmanager
async def together() -> AsyncGenerator[Start]:
    """What is started inside runs at once; leaving the block waits for all of it.

    Raises:
        GitHubError: A call failed; the others were cancelled.
    """
    try:
        async with anyio.create_task_group() as group:

            def start(name: str, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
                group.start_soon(call, name=name)

            yield start
    except BaseExceptionGroup as errors:
        first = _only(errors)
        if first is None:
            raise
        raise first from first.__cause__


def _only(errors: BaseExceptionGroup[BaseException]) -> GitHubError | None:
    """The error to raise for a group that holds nothing but GitHub's."""
    found: list[GitHubError] = []
    for error in errors.exceptions:
        inner = _only(error) if isinstance(error, BaseExceptionGroup) else error  # pyright: ignore[reportUnknownArgumentType] - a group of anything
        if not isinstance(inner, GitHubError):
            return None
        found.append(inner)
    return max(found, key=lambda error: error.retry_after or 0.0)
