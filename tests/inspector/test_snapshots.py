"""What the list's snapshot says of deliveries that are not in it."""

from callboard import Trace
from callboard.delivery import DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard_inspector.snapshots import NEWEST, snapshot_of_list


def ended(trace: Trace, state: DeliveryState, count: int) -> list[str]:
    """Deliveries that come one by one, and end at once; their ids."""
    ids: list[str] = []
    for _ in range(count):
        view = DeliveryView(
            new_id(), "s", "g", "push", None, None, None, 0.0, DeliveryState.RUNNING
        )
        trace.show(view)
        trace.change(view.id, state=state)
        ids.append(view.id)
    return ids


def sent(trace: Trace) -> tuple[set[str], str]:
    """The ids in a snapshot, and its floor."""
    *parts, end = snapshot_of_list(trace)
    return {row.id for part in parts for row in part.deliveries}, end.floor


def test_a_list_that_leaves_nothing_out_has_no_floor() -> None:
    trace = Trace()
    ids = ended(trace, DeliveryState.COMPLETED, NEWEST)
    assert sent(trace) == (set(ids), "")


def test_of_more_than_a_list_holds_the_newest_are_above_its_floor() -> None:
    trace = Trace()
    ids = ended(trace, DeliveryState.COMPLETED, NEWEST + 7)
    held, floor = sent(trace)
    assert held == set(ids[7:])
    assert floor == ids[6]


def test_after_an_outage_nothing_above_the_floor_is_missing_in_the_list() -> None:
    trace = Trace(deliveries=1_000)
    parked = ended(trace, DeliveryState.PARKED, 1_200)
    completed = ended(trace, DeliveryState.COMPLETED, 1_500)
    held, floor = sent(trace)
    above = {id_ for id_ in parked + completed if id_ > floor}
    assert held & set(parked), "what failed is remembered for longer"
    assert above <= held
    assert floor in set(completed) - held
    assert completed[-1] in above


def test_one_of_long_ago_that_moves_does_not_lower_the_floor() -> None:
    trace = Trace(deliveries=5)
    old, *_ = ids = ended(trace, DeliveryState.COMPLETED, 10)
    trace.show(
        DeliveryView(
            old, "s", "g", "push", None, None, None, 0.0, DeliveryState.RUNNING
        )
    )
    held, floor = sent(trace)
    assert held == {old, *ids[6:]}
    assert floor == ids[5]
    ended(trace, DeliveryState.PARKED, 2)
    assert sent(trace)[1] >= floor


def test_what_memory_lets_go_of_is_counted_and_what_runs_or_failed_stays() -> None:
    trace = Trace(deliveries=3)
    for state in ("running", "failed", "completed", "completed", "queued", "parked"):
        ended(trace, DeliveryState(state), 1)
    _, nodes, end = snapshot_of_list(trace)
    assert len(nodes.deliveries) == 3
    assert "running" in {nodes.strings[row.state] for row in nodes.deliveries}
    assert end.older["completed"] == 2
    assert sum(end.older.values()) == 3
