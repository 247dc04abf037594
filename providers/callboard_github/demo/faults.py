"""What goes wrong in the demo, on purpose.

Owns a provider that maintains nothing: it fails, retries, hangs, races and blocks, so
that people see what each of these looks like. It takes events that no other provider of
the demo wants.
"""

import logging
import time

import anyio

from callboard import Provider, Retry, Run, on
from callboard_github.events import (
    DeploymentCreated,
    IssuesOpened,
    StarCreated,
    WorkflowRunCompleted,
)

logger = logging.getLogger(__name__)

_HANG_EVERY = 6
_BLOCK_EVERY = 9


class DemoError(Exception):
    """Raised by the demo, and meant to be."""


class DemoFaults(Provider):
    """Fails, retries, hangs, races and blocks, so that you can watch it.

    Args:
        second: How long a second of its work takes.
    """

    name = "demo-faults"
    timeout = 8.0
    retry = Retry(attempts=3, first_wait=1.0, jitter=0.0)

    def __init__(self, second: float = 1.0) -> None:
        self._second = second
        self._builds = 0

    @on(IssuesOpened)
    async def fails(self, event: IssuesOpened, run: Run) -> None:
        """One of three tasks fails; the others are halted, and the provider fails."""
        run.label(issue=event.issue.number, on_purpose=True)
        async with anyio.create_task_group() as group:
            group.start_soon(self._work, run, 4.0, name="read the comments")
            group.start_soon(self._work, run, 4.0, name="find who is on call")
            group.start_soon(
                self._fail, event.issue.title or "", name="guess the cause"
            )

    @on(StarCreated)
    async def retries(self, event: StarCreated, run: Run) -> None:
        """Fails twice, and completes at the third attempt."""
        name = event.repository.full_name
        async with run.span("thank whoever likes it", repository=name, on_purpose=True):
            await self._sleep(0.5)
            if run.attempt < 3:
                raise DemoError(f"{name}: the line was busy")

    @on(WorkflowRunCompleted)
    async def takes_long(self, event: WorkflowRunCompleted, run: Run) -> None:
        """Works for some seconds; now and then hangs, or blocks its event loop."""
        self._builds += 1
        run.label(conclusion=event.workflow_run.conclusion, on_purpose=True)
        if self._builds % _HANG_EVERY == 0:
            async with run.span("wait for a log that never comes"):
                await anyio.sleep_forever()
        if self._builds % _BLOCK_EVERY == 0:
            async with run.span("compute without a checkpoint"):
                time.sleep(0.4 * self._second)  # noqa: ASYNC251 - to be caught at it
        async with anyio.create_task_group() as group:
            for job, seconds in (("build", 3.0), ("test", 4.0), ("lint", 1.5)):
                group.start_soon(self._work, run, seconds, name=f"logs of {job}")

    @on(DeploymentCreated)
    async def races(self, event: DeploymentCreated, run: Run) -> None:
        """Asks three mirrors; the first answer halts the others."""
        run.label(environment=event.deployment.environment, on_purpose=True)
        async with anyio.create_task_group() as group:

            async def ask(seconds: float) -> None:
                await self._work(run, seconds)
                logger.info("answered first, after %g s", seconds)
                group.cancel_scope.cancel("another mirror answered first")

            for mirror, seconds in (("north", 2.5), ("west", 1.0), ("south", 4.0)):
                group.start_soon(ask, seconds, name=f"ask mirror {mirror}")

    async def _work(self, run: Run, seconds: float) -> None:
        steps = round(seconds * 4)
        for step in range(steps):
            run.progress(step, steps, "pieces")
            await self._sleep(0.25)
        run.progress(steps, steps, "pieces")

    async def _fail(self, title: str) -> None:
        await self._sleep(1.0)
        logger.warning("no idea what %r means", title)
        raise DemoError(f"nobody knows what {title!r} means")

    async def _sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds * self._second)
