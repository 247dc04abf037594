"""What goes wrong in the demo, on purpose.

Owns a provider that fails, retries, hangs, races, blocks and loses an entity, so that
people see what each of these looks like. It takes events that no other provider of the
demo wants.
"""

import logging
import time

import anyio

from callboard import Retry, on
from callboard_catalog import (
    Catalog,
    CatalogRun,
    Delta,
    Entity,
    EntityProvider,
    EntityRef,
    Metadata,
)
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


class DemoFaults(EntityProvider):
    """Fails, retries, hangs, races, blocks and forgets, so that you can watch it.

    Args:
        catalog: Where its one kind of entity goes, and disappears again.
        second: How long a second of its work takes.
    """

    name = "demo-faults"
    timeout = 8.0
    retry = Retry(attempts=3, first_wait=1.0, jitter=0.0)

    def __init__(self, catalog: Catalog, second: float = 1.0) -> None:
        super().__init__(catalog)
        self._second = second
        self._builds = 0

    @on(IssuesOpened)
    async def fails(self, event: IssuesOpened, run: CatalogRun) -> None:
        """A task deep in a group fails; the others are halted, and the provider fails."""
        run.label(issue=event.issue.number, on_purpose=True)
        async with anyio.create_task_group() as group:
            group.start_soon(self._work, run, 4.0, name="read the comments")
            group.start_soon(self._work, run, 4.0, name="find who is on call")
            group.start_soon(
                self._triage, run, event.issue.title or "", name="triage the issue"
            )

    async def _triage(self, run: CatalogRun, title: str) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._work, run, 3.0, name="find similar issues")
            group.start_soon(self._fail, title, name="guess the cause")

    @on(StarCreated)
    async def forgets(self, event: StarCreated, run: CatalogRun) -> Delta:
        """Fails twice; then there are fans, and at the next star there are none."""
        name = event.repository.full_name
        owner = name.partition("/")[0]
        async with run.span("thank whoever likes it", repository=name, on_purpose=True):
            await self._sleep(0.5)
            if run.attempt < 3:
                raise DemoError(f"{name}: the line was busy")
        ref = EntityRef("resource", "default", f"fans-of-{owner}")
        if await run.known(ref) is not None:
            return Delta(removed=[ref])
        return Delta(
            added=[
                Entity(
                    kind="Resource",
                    metadata=Metadata(name=ref.name, description=f"Who likes {owner}"),
                    spec={"type": "fan-club", "owner": "group:default/platform"},
                )
            ]
        )

    @on(WorkflowRunCompleted)
    async def takes_long(self, event: WorkflowRunCompleted, run: CatalogRun) -> None:
        """Works for some seconds; now and then hangs, or blocks its event loop."""
        self._builds += 1
        run.label(conclusion=event.workflow_run.conclusion, on_purpose=True)
        if self._builds % _HANG_EVERY == 0:
            await self._hang()
        if self._builds % _BLOCK_EVERY == 0:
            async with run.span("compute without a checkpoint"):
                time.sleep(0.4 * self._second)  # noqa: ASYNC251 - to be caught at it
        async with anyio.create_task_group() as group:
            for job, seconds in (("build", 3.0), ("test", 4.0), ("lint", 1.5)):
                group.start_soon(self._work, run, seconds, name=f"logs of {job}")

    @on(DeploymentCreated)
    async def races(self, event: DeploymentCreated, run: CatalogRun) -> None:
        """Asks three mirrors; the first answer halts the others."""
        run.label(environment=event.deployment.environment, on_purpose=True)
        async with anyio.create_task_group() as group:

            async def ask(seconds: float) -> None:
                await self._work(run, seconds)
                logger.info("answered first, after %g s", seconds)
                group.cancel_scope.cancel("another mirror answered first")

            for mirror, seconds in (("north", 2.5), ("west", 1.0), ("south", 4.0)):
                group.start_soon(ask, seconds, name=f"ask mirror {mirror}")

    async def _hang(self) -> None:
        """One holds what the other waits for, and waits for what never comes."""
        log = anyio.Lock()

        async def write() -> None:
            async with log:
                await anyio.sleep_forever()

        async def read() -> None:
            async with log:
                await self._sleep(0.1)

        async with anyio.create_task_group() as group:
            group.start_soon(write, name="write the log, for ever")
            group.start_soon(read, name="wait for the log's lock")

    async def _work(self, run: CatalogRun, seconds: float) -> None:
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
