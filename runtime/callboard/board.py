"""The composition: one callboard in one process.

Owns what the rooms share, the order in which things open and close, and the two ASGI
applications: the front, for GitHub and for readers of the catalog, and the inspector.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Literal, Self, TypeVar, cast

import anyio
import anyio.to_thread
from msgspec import Struct
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.routing import Mount as StarletteMount
from starlette.types import ASGIApp

from callboard import history, logs
from callboard.actions import Actions
from callboard.backstage import Backstage
from callboard.claim import claimed
from callboard.conductor import Conductor
from callboard.database import Database
from callboard.delivery import UNENDED
from callboard.dispatch import Dispatcher
from callboard.intake import Intake
from callboard.journal import (
    MOST_CUTS,
    PACKAGE,
    VERSION_TABLE,
    Accepted,
    Arrival,
    Journal,
)
from callboard.plural import counted
from callboard.policy import Policy
from callboard.provider import Provider
from callboard.retention import Retention, keep_within
from callboard.routes import SCHEDULE, Routes
from callboard.schedule import Schedule
from callboard.settings import Settings
from callboard.source import Source
from callboard.standing import Pause, Standing
from callboard.trace import Trace

logger = logging.getLogger(__name__)

T = TypeVar("T")

_REMEMBERED = 500
"""Deliveries of earlier processes that are shown from the start."""
_PROBE = 2.0
"""Seconds that a journal has to show that it takes writes again."""


class Mount(Struct, frozen=True):
    """An ASGI application of some room, and where it is found."""

    path: str
    app: ASGIApp
    side: Literal["front", "inspector"] = "front"
    link: Callable[[str, str | None], str] | None = None
    """Makes of the side's address a link that lets one person in: who is named, or who
    started the process."""
    people: Sequence[str] = ()
    """Further people, for each of whom a link is printed at the start."""
    close: Callable[[], None] | None = None
    """Called on the serving loop at the end, so that answers without end have one."""


class Callboard:
    """Give it sources, providers and mounts, then enter ``opened()``.

    ``front`` and ``inspector`` are the applications to serve meanwhile.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.policy = settings.section("runtime", Policy)
        self.retention = settings.section("retention", Retention)
        self.journal = Journal(database)
        self.trace = Trace(redactor=settings.redactor)
        self.sources: dict[str, Source] = {}
        self.providers: list[Provider] = []
        self.mounts: list[Mount] = []
        self.host = self.inspector_host = "127.0.0.1"
        """The addresses that the two sides listen on."""
        self.front_url: str | None = None
        self.inspector_url: str | None = None
        """Where people watch; in the answers to webhooks when it is known. A mount may
        set it, else who serves it does."""
        self.backend = "trio"
        """The event loop of backstage."""
        self.cancellable = False
        """Whether every single task can be cancelled, also one that trio itself started;
        that takes some 4 µs more for each."""
        self._shared: dict[type, Any] = {}
        self._migrations: list[tuple[str, str]] = []
        self._conductor: Conductor | None = None
        self._dispatcher: Dispatcher | None = None
        self._backstage: Backstage | None = None
        self._actions: Actions | None = None
        self._schedule: Schedule | None = None

    def add(
        self,
        *,
        sources: Iterable[Source] = (),
        providers: Iterable[Provider] = (),
        mounts: Iterable[Mount] = (),
    ) -> Self:
        """Take these in, before it is opened."""
        self.sources.update({source.name: source for source in sources})
        self.providers.extend(providers)
        self.mounts.extend(mounts)
        return self

    def share(self, kind: type[T], make: Callable[[], T]) -> T:
        """The one ``kind`` of this callboard; the first who asks makes it."""
        if kind not in self._shared:
            self._shared[kind] = make()
        return cast("T", self._shared[kind])

    def migrates(self, package: str, version_table: str) -> None:
        """Migrate the tables of ``package`` as well when this is opened."""
        if (package, version_table) not in self._migrations:
            self._migrations.append((package, version_table))

    @property
    def migrations(self) -> list[tuple[str, str]]:
        """Packages whose tables are migrated, and their version tables, in order."""
        return [(PACKAGE, VERSION_TABLE), *self._migrations]

    @property
    def backstage(self) -> Backstage:
        """The runs' side, while open."""
        return _opened(self._backstage)

    @property
    def actions(self) -> Actions:
        """What a person may do, while open."""
        return _opened(self._actions)

    @property
    def schedule(self) -> Schedule:
        """The ticks to come, while open."""
        return _opened(self._schedule)

    @property
    def standings(self) -> Mapping[str, Standing]:
        """How each provider stands, by its name, while open."""
        return _opened(self._conductor).standings

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Everything runs inside; at the end runs have their grace, then halt.

        Raises:
            HandlerError: A provider's handlers are declared wrongly.
            SettingsError: Another process serves the same database.
        """
        routes = Routes(self.providers)
        async with claimed(self.database), self._opened(routes):
            yield

    @asynccontextmanager
    async def _opened(self, routes: Routes) -> AsyncGenerator[None]:
        intake = self.share(Intake, lambda: self._intake(routes))
        await anyio.to_thread.run_sync(self._prepare)
        self._conductor = conductor = Conductor(
            journal=self.journal,
            trace=self.trace,
            routes=routes,
            sources=self.sources,
            policy=self.policy,
        )
        self._dispatcher = dispatcher = Dispatcher(
            journal=self.journal,
            trace=self.trace,
            conductor=conductor,
            policy=self.policy,
        )
        recovered = await self.journal.recover()
        if recovered.queued:
            queued = counted(recovered.queued, "delivery", "deliveries")
            logger.warning("cut short, and queued again: %s", queued)
        if recovered.parked:
            parked = counted(recovered.parked, "delivery", "deliveries")
            message = "parked, for the process ended during %d runs of each: %s"
            logger.error(message, MOST_CUTS, parked)
        completed = await self.database.read(lambda c: history.last_ticks(c, SCHEDULE))
        waiting = await self.database.read(lambda c: history.open_ticks(c, SCHEDULE))
        self._schedule = schedule = Schedule(
            routes.scheduled,
            accept=self.accept,
            unended=self._unended,
            last_ticks=completed,
            open_ticks=waiting,
        )
        await self._remember()
        await self._pause_again(conductor)
        self._backstage = backstage = Backstage(
            dispatcher=dispatcher,
            conductor=conductor,
            schedule=schedule,
            chores=[partial(keep_within, self.database, self.retention)],
            providers=self.providers,
            trace=self.trace,
            backend=self.backend,
            cancellable=self.cancellable,
        )
        self._actions = Actions(
            backstage=backstage,
            dispatcher=dispatcher,
            conductor=conductor,
            journal=self.journal,
            trace=self.trace,
            routes=routes,
            accept=self.accept,
        )
        with logs.attached():
            await anyio.to_thread.run_sync(backstage.start)
            intake.open = True
            try:
                yield
            finally:
                intake.open = False
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(backstage.stop, self.policy.grace)
                self._backstage = self._actions = None
                self._dispatcher = self._conductor = None

    async def accept(self, arrival: Arrival) -> Accepted:
        """Record a delivery and let it run; it is on disk when this returns."""
        return await self.journal.append(arrival, then=self._accepted)

    def _accepted(self, accepted: Accepted) -> None:
        # Not after the wait for it: who waits may be cancelled, and the delivery is kept.
        self.trace.update(accepted.view)
        if accepted.waiting is not None and self._dispatcher is not None:
            self._dispatcher.offer(accepted.waiting)

    @property
    def front(self) -> Starlette:
        """``/webhooks/<source>``, ``/healthz``, ``/readyz``, and what is mounted."""
        routes: list[BaseRoute] = [
            Route("/healthz", _healthz),
            Route("/readyz", self._readyz),
            StarletteMount("/webhooks", self.webhooks),
        ]
        routes += [
            StarletteMount(m.path, m.app) for m in self.mounts if m.side == "front"
        ]
        return Starlette(routes=routes)

    @property
    def inspector(self) -> Starlette:
        """What is mounted for people who watch."""
        return Starlette(
            routes=[
                StarletteMount(m.path, m.app)
                for m in self.mounts
                if m.side == "inspector"
            ]
        )

    @property
    def people(self) -> list[str]:
        """Those besides who started it for whom there is a link of their own."""
        return [name for mount in self.mounts for name in mount.people]

    def launch_link(self, name: str | None = None) -> str | None:
        """A new link to where people watch, for one person; None while not served."""
        if self.inspector_url is None:
            return None
        link = f"{self.inspector_url}/"
        for mount in self.mounts:
            if mount.side == "inspector" and mount.link is not None:
                link = mount.link(link, name)
        return link

    @property
    def webhooks(self) -> Intake:
        """The intake alone, to be mounted in another application."""
        return self.share(Intake, lambda: self._intake(Routes(self.providers)))

    def _intake(self, routes: Routes) -> Intake:
        return Intake(
            sources=self.sources,
            routes=routes,
            redactor=self.settings.redactor,
            accept=self.accept,
            link=self._link,
        )

    def _link(self, delivery: str) -> str | None:
        if self.inspector_url is None:
            return None
        return f"{self.inspector_url}/?delivery={delivery}"

    def _prepare(self) -> None:
        for package, version_table in self.migrations:
            self.database.migrate(package, version_table)

    async def _remember(self) -> None:
        """Show the newest deliveries of earlier processes."""
        newest = await self.database.read(
            lambda c: history.list_deliveries(
                c, history.DeliveryFilter(), _REMEMBERED + 1
            )
        )
        if len(newest) > _REMEMBERED:
            self.trace.floor = newest.pop().id
        for view in reversed(newest):
            self.trace.show(view)

    async def _pause_again(self, conductor: Conductor) -> None:
        """Whom a person paused is paused still."""
        for name, entry in (await self.database.read(history.pauses)).items():
            standing = conductor.standings.get(name)
            if standing is not None:
                standing.hold(Pause(entry.at, entry.until, f"by {entry.who}"))

    async def _unended(self, delivery: str) -> bool:
        view = self.trace.deliveries.get(delivery)
        if view is None:  # memory let it go, for newer ones
            kept = await self.database.read(
                lambda c: history.find_delivery(c, delivery)
            )
            view = kept and kept.view
        return view is not None and view.state in UNENDED

    async def _readyz(self, _request: Request) -> JSONResponse:
        alive = self._backstage is not None and self._backstage.alive
        taking = self.webhooks.open
        writes = not taking or not self.webhooks.failing or await self._writes()
        state = {"backstage": alive, "intake": taking, "journal": writes}
        return JSONResponse(state, status_code=200 if all(state.values()) else 503)

    async def _writes(self) -> bool:
        """Whether the journal, that did not take a delivery, takes writes again."""
        with anyio.move_on_after(_PROBE), suppress(DBAPIError):
            await self.journal.probe()
            self.webhooks.failing = False
        return not self.webhooks.failing


def _opened(part: T | None) -> T:
    if part is None:
        raise RuntimeError("expected an open callboard: use it inside `opened()`")
    return part


async def _healthz(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
