"""Which handlers want a delivery, and what orders it.

Owns the table from event names to handlers, and the partial decoding that finds the
values a delivery is ordered by: only the paths that some handler named are read.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct, defstruct

from callboard.event import EventName
from callboard.provider import Handler, HandlerError, Provider

SCHEDULE = "schedule"
"""The source of ticks: the event is the provider's name, the action the method's."""


class Order(Struct, frozen=True, gc=False):
    """Where a delivery stands among the others."""

    keys: tuple[str, ...] = ()
    """Deliveries that share a key run one after the other."""
    fold: str | None = None
    """An older delivery with the same value is superfluous; None for never."""


class Routes:
    """The handlers of all providers."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self.providers = tuple(providers)
        names = [provider.name for provider in self.providers]
        for name in names:
            if names.count(name) > 1:
                message = f"provider names must be unique: {name!r} is used twice"
                raise HandlerError(message)
        self._handlers = [h for p in self.providers for h in p.handlers()]
        self.scheduled = [h for h in self._handlers if h.scheduled]
        self.wanting = lru_cache(4096)(self._wanting)
        """The handlers that want an event, by its name."""
        self._plan = lru_cache(4096)(self._plan_of)

    def order(
        self,
        name: EventName,
        *,
        organization: str | None,
        repository: str | None,
        body: bytes,
    ) -> Order:
        """What orders a delivery: the values at the handlers' ``ordered_by`` paths.

        A handler without one is ordered by the repository, or else the organization.
        """
        plan = self._plan(name)
        by_default = plan.by_default
        content = _decode(body, plan.shape) if plan.shape is not None else None
        keys: set[str] = set()
        for path in plan.ordered_by:
            value = _value(content, path)
            if value is None:
                by_default = True
            else:
                keys.add(f"{path}={value}")
        if by_default and (repository or organization):
            whole = f"repository={repository}" if repository else None
            keys.add(whole or f"organization={organization}")
        values = [_value(content, path) for path in plan.coalesced_by]
        fold = None
        if values and None not in values:
            fold = "|".join((str(name), *map(str, values)))
        return Order(tuple(sorted(keys)), fold)

    def _wanting(self, name: EventName) -> tuple[Handler, ...]:
        if name.source == SCHEDULE:
            wanted = f"{name.event}.{name.action}"
            return tuple(h for h in self.scheduled if h.name == wanted)
        return tuple(h for h in self._handlers if h.wants(name))

    def _plan_of(self, name: EventName) -> "_Plan":
        wanting = self.wanting(name)
        ordered_by = {h.ordered_by for h in wanting if h.ordered_by is not None}
        folding: set[str] = set()
        if all(h.coalesced_by for h in wanting):
            folding = {path for h in wanting for path in h.coalesced_by}
        paths = ordered_by | folding
        return _Plan(
            ordered_by=tuple(sorted(ordered_by)),
            coalesced_by=tuple(sorted(folding)),
            by_default=any(h.ordered_by is None for h in wanting),
            shape=_shape(paths) if paths else None,
        )


class _Plan(Struct, frozen=True):
    """What to read from the payloads of one event."""

    ordered_by: tuple[str, ...]
    coalesced_by: tuple[str, ...]
    by_default: bool
    shape: type[Struct] | None


def _shape(paths: Iterable[str]) -> type[Struct]:
    """A Struct with nothing but these dotted paths in it, all optional."""
    branches: dict[str, list[str]] = {}
    for path in paths:
        head, _, rest = path.partition(".")
        branches.setdefault(head, [])
        if rest:
            branches[head].append(rest)
    fields: list[tuple[str, Any, Any]] = []
    for head, rests in branches.items():
        kind: Any = (_shape(rests) | None) if rests else Any
        fields.append((head, kind, None))
    return defstruct("Ordering", fields)


def _decode(body: bytes, shape: type[Struct]) -> Struct | None:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, RecursionError):
        return None  # another shape than the handler expects: its decoding will tell


def _value(content: object, path: str) -> str | int | None:
    for name in path.split("."):
        content = getattr(content, name, None)
    return content if isinstance(content, str | int) else None
