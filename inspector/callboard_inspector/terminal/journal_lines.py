"""What happened as lines, for pipes: one for each delivery, and on request each task.

Owns noticing what is new in a picture, and the two ways to write it.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from callboard import clock
from callboard.clock import duration
from callboard.plain import one_line, plain_json
from callboard_inspector.picture import DeliverySeen, Picture, TaskSeen

Seen: TypeAlias = DeliverySeen | TaskSeen
_TIMES = ("received", "created", "started", "ended")


class Lines:
    """Says each thing once: again only when its revision has grown."""

    def __init__(
        self, written: Callable[[Seen], str | None], only: str | None = None
    ) -> None:
        """``written`` makes a line, or None where it is not worth one."""
        self._written = written
        self._only = only
        self._said: dict[object, object] = {}

    def new(self, picture: Picture) -> Iterator[str]:
        """What has changed since the last call, oldest delivery first."""
        boot = picture.hello.boot if picture.hello else None
        for id_ in sorted(picture.deliveries):
            if self._only in (None, id_):
                yield from self._line(id_, boot, picture.deliveries[id_])
        for tree in picture.trees.values():
            for task in sorted(tree.tasks.values(), key=lambda task: task.revision):
                yield from self._line((task.run, task.n), boot, task)

    def _line(self, key: object, boot: str | None, seen: Seen) -> Iterator[str]:
        mark = (boot, seen.revision)
        if self._said.get(key) == mark:
            return
        self._said[key] = mark
        line = self._written(seen)
        if line is not None and self._said.get((key, "line")) != line:
            self._said[key, "line"] = line
            yield line


def as_text(seen: Seen) -> str | None:
    """A line for people; tasks have none, there are too many."""
    if isinstance(seen, TaskSeen):
        return None
    event = seen.event if seen.action is None else f"{seen.event}.{seen.action}"
    moment = seen.ended or seen.started or seen.received
    took = ""
    if seen.started is not None and seen.ended is not None:
        took = duration(seen.ended - seen.started)
    parts = [
        clock.isoformat(moment),
        seen.id,
        f"{seen.state:<9}",
        event,
        seen.repository or seen.organization or "-",
        took,
        seen.rest.reason or "",
    ]
    return one_line("  ".join(part for part in parts if part))


def as_json(seen: Seen) -> str:
    """Everything that the feed said of it; times as ISO 8601 in UTC."""
    fields: dict[str, Any] = msgspec.structs.asdict(seen)
    kind = "delivery" if isinstance(seen, DeliverySeen) else "task"
    rest = msgspec.to_builtins(fields.pop("rest"))
    for name in _TIMES:
        if fields.get(name) is not None:
            fields[name] = clock.isoformat(fields[name])
    return plain_json(msgspec.json.encode({"type": kind, **fields, **rest}).decode())
