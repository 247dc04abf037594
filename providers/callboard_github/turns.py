"""Who may change what a provider says, and when.

Owns the order within one provider, of what the deliveries' own order leaves open. Single
changes go on at once. What concerns whole organizations reads while they go on, has the
last word alone, and then repeats whatever changed behind the back of its reading, so that
nothing read before a change is written after it.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeAlias, TypeVar

import anyio

R = TypeVar("R")
Again: TypeAlias = Callable[[R], Awaitable[None]]
"""Repeats a change, in the run that it is given; everything else waits meanwhile."""
Meanwhile: TypeAlias = dict[Hashable, Again[R]]
"""What changed during a reading, each once."""


class Turns(Generic[R]):
    """The turns of one provider."""

    def __init__(self) -> None:
        self._moved = anyio.Condition()
        self._single: dict[object, tuple[Hashable, Again[R]]] = {}
        self._alone = False
        self._wait = 0
        self._readings: list[Meanwhile[R]] = []

    @asynccontextmanager
    async def single(self, subject: Hashable, again: Again[R]) -> AsyncGenerator[None]:
        """A change of one thing; others go on.

        Args:
            subject: What it is about: of several, the last one is repeated.
            again: Repeats it.
        """
        turn = object()
        async with self._moved:
            while self._alone or self._wait:
                await self._moved.wait()
            self._single[turn] = (subject, again)
            self._note(subject, again)
        try:
            yield
        finally:
            del self._single[turn]
            await self._tell()

    @asynccontextmanager
    async def reading(
        self, subject: Hashable = None, again: Again[R] | None = None
    ) -> AsyncGenerator[Meanwhile[R]]:
        """The reading of much, while other things change; ``alone`` belongs inside.

        Args:
            subject: What it is about, if not everything.
            again: Repeats it.
        """
        if again is not None:
            self._note(subject, again)
        meanwhile: Meanwhile[R] = dict(self._single.values())
        self._readings.append(meanwhile)
        try:
            yield meanwhile
        finally:
            # By identity: two readings may have seen the same.
            self._readings = [one for one in self._readings if one is not meanwhile]

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Nothing else changes."""
        async with self._moved:
            self._wait += 1
            try:
                while self._alone or self._single:
                    await self._moved.wait()
                self._alone = True
            finally:
                self._wait -= 1
                self._moved.notify_all()
        try:
            yield
        finally:
            self._alone = False
            await self._tell()

    def _note(self, subject: Hashable, again: Again[R]) -> None:
        for meanwhile in self._readings:
            meanwhile[subject] = again

    async def _tell(self) -> None:
        # Shielded: who waits must hear of it, also when this turn was cancelled.
        with anyio.CancelScope(shield=True):
            async with self._moved:
                self._moved.notify_all()
