"""Watching never slows the watched: one ring, a cursor per watcher, bounded memory."""

import gc
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import anyio
import pytest

from callboard import Trace
from callboard.delivery import DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard.task import LogLine
from callboard.testing import Gate, deliver, open_board, settled


def delivery() -> DeliveryView:
    id_ = new_id()
    return DeliveryView(
        id=id_,
        source="plain",
        guid=id_,
        event="thing",
        action=None,
        organization=None,
        repository=None,
        received_at=0.0,
        state=DeliveryState.QUEUED,
    )


def test_reader_sees_each_thing_once_with_its_newest_values() -> None:
    trace = Trace()
    one, other = delivery(), delivery()
    for view in (one, other, one, one):
        trace.publish(view)
    found = list(trace.since(0) or ())
    # In the order of their first changes: who was made first comes first.
    assert [view.id for view in found] == [one.id, other.id]
    assert one.revision == 4
    assert list(trace.since(4) or ()) == []
    assert list(trace.since(3) or ()) == [one]


def test_reader_that_fell_off_the_ring_is_told() -> None:
    trace = Trace(capacity=8)
    view = delivery()
    for _ in range(8):
        trace.publish(view)
    assert trace.since(0) is None
    assert trace.since(1) is not None
    trace.publish(view)
    assert trace.since(1) is None
    assert trace.since(2) is not None


def test_watcher_is_woken_once_and_by_the_next_change_alone() -> None:
    trace = Trace()
    woken: list[str] = []

    def wake(name: str) -> Any:
        return lambda: woken.append(name)

    one, other = wake("one"), wake("other")
    trace.arm(one)
    trace.arm(other)
    trace.disarm(other)
    trace.publish(delivery())
    trace.publish(delivery())
    assert woken == ["one"]


def test_changes_from_many_threads_are_all_numbered_and_none_is_missed() -> None:
    trace = Trace()
    views = [delivery() for _ in range(4)]
    begin = threading.Barrier(5)
    seen: set[str] = set()

    def change(view: DeliveryView) -> None:
        begin.wait()
        for attempts in range(1_000):
            view.attempts = attempts
            trace.publish(view)

    threads = [threading.Thread(target=change, args=(view,)) for view in views]
    for thread in threads:
        thread.start()
    begin.wait()
    cursor = 0
    while cursor < 4_000:
        newest = trace.sequence
        seen |= {item.id for item in trace.since(cursor) or ()}
        cursor = newest
    for thread in threads:
        thread.join()
    assert trace.sequence == 4_000
    assert seen == {view.id for view in views}
    assert max(view.revision for view in views) == 4_000


def test_memory_is_bounded_whatever_happens() -> None:
    trace = Trace(capacity=256, trees=20, deliveries=50)

    def work(count: int) -> int:
        for _ in range(count):
            trace.show(delivery())
            root = trace.open_tree(new_id(), "d", "event").root
            root.start()
            root.complete()
        gc.collect()  # a tree and its tasks know each other
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        work(500)
        first, other = work(500), work(5_000)
    finally:
        tracemalloc.stop()
    assert (len(trace.trees), len(trace.deliveries)) == (20, 50)
    assert other < first * 1.1 + 20_000, f"{first:,} bytes, then {other:,}"


def test_trees_are_bounded_by_the_bytes_that_they_take() -> None:
    trace = Trace(tree_bytes=500_000)
    big = trace.open_tree("big", "d", "big")
    for _ in range(100):
        line = LogLine(at=0.0, level="INFO", logger="x", message="m" * 2_000)
        big.root.log(line)
    for name in ("early 1", "early 2"):
        small = trace.open_tree(name, "d", name).root
        small.start()
        small.complete()
    for n in range(3):
        for name in (f"big {n}", f"small {n}"):
            root = trace.open_tree(name, "d", name).root
            root.start()
            for _ in range(100 if name.startswith("big") else 0):
                root.log(LogLine(0.0, "INFO", "x", "m" * 2_000))
            root.complete()
    trace.open_tree("last", "d", "last")
    assert "big" in trace.trees, "it has not ended"
    assert len(trace.trees) < 10
    ended = [tree for tree in trace.trees.values() if tree.open == 0]
    assert 0 < sum(tree.weigh() for tree in ended) <= 500_000
    assert {"early 1", "early 2", "big 0"}.isdisjoint(trace.trees), "oldest first"
    assert {"big 2", "small 2"} <= set(trace.trees)


def test_trees_that_have_not_ended_are_never_dropped() -> None:
    trace = Trace(trees=3)
    open_ones = [trace.open_tree(new_id(), "d", "event") for _ in range(5)]
    for tree in open_ones:
        tree.root.start()
    for _ in range(10):
        ended = trace.open_tree(new_id(), "d", "event").root
        ended.start()
        ended.complete()
    assert [tree.run for tree in open_ones] == list(trace.trees)[:5]
    assert len(trace.trees) == 6


@pytest.mark.anyio
async def test_watcher_that_never_reads_slows_no_run_and_holds_no_memory() -> None:
    gate = Gate(is_open=True)
    async with open_board(gate) as board:
        never = threading.Event()
        board.trace.arm(never.set)
        cursor = board.trace.sequence
        with anyio.fail_after(30):
            for n in range(200):
                await deliver(board, "thing", {"n": n})
            await settled(board)
        # It is woken once; whatever happened since is one look away, each thing once.
        assert never.is_set()
        missed = list(board.trace.since(cursor) or ())
        views = [item for item in missed if isinstance(item, DeliveryView)]
    assert len(views) == len({view.id for view in views}) == 200
    assert len(gate.ended) == 200


@pytest.mark.anyio
async def test_after_a_restart_memory_says_down_to_where_it_has_every_delivery(
    tmp_path: Path,
) -> None:
    file = tmp_path / "callboard.db"
    async with open_board(Gate(is_open=True), path=file) as board:
        with anyio.fail_after(30):
            ids = [await deliver(board, "nobody wants it") for _ in range(503)]
            await settled(board)
        assert board.trace.floor == ""
    async with open_board(Gate(is_open=True), path=file) as board:
        assert set(board.trace.deliveries) == set(ids[3:])
        assert board.trace.floor == ids[2]
