"""Which waiting delivery runs next: laws over any sequence of steps."""

from collections import deque
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callboard.journal import Waiting
from callboard.window import Window

KEYS = st.lists(st.sampled_from("abcd"), max_size=2, unique=True).map(tuple)
ORGANIZATIONS = st.sampled_from(["acme", "umbrella", None])
FOLDS = st.sampled_from([None, None, None, "x", "y"])


def waiting(
    number: int,
    keys: tuple[str, ...] = (),
    organization: str | None = None,
    fold: str | None = None,
) -> Waiting:
    return Waiting(f"{number:04}", keys, fold, organization)


class Model(RuleBasedStateMachine):
    """A window beside the plain lists that it must agree with."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window()
        self.queue: list[Waiting] = []
        self.running: list[Waiting] = []
        self.ended: set[str] = set()
        self.folded: set[str] = set()
        self.added = 0
        self.met_again: set[str] = set()

    @rule(keys=KEYS, organization=ORGANIZATIONS, fold=FOLDS)
    def add(
        self, keys: tuple[str, ...], organization: str | None, fold: str | None
    ) -> None:
        new = waiting(self.added, keys, organization, fold)
        self.added += 1
        older = next((w for w in self.queue if fold and w.fold == fold), None)
        assert self.window.add(new) is older
        if older is not None:
            self.queue.remove(older)
            self.folded.add(older.id)
        self.queue.append(new)

    @precondition(lambda self: self.queue)
    @rule(data=st.data())
    def add_again(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.queue + self.running))
        assert self.window.add(known) is None
        if known in self.running:
            self.met_again.add(known.id)

    @rule()
    def take(self) -> None:
        taken = self.window.take()
        if taken is None:
            assert not any(self.may_run(w) for w in self.queue)
            return
        assert self.may_run(taken)
        self.queue.remove(taken)
        self.running.append(taken)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        ended = data.draw(st.sampled_from(self.running))
        assert self.window.release(ended) == (ended.id in self.met_again)
        self.running.remove(ended)
        self.ended.add(ended.id)

    def may_run(self, one: Waiting) -> bool:
        """Nothing that shares a key with it runs, or came before and waits."""
        before = self.queue[: self.queue.index(one)] + self.running
        return not any(set(one.keys) & set(other.keys) for other in before)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        here = [w.id for w in self.queue + self.running]
        assert len(self.window) == len(here)
        assert all(id_ in self.window for id_ in here)
        for organization in ("acme", "umbrella", None):
            waits = any(w.organization == organization for w in self.queue)
            assert self.window.waits(organization) == waits
        assert len(here) + len(self.ended) + len(self.folded) == self.added

    def teardown(self) -> None:
        """Whatever was done, everything that still waits gets its turn."""
        while self.queue or self.running:
            while (taken := self.window.take()) is not None:
                self.queue.remove(taken)
                self.running.append(taken)
            assert self.running
            self.window.release(self.running.pop())
        assert len(self.window) == 0


class TestWindow(Model.TestCase):
    """Hypothesis runs the model."""

    settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_organizations_take_turns_whatever_their_backlog() -> None:
    window = Window()
    for i in range(100):
        window.add(waiting(i, organization="busy"))
    for i in range(100, 103):
        window.add(waiting(i, organization="quiet"))
    first = [taken.organization for _ in range(6) if (taken := window.take())]
    assert first == ["busy", "quiet"] * 3


def test_one_key_runs_in_the_order_of_arrival_one_at_a_time() -> None:
    window = Window()
    for i in range(10):
        window.add(waiting(i, keys=("k",)))
    seen: deque[str] = deque()
    while (taken := window.take()) is not None:
        assert window.take() is None
        seen.append(taken.id)
        window.release(taken)
    assert len(seen) == 10
    assert all(one < other for one, other in pairwise(seen))
