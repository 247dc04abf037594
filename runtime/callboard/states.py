"""The eight states of a task and the transitions between them.

Any transition that is not listed here is a bug in the runtime and raises.
"""

from enum import StrEnum


class State(StrEnum):
    """How far a task has come. The last three are final."""

    PENDING = "pending"
    """Created, not yet scheduled."""
    RUNNING = "running"
    """Its body runs."""
    COMPLETING = "completing"
    """Its body returned, children still run."""
    ERRORING = "erroring"
    """It failed; its children are being cancelled."""
    HALTING = "halting"
    """It was told to stop and is unwinding."""
    COMPLETED = "completed"
    ERRORED = "errored"
    HALTED = "halted"

    final: bool
    """Whether nothing can follow."""
    last_step: "State | None"
    """The final state that this unwinding state ends in; None for the others."""


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.RUNNING, State.HALTING}),
    State.RUNNING: frozenset({State.COMPLETING, State.ERRORING, State.HALTING}),
    State.COMPLETING: frozenset({State.COMPLETED, State.ERRORING, State.HALTING}),
    State.ERRORING: frozenset({State.ERRORED, State.ERRORING}),
    State.HALTING: frozenset({State.HALTED, State.ERRORING, State.HALTING}),
    State.COMPLETED: frozenset(),
    State.ERRORED: frozenset(),
    State.HALTED: frozenset(),
}

# Attributes of the members, not look-ups: an enumeration's hash is slow, and every task
# asks these questions.
for _state in State:
    _state.final = not TRANSITIONS[_state]
    _state.last_step = None
State.COMPLETING.last_step = State.COMPLETED
State.ERRORING.last_step = State.ERRORED
State.HALTING.last_step = State.HALTED


class TransitionError(RuntimeError):
    """A task was asked to go where its state does not lead."""

    def __init__(self, task: str, current: State, wanted: State) -> None:
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "nothing, it has ended"
        super().__init__(
            f"task {task} is {current}: expected a step to {allowed}, got {wanted}"
        )


def check(task: str, current: State, wanted: State) -> None:
    """Raise TransitionError unless ``current`` leads to ``wanted`` in one step."""
    if wanted not in TRANSITIONS[current]:
        raise TransitionError(task, current, wanted)
