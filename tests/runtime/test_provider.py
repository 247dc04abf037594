"""How a provider says what it wants, and what is told when it says it wrongly."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec import Struct

from callboard import (
    EventName,
    HandlerError,
    Provider,
    Run,
    State,
    Untyped,
    cron,
    every,
    on,
)
from callboard.routes import Routes
from callboard.testing import THING, perform, sample

ROOT = Path(__file__).resolve().parents[2]


class Added(Struct):
    __event__: ClassVar[EventName] = EventName("plain", "thing", "added")
    action: str = "added"


class Things(Provider):
    name = "things"

    @on(Added, ordered_by="owner.name")
    async def added(self, event: Added, run: Run) -> None: ...

    @on(THING)
    async def any_action(self, event: Untyped, run: Run) -> None: ...

    @every(hours=1, minutes=30)
    async def everything(self, run: Run) -> None: ...


def test_handlers_come_in_the_order_of_their_definition() -> None:
    handlers = list(Things().handlers())
    assert [h.name for h in handlers] == [
        "things.added",
        "things.any_action",
        "things.everything",
    ]
    assert handlers[0].ordered_by == "owner.name"
    assert handlers[2].every == 5_400


def test_event_without_an_action_wants_every_action() -> None:
    routes = Routes([Things()])
    added = routes.wanting(EventName("plain", "thing", "added"))
    removed = routes.wanting(EventName("plain", "thing", "removed"))
    assert [h.method for h in added] == ["added", "any_action"]
    assert [h.method for h in removed] == ["any_action"]
    assert not routes.wanting(EventName("plain", "other", "added"))


def test_overridden_handler_is_called_once_and_may_be_switched_off() -> None:
    class More(Things):
        @on(Added)
        async def added(self, event: Added, run: Run) -> None: ...

        everything = None  # pyright: ignore[reportAssignmentType] - switches it off

    names = [h.name for h in More().handlers()]
    assert names == ["things.added", "things.any_action"]


def test_two_providers_of_one_name_are_an_error() -> None:
    with pytest.raises(HandlerError, match="'things' is used twice"):
        Routes([Things(), Things()])


def not_async() -> type[Provider]:
    class Wrong(Provider):
        name = "wrong"

        @on(THING)  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator] - wrong on purpose
        def handler(self, event: Untyped, run: Run) -> None: ...

    return Wrong


def no_event() -> type[Provider]:
    class Wrong(Provider):
        name = "wrong"

        @on(THING)  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator] - wrong on purpose
        async def handler(self, run: Run) -> None: ...

    return Wrong


def tick_with_event() -> type[Provider]:
    class Wrong(Provider):
        name = "wrong"

        @every(hours=1)  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator] - wrong on purpose
        async def handler(self, event: Untyped, run: Run) -> None: ...

    return Wrong


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (not_async, "wrong.handler: expected an async method"),
        (no_event, "wrong.handler: expected (self, event, run), got 1"),
        (tick_with_event, "wrong.handler: expected (self, run), got 2"),
    ],
)
def test_wrong_signature_names_provider_handler_and_fault(
    make: Callable[[], type[Provider]], expected: str
) -> None:
    with pytest.raises(HandlerError) as caught:
        Routes([make()()])
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], "expected at least one event"),
        (["push"], "expected event classes or EventName, got 'push'"),
        ([int], "got <class 'int'>"),
    ],
)
def test_wrong_event_says_what_was_expected(events: list[Any], expected: str) -> None:
    with pytest.raises(HandlerError) as caught:
        on(*events)
    assert expected in str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1])
def test_period_that_is_none_says_so(seconds: float) -> None:
    with pytest.raises(
        HandlerError, match=f"expected a period above 0 s, got {seconds}"
    ):
        every(seconds=seconds)


@pytest.mark.parametrize("expression", ["", "* * * *", "61 * * * *", "every day"])
def test_wrong_cron_expression_says_what_was_expected(expression: str) -> None:
    with pytest.raises(HandlerError, match="expected five fields"):
        cron(expression)


SNIPPET = """
from typing import ClassVar
from callboard import EventName, Provider, Run, Untyped, every, on

class Added:
    __event__: ClassVar[EventName] = EventName("plain", "thing", "added")
class Removed:
    __event__: ClassVar[EventName] = EventName("plain", "thing", "removed")

class Things(Provider):
    name = "things"

    @on(Added)
    async def right(self, event: Added, run: Run) -> None: ...
    @on(Added, Removed, ordered_by="owner")
    async def right_union(self, event: Added | Removed, run: Run) -> None: ...
    @on(EventName("plain", "push"))
    async def right_by_name(self, event: Untyped, run: Run) -> None: ...
    @every(hours=1)
    async def right_tick(self, run: Run) -> None: ...

    @on(Added)
    async def wrong(self, event: Removed, run: Run) -> None: ...
    @on(Added, Removed)
    async def wrong_union(self, event: Added, run: Run) -> None: ...
    @on(EventName("plain", "push"))
    async def wrong_by_name(self, event: Added, run: Run) -> None: ...
    @on(Added)
    def wrong_sync(self, event: Added, run: Run) -> None: ...
    @on(int)
    async def wrong_class(self, event: int, run: Run) -> None: ...
    @every(hours=1)
    async def wrong_tick(self, event: Added, run: Run) -> None: ...
"""


def test_wrong_pairing_of_handler_and_event_is_an_error_of_the_type_checker(
    tmp_path: Path,
) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET)
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"extraPaths": [str(ROOT / "runtime")], "pythonVersion": "3.11"})
    )
    command = [sys.executable, "-m", "pyright", "-p", str(tmp_path), "--outputjson"]
    command += ["--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    lines = SNIPPET.splitlines()
    found: set[str] = set()
    for problem in report["generalDiagnostics"]:
        if problem["severity"] == "error":
            # The error is on the decorator or on the method below it.
            at = int(problem["range"]["start"]["line"])
            method = lines[at] if "def " in lines[at] else lines[at + 1]
            found.add(method.split("def ")[1].split("(")[0])
    wanted = {
        line.split("def ")[1].split("(")[0] for line in lines if "def wrong" in line
    }
    assert found == wanted, report


class Listening(Provider):
    name = "listening"

    def __init__(self) -> None:
        self.heard: list[object] = []

    @on(Added)
    async def typed(self, event: Added, _run: Run) -> None:
        self.heard.append(event)

    @on(THING)
    async def named(self, event: Untyped, _run: Run) -> None:
        self.heard.append(event)


@pytest.mark.anyio
async def test_each_handler_is_given_the_form_it_asks_for() -> None:
    provider = Listening()
    delivery = sample("thing", {"action": "added"})
    await perform(provider, event=Added(), delivery=delivery)
    typed, named = sorted(provider.heard, key=lambda event: type(event).__name__)
    assert typed == Added()
    assert isinstance(named, Untyped)
    assert named.payload == {"action": "added"}


@pytest.mark.anyio
async def test_payload_that_is_no_event_class_fails_whoever_asks_for_one() -> None:
    provider = Listening()
    delivery = sample("thing", {"action": "added"})
    bad = Untyped(delivery.name, {"action": "added"}, "it lacks a name")
    tree = await perform(provider, event=bad, delivery=delivery)
    assert provider.heard == [bad]
    tasks = [task for task in tree.record().tasks if task.kind == "provider"]
    assert [task.state for task in tasks] == [State.ERRORED, State.COMPLETED]
    assert tasks[0].attempt == 1
    assert tasks[0].failure is not None
    assert "is not typed: it lacks a name" in tasks[0].failure.message
