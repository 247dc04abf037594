"""The picture that ``callboard watch`` draws.

Owns the division of the terminal: a line on how things stand, the newest deliveries, and
the trees below, which get what room is left.
"""

from collections.abc import Iterator
from itertools import compress
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

from callboard import clock
from callboard.cli.runs import MARKS
from callboard.clock import duration
from callboard.delivery import DeliveryState
from callboard.plain import one_line
from callboard_inspector.picture import DeliverySeen, Picture
from callboard_inspector.terminal.trees import node_of_seen, tree_table

_LATE = 2.5
"""Seconds without a beat after which what is shown is stale."""
_LOOP_LATE = 0.1
_ROWS = 12
_ROOMY, _WIDE = 60, 100
"""Columns from which subject and state have room, and from which the reason has."""
_TREE_ROWS = 7
"""Lines that a tree needs to be worth showing."""


class Followed(Protocol):
    """What there is to draw."""

    picture: Picture
    live: bool
    delivery: str | None


class Screen:
    """Draws itself as it is now, every time it is asked."""

    def __init__(self, followed: Followed, url: str) -> None:
        self._followed = followed
        self._url = url
        self._heard = clock.now()
        self._beat: object = None

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """As rich wants it."""
        height = options.height or console.height
        picture = self._followed.picture
        yield self._status(picture)
        yield Text()
        used = 2
        views = sorted(picture.deliveries.values(), key=_by_id, reverse=True)
        if self._followed.delivery is not None:
            views = [view for view in views if view.id == self._followed.delivery]
        elif not views and picture.hello is not None:
            yield Text("No delivery yet. `callboard send` sends a sample.", "dim")
            return
        rows = views[: max(min(_ROWS, (height - 4) // 3), 1)]
        if rows:
            yield _deliveries(rows, options.max_width)
            used += len(rows) + 1
        yield from self._trees(picture, height - used - 1)

    def _status(self, picture: Picture) -> Text:
        now, beat = clock.now(), picture.beat
        if beat is not self._beat:
            self._beat, self._heard = beat, now
        late = now - self._heard
        line = Text(no_wrap=True, overflow="ellipsis")
        if picture.hello is None:
            line.append("○ connecting", "dim")
        elif not self._followed.live:
            line.append("○ lost, connecting again", "bold red")
        elif late > _LATE:
            line.append(f"◌ stale for {duration(late)}", "bold yellow")
        else:
            line.append("● live", "bold green")
        if beat is not None:
            failed = sum(v.state in {"failed", "parked"} for v in _all(picture))
            for text, style in (
                (f"{beat.running} running", "cyan" if beat.running else "dim"),
                (f"{failed} failed", "red" if failed else "dim"),
                (
                    f"loop {duration(beat.loop_lag)}",
                    "bold red" if beat.loop_lag > _LOOP_LATE else "dim",
                ),
            ):
                line.append(" · ", "dim").append(text, style)
            if beat.blocked is not None:
                blocked = beat.blocked
                where = f" at {blocked.file}:{blocked.line}" if blocked.file else ""
                held = one_line(f" · held by {blocked.name}{where}")
                line.append(held, "bold red")
        return line.append(f" · {self._url}", "dim")

    def _trees(self, picture: Picture, room: int) -> Iterator[RenderableType]:
        """As many trees as there is room for, each below its delivery."""
        newest = sorted(picture.trees, reverse=True)[: max(room // _TREE_ROWS, 1)]
        now = clock.now() if self._followed.live else self._heard
        for number, id_ in enumerate(newest):
            lines = room // (len(newest) - number) - 2
            tree, view = picture.trees[id_], picture.deliveries.get(id_)
            if lines < 1:
                return
            about = "" if view is None else view.repository or view.organization or ""
            yield Text()
            yield Text(one_line(f"{id_}  {about}"), "dim")
            if tree.tasks:
                nodes = [node_of_seen(task) for task in tree.tasks.values()]
                yield tree_table(nodes, now, lines)
                room -= 2 + min(len(nodes), lines)
            else:
                yield Text(one_line(tree.note or ""), "dim")
                room -= 3


def _all(picture: Picture) -> list[DeliverySeen]:
    return list(picture.deliveries.values())


def _by_id(view: DeliverySeen) -> str:
    return view.id


def _deliveries(views: list[DeliverySeen], width: int) -> Table:
    roomy = width >= _ROOMY
    why = width >= _WIDE and any(view.rest.reason for view in views)
    shown = (True, True, True, roomy, roomy, True, why)
    columns = (
        Column("", width=1),
        Column("at (UTC)", width=8),
        Column("event", no_wrap=True, overflow="ellipsis", ratio=1),
        Column("about", no_wrap=True, overflow="ellipsis", ratio=1),
        Column("state", width=9),
        Column("took", justify="right", width=9),
        Column("why", no_wrap=True, overflow="ellipsis", ratio=1),
    )
    table = Table(
        *compress(columns, shown),
        box=None,
        pad_edge=False,
        header_style="dim",
        width=width,
    )
    for view in views:
        mark, style = MARKS.get(DeliveryState(view.state), ("?", ""))
        event = view.event if view.action is None else f"{view.event}.{view.action}"
        took = ""
        if view.started is not None:
            took = duration((view.ended or clock.now()) - view.started)
        cells = (
            Text(mark, style),
            Text(clock.isoformat(view.received)[11:19], "dim"),
            Text(one_line(event)),
            Text(one_line(view.repository or view.organization or ""), "dim"),
            Text(view.state, style),
            Text(took, "dim"),
            Text(one_line(view.rest.reason or ""), "dim"),
        )
        table.add_row(*compress(cells, shown))
    return table
