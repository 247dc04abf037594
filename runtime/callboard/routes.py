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
        self.scheduled = [h for h in self._handlers if h.every is not None]
        self.wanting = lru_cache(4096)(self._wanting)
        """The handlers that want an event, by its name."""
        self._paths = lru_cache(4096)(self._paths_of)

    def keys(
        self,
        name: EventName,
        *,
        organization: str | None,
        repository: str | None,
        body: bytes,
    ) -> tuple[str, ...]:
        """What orders a delivery: the values at the handlers' ``ordered_by`` paths.

        A handler without one is ordered by the repository, or else the organization.
        """
        paths, by_default, shape = self._paths(name)
        keys: set[str] = set()
        if shape is not None:
            content = _decode(body, shape)
            for path in paths:
                value = _value(content, path.split("."))
                if value is not None:
                    keys.add(f"{path}={value}")
                else:
                    by_default = True
        if by_default:
            if repository is not None:
                keys.add(f"repository={repository}")
            elif organization is not None:
                keys.add(f"organization={organization}")
        return tuple(sorted(keys))

    def _wanting(self, name: EventName) -> tuple[Handler, ...]:
        if name.source == SCHEDULE:
            wanted = f"{name.event}.{name.action}"
            return tuple(h for h in self.scheduled if h.name == wanted)
        return tuple(h for h in self._handlers if h.wants(name))

    def _paths_of(
        self, name: EventName
    ) -> tuple[tuple[str, ...], bool, type[Struct] | None]:
        wanting = self.wanting(name)
        paths = tuple({h.ordered_by for h in wanting if h.ordered_by is not None})
        by_default = any(h.ordered_by is None for h in wanting)
        return paths, by_default, _shape(paths) if paths else None


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


def _value(content: object, path: list[str]) -> str | int | None:
    for name in path:
        content = getattr(content, name, None)
    return content if isinstance(content, str | int) else None
