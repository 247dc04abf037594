"""What a provider is, and how it says which events it wants.

Owns ``Provider``, the decorators ``on`` and ``every``, and the handlers that they mark.
A wrong pairing of handler and event type is an error of the type checker, because ``on``
passes the event types on to the handler's signature, and an error at start-up here.
"""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import CodeType
from typing import Any, ClassVar, TypeVar, overload

import msgspec
from cronsim import CronSim, CronSimError
from msgspec import Struct
from msgspec.structs import asdict

from callboard.delivery import Delivery
from callboard.event import EventName, TypedEvent, Untyped
from callboard.retry import Intensity, Retry
from callboard.run import Run

E = TypeVar("E", bound=TypedEvent)
P = TypeVar("P", bound="Provider")
R = TypeVar("R", bound=Run)
_MARKS = "__callboard_handlers__"


class HandlerError(Exception):
    """A provider's handlers are declared wrongly; names provider, handler and fault."""


class UntypedEventError(TypeError):
    """A payload contradicts the type that a handler asks for; no attempt changes that."""


class Handler(Struct, frozen=True):
    """One method of a provider, and when it is called."""

    provider: "Provider"
    method: str
    events: tuple[EventName, ...] = ()
    typed: bool = False
    """Whether it asks for event classes; otherwise everything comes untyped."""
    ordered_by: str | None = None
    """Dotted path into the payload; deliveries with the same value there keep order."""
    coalesced_by: tuple[str, ...] = ()
    """Dotted paths; a queued delivery is folded into a later one with these values."""
    every: float | None = None
    """Seconds from the start of one tick to the start of the next."""
    cron: str | None = None
    """When it ticks, as a cron expression in UTC."""
    at_start: bool = False
    """Whether it ticks at every start too, however short ago the last tick was."""

    @property
    def scheduled(self) -> bool:
        """Whether the clock calls it, and not an event."""
        return self.every is not None or self.cron is not None

    @property
    def name(self) -> str:
        """``provider.method``."""
        return f"{self.provider.name}.{self.method}"

    @property
    def code(self) -> CodeType | None:
        """The method's own; None where something else than a function stands for it."""
        return getattr(getattr(self.provider, self.method), "__code__", None)

    def wants(self, name: EventName) -> bool:
        """Whether it is called for this event."""
        return name in self.events or name._replace(action=None) in self.events

    def arguments(self, event: object, delivery: Delivery, run: Run) -> tuple[Any, ...]:
        """What the method is called with.

        Raises:
            UntypedEventError: It asks for an event class, and the payload is none.
        """
        if self.scheduled:
            return (run,)
        if isinstance(event, Untyped):
            if self.typed:
                message = f"the payload of {delivery.name} is not typed: {event.reason}"
                raise UntypedEventError(message)
        elif not self.typed:
            payload: Any = msgspec.json.decode(delivery.body)
            event = Untyped(delivery.name, payload, "asked for by its name")
        return (event, run)


class Provider:
    """Maintains what it owns, by handlers for events and ticks.

    One that raises, hangs or is cancelled leaves its siblings in the run alone.
    """

    name: ClassVar[str]
    """Unique and stable: what it owns is kept under this name."""
    timeout: float | None = 60.0
    """Seconds for one attempt; None for no limit."""
    retry: Retry = Retry()
    intensity: Intensity = Intensity()
    concurrency: int | None = None
    """How many of its handlers run at once, in all runs together; None for no limit."""
    fails_together: bool = False
    """Whether its failure halts the other providers of the run."""

    def handlers(self) -> Iterator[Handler]:
        """Its handlers, in the order of their definition.

        Raises:
            HandlerError: A marked method is not a coroutine function, or has the wrong
                number of parameters.
        """
        seen: set[str] = set()
        for kind in type(self).__mro__:
            for method in vars(kind):
                marks = getattr(getattr(type(self), method, None), _MARKS, ())
                if method in seen or not marks:
                    continue
                seen.add(method)
                for mark in marks:
                    yield self._checked(
                        Handler(provider=self, method=method, **asdict(mark))
                    )

    def context(self, run: Run) -> Run:
        """The run as this provider's handlers see it."""
        return run

    async def conclude(self, run: Run, result: object) -> None:
        """Take what a handler returned. A plain provider's returns nothing.

        Raises:
            TypeError: It returned something.
        """
        if result is not None:
            message = f"{run.provider}: expected None, got {type(result).__name__}"
            raise TypeError(message)

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Entered before its first handler is called, left after the last one ended."""
        yield

    def _checked(self, handler: Handler) -> Handler:
        function = getattr(self, handler.method)
        if not inspect.iscoroutinefunction(function):
            message = f"{handler.name}: expected an async method, got {function!r}"
            raise HandlerError(message)
        wanted = 1 if handler.scheduled else 2
        given = len(inspect.signature(function).parameters)
        if given != wanted:
            expected = "(self, run)" if wanted == 1 else "(self, event, run)"
            message = f"{handler.name}: expected {expected}, got {given} parameters"
            raise HandlerError(f"{message} besides self")
        return handler


class _Mark(Struct, frozen=True):
    events: tuple[EventName, ...] = ()
    typed: bool = False
    ordered_by: str | None = None
    coalesced_by: tuple[str, ...] = ()
    every: float | None = None
    cron: str | None = None
    at_start: bool = False


@overload
def on(
    *events: type[E],
    ordered_by: str | None = None,
    coalesced_by: str | tuple[str, ...] = (),
) -> Callable[
    [Callable[[P, E, R], Awaitable[Any]]], Callable[[P, E, R], Awaitable[Any]]
]: ...
@overload
def on(
    *events: EventName,
    ordered_by: str | None = None,
    coalesced_by: str | tuple[str, ...] = (),
) -> Callable[
    [Callable[[P, Untyped, R], Awaitable[Any]]],
    Callable[[P, Untyped, R], Awaitable[Any]],
]: ...
def on(
    *events: Any,
    ordered_by: str | None = None,
    coalesced_by: str | tuple[str, ...] = (),
) -> Any:
    """Call the method for these events: ``(self, event, run)``.

    Event classes arrive typed, names as ``Untyped``. ``ordered_by`` is a dotted path
    into the payload, such as ``organization.login``: deliveries with the same value
    there run one after the other. Without it the repository, or else the organization,
    orders them.

    ``coalesced_by`` says that the newest delivery tells all: one that still waits is
    folded into a later one of the same event with the same values at these paths, if
    every handler that wants it says so.
    """
    if not events:
        raise HandlerError("on(): expected at least one event, got none")
    names = tuple(_event_name(event) for event in events)
    paths = (coalesced_by,) if isinstance(coalesced_by, str) else coalesced_by
    typed = not any(isinstance(event, EventName) for event in events)
    mark = _Mark(events=names, typed=typed, ordered_by=ordered_by, coalesced_by=paths)
    return _marking(mark)


def every(
    *,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    at_start: bool = False,
) -> Callable[[Callable[[P, R], Awaitable[Any]]], Callable[[P, R], Awaitable[Any]]]:
    """Call the method on a schedule: ``(self, run)``.

    At a start it is called at once if its last tick completed longer ago than the
    period; with ``at_start`` in any case, for what looks at the time in between.
    """
    period = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if period <= 0:
        raise HandlerError(f"every(): expected a period above 0 s, got {period} s")
    return _marking(_Mark(every=period, at_start=at_start))


def cron(
    expression: str,
) -> Callable[[Callable[[P, R], Awaitable[Any]]], Callable[[P, R], Awaitable[Any]]]:
    """Call the method when the clock, in UTC, matches: ``(self, run)``.

    Five fields: minute, hour, day of the month, month, day of the week.
    """
    try:
        CronSim(expression, datetime.now(UTC))
    except CronSimError as error:
        message = (
            f"cron(): expected five fields such as '0 3 * * *', got {expression!r}"
        )
        raise HandlerError(f"{message}: {error}") from error
    return _marking(_Mark(cron=expression))


def _event_name(event: object) -> EventName:
    name = event if isinstance(event, EventName) else getattr(event, "__event__", None)
    if not isinstance(name, EventName):
        message = "on(): expected event classes or EventName, got"
        raise HandlerError(f"{message} {event!r}")
    return name


def _marking(mark: _Mark) -> Any:
    def decorate(method: Any) -> Any:
        setattr(method, _MARKS, (*getattr(method, _MARKS, ()), mark))
        return method

    return decorate
