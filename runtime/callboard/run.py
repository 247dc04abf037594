"""What a handler is given: its run.

Owns the few calls by which a provider says more than callboard sees by itself.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

import anyio

from callboard import clock
from callboard.delivery import Delivery
from callboard.effects import Stamp
from callboard.outcome import close
from callboard.task import CURRENT, Label, Progress, Task
from callboard.tracing import creation_site


class Run:
    """One handler's share of a run."""

    def __init__(
        self, *, delivery: Delivery, provider: str, attempt: int, task: Task
    ) -> None:
        self.delivery = delivery
        self.provider = provider
        self.attempt = attempt
        """1 for the first attempt within this run."""
        self._task = task

    @classmethod
    def extend(cls, run: "Run") -> Self:
        """``run`` as this class, for a provider's ``context``."""
        return cls(
            delivery=run.delivery,
            provider=run.provider,
            attempt=run.attempt,
            task=run._task,
        )

    @property
    def id(self) -> str:
        """The run's id."""
        return self._task.tree.run

    @property
    def task_id(self) -> str:
        """The id of the task that asks."""
        return self._current().id

    @asynccontextmanager
    async def span(self, name: str, **labels: Label) -> AsyncGenerator[None]:
        """A node of its own for what runs inside; labels say more about it."""
        current = self._current()
        node = current.tree.add(current, name, "span")
        node.site = creation_site()
        node.label(labels)
        token = CURRENT.set(node)
        try:
            # The scope comes first: who is told that it runs may cancel it.
            with anyio.CancelScope() as node.scope:
                node.start()
                yield
        except BaseException as error:
            close(node, error)
            raise
        else:
            node.complete()
        finally:
            CURRENT.reset(token)

    def label(self, **labels: Label) -> None:
        """Set labels on the current task."""
        self._current().label(labels)

    def progress(self, done: float, total: float | None = None, unit: str = "") -> None:
        """Say how far the current task is."""
        task = self._current()
        whole = None if total is None else float(total)
        unit = task.tree.trace.redactor.name(unit)
        task.progress = Progress(float(done), whole, unit)
        task.publish()

    def affected(self, count: int, remarks: int = 0) -> None:
        """Say that the current task recorded ``count`` more effects.

        ``remarks`` of them changed nothing: see ``effects.CHANGES``.
        """
        if count:
            task = self._current()
            task.effects += count
            task.remarks += remarks
            task.publish()

    def stamp(self) -> Stamp:
        """What to put on a change made now."""
        return Stamp(
            run=self.id,
            task=self.task_id,
            delivery=self.delivery.id,
            provider=self.provider,
            at=clock.now(),
        )

    def _current(self) -> Task:
        """The task of this run that calls, or the provider's where that is unknown."""
        current = CURRENT.get()
        if current is None or current.tree is not self._task.tree:
            return self._task
        return current
