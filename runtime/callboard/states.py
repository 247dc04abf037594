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

    @property
    def final(self) -> bool:
        """Whether nothing can follow."""
        return self in FINAL


FINAL = frozenset({State.COMPLETED, State.ERRORED, State.HALTED})

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

LAST_STEP: dict[State, State] = {
    State.COMPLETING: State.COMPLETED,
    State.ERRORING: State.ERRORED,
    State.HALTING: State.HALTED,
}
"""The final state that each unwinding state ends in."""


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
