"""One run: isolation, timeouts, attempts, slots; in virtual time on both loops."""

from collections.abc import Awaitable, Callable, Coroutine
from itertools import pairwise
from typing import Any

import anyio
import pytest

from callboard import Provider, Retry, Run, State, Trace, Untyped, on
from callboard.testing import THING, find, outline, perform
from callboard.tree import Tree

Virtually = Callable[[Callable[[], Awaitable[Any]]], Any]
Body = Callable[[Run], Coroutine[Any, Any, Any]]


def provider(
    called: str,
    body: Body,
    *,
    timeout: float | None = 60.0,
    retry: Retry | None = None,
    together: bool = False,
) -> Provider:
    """A provider of one handler, ``body``."""

    class Toy(Provider):
        name = called

        @on(THING)
        async def handle(self, _event: Untyped, run: Run) -> Any:
            return await body(run)

    toy = Toy()
    toy.timeout, toy.fails_together = timeout, together
    toy.retry = retry or Retry(attempts=1)
    return toy


async def steady(_run: Run) -> None:
    await anyio.sleep(30)


def raising(error: BaseException) -> Body:
    async def body(_run: Run) -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    return body


def circle() -> ValueError:
    """As ``raise first from second``, where the second came of the first."""
    first, second = ValueError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    return first


def nest(depth: int) -> Exception:
    nested: list[Exception] = [ValueError("deep inside")]
    for level in range(depth):
        nested = [ExceptionGroup(f"level {level}", nested)]
    return nested[0]


def broken(asked: object) -> Any:
    if isinstance(asked, BaseException):
        raise asked
    return asked


class Asks(Exception):
    """What it says of itself raises, or is no time to wait."""

    def __init__(self, asked: object) -> None:
        self.asked = asked

    retry_after = property(lambda self: broken(self.asked))


class Classless(Exception):
    """Raises when it is asked for its class, until pytest asks."""

    hostile = True

    @property
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - as a stranger's
        return broken(ZeroDivisionError() if self.hostile else Classless)


class Hollow(ExceptionGroup[ValueError]):
    exceptions = property(lambda _self: broken(ZeroDivisionError()))  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as a stranger's
    __cause__ = property(lambda _self: broken(ZeroDivisionError()))  # pyright: ignore[reportAssignmentType, reportIncompatibleVariableOverride] - as a stranger's


@pytest.mark.parametrize(
    "error",
    [
        circle(),
        nest(900),
        Asks(RuntimeError()),
        Asks(SystemExit(3)),
        Asks(10**400),
        Asks(float("inf")),
        Asks(float("nan")),
        Hollow("hollow", [ValueError()]),
    ],
    ids=["circle", "nest", "raises", "exits", "large", "for ever", "nan", "hollow"],
)
def test_error_that_is_itself_broken_is_its_providers_alone(
    error: Exception, virtually: Virtually
) -> None:
    tree = performed(
        virtually,
        provider("broken", raising(error), retry=Retry(attempts=2)),
        provider("steady", steady),
    )
    assert find(tree, "broken")["state"] == "errored"
    assert find(tree, "steady")["state"] == "completed"


@pytest.mark.parametrize("grouped", [False, True])
def test_error_that_raises_when_asked_for_its_class_is_its_providers_alone(
    grouped: bool, virtually: Virtually, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    async def body(run: Run) -> None:
        attempts.append(run.attempt)
        await raising(ExceptionGroup("", [Classless()]) if grouped else Classless())(
            run
        )

    try:
        tree = performed(
            virtually,
            provider("broken", body, retry=Retry(attempts=2)),
            provider("steady", steady),
        )
    finally:
        monkeypatch.setattr(Classless, "hostile", False)
    assert attempts == [1, 2]
    assert find(tree, "broken")["state"] == "errored"
    assert find(tree, "steady")["state"] == "completed"


def test_whoever_is_told_that_a_task_runs_sees_its_attempt_and_may_cancel_it(
    virtually: Virtually, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, tuple[int, bool]] = {}
    publish = Trace.publish

    def look(trace: Trace, item: Any) -> None:
        if item.state is State.RUNNING:
            told.setdefault(item.name, (item.attempt, item.scope is not None))
        publish(trace, item)

    async def body(run: Run) -> None:
        async with run.span("span"):
            await anyio.sleep(1)

    monkeypatch.setattr(Trace, "publish", look)
    performed(virtually, provider("first", body))
    assert told["first"] == (1, True)
    assert told["span"] == (0, True)


def performed(virtually: Virtually, *providers: Provider) -> Tree:
    async def main() -> Tree:
        with anyio.fail_after(10_000):
            return await perform(*providers)

    tree: Tree = virtually(main)
    assert tree.open == 0
    return tree


@pytest.mark.parametrize(
    "error",
    [
        ValueError("v"),
        ExceptionGroup("g", [KeyError("k"), OSError("o")]),
        KeyboardInterrupt(),
        SystemExit(3),
        GeneratorExit(),
        BaseExceptionGroup("b", [SystemExit(4), ValueError("v")]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failing_provider_leaves_siblings_running(
    virtually: Virtually, error: BaseException
) -> None:
    tree = performed(
        virtually, provider("bad", raising(error)), provider("good", steady)
    )
    assert find(tree, "good")["state"] == "completed"
    bad = find(tree, "bad")
    assert bad["state"] == "errored"
    assert type(error).__name__ in bad["failure"]
    assert outline(tree)["state"] == "errored"
    assert outline(tree)["cause"] == "1 of 2 providers failed: `bad`"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_child_task_that_wants_to_end_the_process_fails_its_provider_alone(
    virtually: Virtually, error: BaseException
) -> None:
    async def rude() -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    async def body(_run: Run) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(rude, name="rude")

    tree = performed(virtually, provider("bad", body), provider("good", steady))
    assert find(tree, "good")["state"] == "completed"
    assert find(tree, "bad")["state"] == "errored"
    assert find(tree, "rude")["state"] == "errored"


def test_provider_that_hangs_is_ended_by_its_timeout(virtually: Virtually) -> None:
    tree = performed(
        virtually,
        provider("hangs", lambda _: anyio.sleep_forever(), timeout=5),
        provider("good", steady),
    )
    hangs = find(tree, "hangs")
    assert hangs["state"] == "errored"
    assert "it did not end within 5 s" in hangs["failure"]
    assert find(tree, "good")["state"] == "completed"


def test_timeout_tells_where_the_provider_stood(virtually: Virtually) -> None:
    async def wait_for_the_lock() -> None:
        await anyio.sleep_forever()

    async def body(_run: Run) -> None:
        await wait_for_the_lock()

    tree = performed(virtually, provider("hangs", body, timeout=5))
    failure = tree.providers[0].failure
    assert failure is not None
    sources = [frame.source for frame in failure.frames if not frame.library]
    assert sources[-2:] == ["await wait_for_the_lock()", "await anyio.sleep_forever()"]


def test_children_of_a_timed_out_provider_say_which_deadline_passed(
    virtually: Virtually,
) -> None:
    async def body(_run: Run) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever, name="child")

    tree = performed(virtually, provider("slow", body, timeout=5))
    child = find(tree, "child")
    assert child["state"] == "halted"
    assert "deadline" in child["cause"]


def test_provider_without_a_timeout_may_take_any_time(virtually: Virtually) -> None:
    async def long(_run: Run) -> None:
        await anyio.sleep(3_600)

    tree = performed(virtually, provider("long", long, timeout=None))
    assert outline(tree)["state"] == "completed"


def test_attempts_are_made_until_one_completes(virtually: Virtually) -> None:
    seen: list[int] = []

    async def third_time(run: Run) -> None:
        seen.append(run.attempt)
        if run.attempt < 3:
            raise OSError("not yet")

    tree = performed(virtually, provider("p", third_time, retry=Retry(attempts=5)))
    assert seen == [1, 2, 3]
    assert find(tree, "p")["state"] == "completed"
    task = tree.providers[0]
    assert [line.message for line in task.logs] == [
        "attempt 1 of 5 failed",
        "attempt 2 of 5 failed",
    ]
    assert task.logs[0].failure is not None
    assert task.waits is None


def test_attempts_wait_longer_each_time_and_as_long_as_the_server_asks(
    virtually: Virtually,
) -> None:
    at: list[float] = []

    async def limited(run: Run) -> None:
        at.append(anyio.current_time())
        error = OSError("rate limited")
        if run.attempt == 3:
            error.retry_after = 90  # pyright: ignore[reportAttributeAccessIssue] - what HTTP clients do
        raise error

    retry = Retry(attempts=4, first_wait=1, jitter=0)
    performed(virtually, provider("p", limited, retry=retry))
    assert [round(b - a, 3) for a, b in pairwise(at)] == [1, 2, 90]


def test_faults_of_the_code_are_not_tried_again(virtually: Virtually) -> None:
    seen: list[int] = []

    async def broken(run: Run) -> None:
        seen.append(run.attempt)
        raise TypeError("a fault")

    performed(virtually, provider("p", broken, retry=Retry(attempts=5)))
    assert seen == [1]


def test_each_attempt_has_the_whole_timeout(virtually: Virtually) -> None:
    async def slow(run: Run) -> None:
        await anyio.sleep(50 if run.attempt == 1 else 20)

    retry = Retry(attempts=2, first_wait=1, jitter=0)
    tree = performed(virtually, provider("p", slow, timeout=30, retry=retry))
    assert find(tree, "p")["state"] == "completed"


def test_provider_that_swallows_cancellation_once_still_ends(
    virtually: Virtually,
) -> None:
    async def stubborn(_run: Run) -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            pass
        await anyio.sleep_forever()

    tree = performed(
        virtually, provider("p", stubborn, timeout=5), provider("good", steady)
    )
    assert find(tree, "p")["state"] == "errored"
    assert find(tree, "good")["state"] == "completed"


def test_provider_that_cleans_up_when_it_is_timed_out_has_the_time_it_shields(
    virtually: Virtually,
) -> None:
    cleaned: list[bool] = []

    async def careful(_run: Run) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(7)
                cleaned.append(True)

    tree = performed(virtually, provider("p", careful, timeout=5))
    assert cleaned == [True]
    assert find(tree, "p")["state"] == "errored"


def test_failure_halts_the_siblings_of_a_provider_that_fails_together(
    virtually: Virtually,
) -> None:
    tree = performed(
        virtually,
        provider("bad", raising(ValueError("v")), together=True),
        provider("good", steady),
    )
    good = find(tree, "good")
    assert (good["state"], good["cause"]) == ("halted", "sibling `bad` failed")


def test_result_that_a_plain_provider_returns_is_a_fault(virtually: Virtually) -> None:
    async def returns(_run: Run) -> int:
        return 3

    tree = performed(virtually, provider("p", returns))
    assert "expected None, got int" in find(tree, "p")["failure"]


def test_slots_bound_how_many_handlers_run_at_once(virtually: Virtually) -> None:
    inside: list[int] = [0]
    most: list[int] = [0]

    class Limited(Provider):
        name = "limited"
        concurrency = 1

        async def _work(self) -> None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            await anyio.sleep(5)
            inside[0] -= 1

        @on(THING)
        async def one(self, _event: Untyped, _run: Run) -> None:
            await self._work()

        @on(THING)
        async def other(self, _event: Untyped, _run: Run) -> None:
            await self._work()

    tree = performed(virtually, Limited())
    assert outline(tree)["state"] == "completed"
    assert most == [1]


@pytest.mark.parametrize("outcome", ["returns", "raises"])
def test_halting_task_ends_only_when_its_body_has_unwound(
    virtually: Virtually, outcome: str
) -> None:
    """Its children end first, and then its own cleaning up may still fail."""
    states: list[str] = []

    async def body(run: Run) -> None:
        node = run._task
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever, name="child")
                await anyio.lowlevel.checkpoint()
                node.tree.root.halt_all("cancelled by ada")
                assert node.scope is not None
                node.scope.cancel()
        finally:
            states.append(node.state.value)
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                if outcome == "raises":
                    raise OSError("cleaning up failed")

    tree = performed(virtually, provider("p", body))
    assert states == ["halting"]
    expected = "errored" if outcome == "raises" else "halted"
    assert find(tree, "p")["state"] == expected
    assert find(tree, "p")["cause"] == "cancelled by ada"


def test_provider_without_a_handler_for_the_event_is_not_in_the_tree(
    virtually: Virtually,
) -> None:
    class Other(Provider):
        name = "other"

    tree = performed(virtually, Other())
    assert outline(tree) == {
        "name": "plain:thing",
        "state": "completed",
        "children": [],
    }
