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
_REMEMBERED = 50_000
"""Things whose last line is remembered, so that it is not said twice."""
_TIMES = ("received", "created", "started", "ended")


class Lines:
    """Says each thing once: again only when its revision has grown.

    The things that were said longest ago are forgotten, once there are many.
    """

    def __init__(
        self,
        written: Callable[[Seen], str | None],
        only: str | None = None,
        *,
        most: int = _REMEMBERED,
    ) -> None:
        """``written`` makes a line, or None where it is not worth one."""
        self._most = most
        self._written = written
        self._only = only
        self._said: dict[object, tuple[object, int | None]] = {}
        """Mark and digest of what was said last, in the order of saying."""

    def new(self, picture: Picture) -> Iterator[str]:
        """What the last frame changed, oldest delivery first. Call it for each frame."""
        boot = picture.hello.boot if picture.hello else None
        for seen in sorted(picture.touched, key=_order):
            if isinstance(seen, TaskSeen):
                yield from self._line((seen.run, seen.n), boot, seen)
            elif self._only in (None, seen.id):
                yield from self._line(seen.id, boot, seen)

    def _line(self, key: object, boot: str | None, seen: Seen) -> Iterator[str]:
        mark = (boot, seen.revision)
        before, said = self._said.pop(key, (None, None))
        line = None if before == mark else self._written(seen)
        digest = said if line is None else hash(line)
        self._said[key] = mark, digest
        while len(self._said) > self._most:
            del self._said[next(iter(self._said))]
        if line is not None and digest != said:
            yield line


def _order(seen: Seen) -> tuple[bool, str, int]:
    """Deliveries by age, then tasks as they changed."""
    if isinstance(seen, TaskSeen):
        return True, "", seen.revision
    return False, seen.id, seen.revision


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
