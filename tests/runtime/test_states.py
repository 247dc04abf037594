"""The eight states and their 64 pairs."""

import itertools

import pytest

from callboard.ids import new_id
from callboard.states import TRANSITIONS, State, TransitionError, check
from callboard.trace import Trace

ALLOWED = {
    # start
    ("pending", "running"),
    # completing
    ("running", "completing"),
    # erroring
    ("running", "erroring"),
    ("completing", "erroring"),
    ("halting", "erroring"),
    ("erroring", "erroring"),
    # halting
    ("pending", "halting"),
    ("running", "halting"),
    ("completing", "halting"),
    ("halting", "halting"),
    # finish
    ("completing", "completed"),
    ("erroring", "errored"),
    ("halting", "halted"),
}


@pytest.mark.parametrize(
    ("current", "wanted"), list(itertools.product(State, State)), ids=str
)
def test_transition_is_allowed_exactly_where_the_table_says(
    current: State, wanted: State
) -> None:
    if (current.value, wanted.value) in ALLOWED:
        check("r.0", current, wanted)
        return
    with pytest.raises(TransitionError) as caught:
        check("r.0", current, wanted)
    message = str(caught.value)
    assert f"task r.0 is {current}" in message
    assert f"got {wanted}" in message
    for state in TRANSITIONS[current]:
        assert state in message


def test_final_states_lead_nowhere_and_are_reached_by_one_step_each() -> None:
    final = {State.COMPLETED, State.ERRORED, State.HALTED}
    assert {state for state in State if state.final} == final
    assert all(not TRANSITIONS[state] for state in final)
    last_steps = {state: state.last_step for state in State if state.last_step}
    assert set(last_steps.values()) == final
    assert all(last in TRANSITIONS[state] for state, last in last_steps.items())


def test_task_refuses_a_step_that_its_state_does_not_lead_to() -> None:
    task = Trace().open_tree(new_id(), "d", "run").root
    task.start()
    task.complete()
    assert task.state is State.COMPLETED
    with pytest.raises(TransitionError, match="completed"):
        task.halt("too late")
    with pytest.raises(TransitionError, match="completed"):
        task.start()


def test_task_completes_only_when_its_last_child_has_ended() -> None:
    tree = Trace().open_tree(new_id(), "d", "run")
    child = tree.add(tree.root, "child", "task")
    tree.root.start()
    child.start()
    tree.root.complete()
    assert tree.root.state is State.COMPLETING
    child.complete()
    assert tree.root.state is State.COMPLETED
    assert tree.root.ended is not None
    assert tree.open == 0


def test_first_cause_of_a_halt_stays() -> None:
    task = Trace().open_tree(new_id(), "d", "run").root
    task.start()
    task.halt("cancelled by ada")
    task.halt("shutdown")
    task.halted("something else")
    assert (task.state, task.cause) == (State.HALTED, "cancelled by ada")
