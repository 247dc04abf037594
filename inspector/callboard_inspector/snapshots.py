"""Snapshots: everything in one scope, as frames.

Owns where a tree comes from: memory while its run is kept there, else the journal.
The things to be shown and the sequence are taken with no checkpoint between them; their
values are read when the frames are made, so they are as new or newer, and the changes
after that sequence bring them up to date.
"""

from collections.abc import Iterator
from functools import partial

from callboard import clock, history
from callboard.task import TaskRecord
from callboard.trace import Trace
from callboard.tree import Tree
from callboard_inspector.batches import LIST
from callboard_inspector.rows import Rows
from callboard_inspector.watched import Watched
from callboard_inspector.wire import FRAME_AIM, Snapshot

NEWEST = 500
"""Deliveries in a snapshot of the list."""
UNKNOWN = "Nothing is known of this delivery."


def snapshot_of_list(trace: Trace) -> Iterator[Snapshot]:
    """The deliveries that came to memory last."""
    time, sequence = clock.now() * 1000, trace.sequence
    views = tuple(trace.deliveries.values())
    # After the deliveries: what is let go of meanwhile may only raise it.
    floor = max([trace.floor, *(view.id for view in views[:-NEWEST])])
    views = views[-NEWEST:]
    part = partial(Snapshot, scope=LIST, sequence=sequence, time=time)
    yield part(part="begin")
    rows = Rows(time / 1000)
    for view in views:
        if rows.size >= FRAME_AIM:
            yield part(part="nodes", **rows.fields())
            rows = Rows(time / 1000)
        rows.add_delivery(view)
    yield part(part="nodes", **rows.fields())
    yield part(part="end", older=dict(trace.let_go), floor=floor)


async def snapshot_of_tree(
    watched: Watched, delivery: str, run: str | None
) -> Iterator[Snapshot]:
    """The tree of ``run``, or of the newest run of ``delivery``."""
    if run is None:
        run = await _newest_run(watched, delivery)
    if run is None:
        note = "It has not run yet." if await _is_known(watched, delivery) else UNKNOWN
        return _empty(watched.trace, delivery, None, note)
    tree = watched.trace.trees.get(run)
    if tree is not None and tree.delivery == delivery:
        return _of_tree(watched.trace, tree)
    wanted = run
    record = await watched.read(lambda c: history.find_tree(c, wanted), None)
    if record is not None and record.delivery == delivery:
        return _of_records(watched.trace, delivery, run, record.tasks)
    note = "No tree was recorded: the process ended during this run."
    return _empty(watched.trace, delivery, run, note)


async def _newest_run(watched: Watched, delivery: str) -> str | None:
    trees = tuple(watched.trace.trees.values())
    newest = next((t for t in reversed(trees) if t.delivery == delivery), None)
    if newest is not None:
        return newest.run  # it may have begun before its delivery says so
    view = watched.trace.deliveries.get(delivery)
    if view is not None:
        return view.run
    runs = await watched.read(lambda c: history.list_runs(c, delivery), [])
    return runs[-1].id if runs else None


async def _is_known(watched: Watched, delivery: str) -> bool:
    if delivery in watched.trace.deliveries:
        return True
    found = await watched.read(lambda c: history.find_delivery(c, delivery), None)
    return found is not None


def _of_tree(trace: Trace, tree: Tree) -> Iterator[Snapshot]:
    time, sequence = clock.now() * 1000, trace.sequence
    tasks = tuple(tree.tasks.values())
    part = partial(
        Snapshot, scope=tree.delivery, sequence=sequence, time=time, run=tree.run
    )
    yield part(part="begin")
    rows = Rows(tree.root.created)
    for task in tasks:
        if rows.size >= FRAME_AIM:
            yield part(part="nodes", **rows.fields())
            rows = Rows(tree.root.created)
        if tree.tasks.get(task.n) is task:
            rows.add_task(task)
    yield part(part="nodes", **rows.fields())
    yield part(part="end")


def _of_records(
    trace: Trace, delivery: str, run: str, tasks: list[TaskRecord]
) -> Iterator[Snapshot]:
    time, sequence = clock.now() * 1000, trace.sequence
    part = partial(Snapshot, scope=delivery, sequence=sequence, time=time, run=run)
    yield part(part="begin")
    base = tasks[0].created if tasks else clock.now()
    rows = Rows(base)
    for record in tasks:
        if rows.size >= FRAME_AIM:
            yield part(part="nodes", **rows.fields())
            rows = Rows(base)
        rows.add_record(run, record)
    yield part(part="nodes", **rows.fields())
    yield part(part="end")


def _empty(
    trace: Trace, delivery: str, run: str | None, note: str
) -> Iterator[Snapshot]:
    part = partial(
        Snapshot,
        scope=delivery,
        sequence=trace.sequence,
        time=clock.now() * 1000,
        run=run,
        note=note,
    )
    yield part(part="begin")
    yield part(part="end")
