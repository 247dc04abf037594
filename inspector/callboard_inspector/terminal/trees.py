"""A run's tree as lines of a terminal.

Owns the order of tasks, the guides beside their names, and which lines stay when there
is room for a few: what fails and what runs, with all that is above it.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.table import Table
from rich.text import Text

from callboard.clock import duration
from callboard.plain import one_line, plain
from callboard.plural import counted
from callboard.task import Label, Progress, TaskRecord
from callboard_inspector.picture import TaskSeen
from callboard_inspector.rows import TaskProgress, preview, summary
from callboard_inspector.terminal.hanging import DOWN, Hanging

MARKS = {
    "pending": ("◌", "dim"),
    "running": ("●", "cyan"),
    "completing": ("●", "cyan"),
    "erroring": ("✗", "red"),
    "halting": ("⊘", "yellow"),
    "completed": ("✓", "green"),
    "errored": ("✗", "bold red"),
    "halted": ("⊘", "yellow"),
}
"""A shape for each state, so that colour is never all that tells."""
_ENDED_WELL = ("completed",)
_FAINT = Style(dim=True)
_WIDE = 64
"""Columns from which what a task says has room beside its name."""


class Node(Struct, frozen=True):
    """A task, from wherever it is known."""

    n: int
    parent: int | None
    name: str
    kind: str
    state: str
    created: float
    started: float | None
    ended: float | None
    says: str
    """Its error, cause or what it waits for, in that order."""
    failed: bool
    labels: Mapping[str, Label]
    progress: TaskProgress | Progress | None
    effects: int
    remarks: int
    """How many of its effects changed nothing."""
    folded: int
    attempt: int = 0
    attempts: int = 0
    waits: bool = False
    """Whether what it says is what it waits for, which tells the next attempt."""


def node_of_record(record: TaskRecord) -> Node:
    """A task as the journal keeps it."""
    error = None if record.failure is None else summary(record.failure)
    return Node(
        n=record.n,
        parent=record.parent,
        name=record.name,
        kind=record.kind,
        state=record.state,
        created=record.created,
        started=record.started,
        ended=record.ended,
        says=error or preview(record.cause) or preview(record.waits) or "",
        failed=record.failure is not None,
        labels=record.labels,
        progress=record.progress,
        effects=record.effects,
        remarks=record.remarks,
        folded=record.folded,
        attempt=record.attempt,
        attempts=record.attempts,
        waits=record.waits is not None,
    )


def node_of_seen(task: TaskSeen) -> Node:
    """A task as the feed tells it."""
    rest = task.rest
    return Node(
        n=task.n,
        parent=task.parent,
        name=task.name,
        kind=task.kind,
        state=task.state,
        created=task.created,
        started=task.started,
        ended=task.ended,
        says=rest.error or rest.cause or rest.waits or "",
        failed=rest.error is not None,
        labels=rest.labels,
        progress=rest.progress,
        effects=rest.effects,
        remarks=rest.remarks,
        folded=rest.folded,
        attempt=rest.attempt,
        attempts=rest.attempts,
        waits=rest.waits is not None,
    )


class WrappedTree:
    """At most ``room`` of a tree's tasks with all that they say.

    ``now`` is the end of what still runs.
    """

    def __init__(self, nodes: Iterable[Node], now: float, room: int) -> None:
        self._lines, self._hidden = _fitting(nodes, room)
        self._now = now

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """As rich wants it: side by side, or below each other where that is too narrow."""
        if options.max_width >= _WIDE:
            yield _table(self._lines, self._hidden, self._now, wrap=True)
            return
        for line in self._lines:
            name = _name(line).append("  ").append(_took(line.node, self._now))
            yield Hanging(name, len(line.guides) + 2)
            if said := _says(line.node):
                below = Text(f"{line.guides.translate(DOWN)}  ", _FAINT)
                yield Hanging(below.append(said))
        if self._hidden:
            yield _more(self._hidden)


def tree_table(nodes: Iterable[Node], now: float, room: int) -> Table:
    """At most ``room`` of a tree's tasks, each on a line; ``now`` as above."""
    return _table(*_fitting(nodes, room), now, wrap=False)


def _fitting(nodes: Iterable[Node], room: int) -> "tuple[list[_Line], int]":
    """The lines that there is room for, and how many tasks are left out."""
    lines = _lines(list(nodes))
    if len(lines) <= room:
        return lines, 0
    shown = _chosen(lines, max(room - 1, 1))
    return shown, len(lines) - len(shown)


def _table(lines: "list[_Line]", hidden: int, now: float, *, wrap: bool) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, expand=False)
    # Only columns that may wrap are made narrower, so that no time is cut; that a text
    # does not wrap all the same is its own affair.
    table.add_column(overflow="ellipsis", min_width=24)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold" if wrap else "ellipsis")
    for line in lines:
        name, said = _name(line), _says(line.node)
        name.no_wrap, said.no_wrap = True, not wrap
        table.add_row(name, _took(line.node, now), said)
    if hidden:
        table.add_row(_more(hidden), "", "")
    return table


def _more(hidden: int) -> Text:
    return Text(f"… {counted(hidden, 'more task')}", style=_FAINT)


class _Line(Struct, frozen=True):
    node: Node
    guides: str
    above: tuple[int, ...]


def _lines(nodes: list[Node]) -> list[_Line]:
    """Depth first, children in the order of their making."""
    children: dict[int | None, list[Node]] = {}
    known = {node.n for node in nodes}
    for node in sorted(nodes, key=lambda node: node.n):
        parent = node.parent if node.parent in known else None
        children.setdefault(parent, []).append(node)
    found: list[_Line] = []
    # No recursion: a tree may be deeper than Python's stack.
    waiting = [(node, "", "", ()) for node in reversed(children.get(None, []))]
    todo: list[tuple[Node, str, str, tuple[int, ...]]] = list(waiting)
    while todo:
        node, branch, below, above = todo.pop()
        found.append(_Line(node, branch, above))
        own = children.get(node.n, [])
        for child in reversed(own):
            last = child is own[-1]
            todo.append(
                (
                    child,
                    below + ("└─ " if last else "├─ "),
                    below + ("   " if last else "│  "),
                    (*above, node.n),
                )
            )
    return found


def _chosen(lines: Sequence[_Line], room: int) -> list[_Line]:
    """What failed or runs first, then the others, never without what is above them."""
    wanted: set[int] = set()
    ranked = sorted(lines, key=lambda line: _rank(line.node))
    for line in ranked:
        more = {line.node.n, *line.above} - wanted
        if len(wanted) + len(more) <= room:
            wanted |= more
    return [line for line in lines if line.node.n in wanted]


def _rank(node: Node) -> tuple[int, int]:
    if node.failed:
        return 0, node.n
    if node.ended is None:
        return 1, -node.n
    return (3 if node.state in _ENDED_WELL else 2), node.n


def _name(line: _Line) -> Text:
    mark, style = MARKS.get(line.node.state, ("?", ""))
    text = Text(line.guides, style=_FAINT)
    text.append(f"{mark} ", style)
    strong = line.node.kind in {"run", "provider"}
    return text.append(one_line(line.node.name), Style(bold=strong))


def _took(node: Node, now: float) -> Text:
    begin = node.started or node.created
    if node.state == "pending":
        return Text("waits", style=_FAINT)
    return Text(duration((node.ended or now) - begin), style=_FAINT)


def _says(node: Node) -> Text:
    text = Text()
    if node.attempt > 1 and not node.waits:
        whole = f" of {node.attempts}" if node.attempts else ""
        text.append(f"attempt {node.attempt}{whole}  ", _FAINT)
    progress = node.progress
    if progress is not None:
        whole = "" if progress.total is None else f"/{progress.total:g}"
        text.append(
            one_line(f"{progress.done:g}{whole} {progress.unit}").rstrip() + "  ",
            "cyan",
        )
    if changes := node.effects - node.remarks:
        text.append(f"{changes:,} changed  ", _FAINT)
    if node.remarks:
        text.append(f"{counted(node.remarks, 'remark')}  ", _FAINT)
    if node.folded:
        text.append(f"+{node.folded:,} completed  ", _FAINT)
    if node.says:
        text.append(plain(node.says), "red" if node.failed else "yellow")
    elif node.labels:
        labels = " ".join(f"{k}={v}" for k, v in node.labels.items())
        text.append(plain(labels), _FAINT)
    return text
