"""Six things that go wrong, each explained by the page within three clicks."""

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

import anyio
import pytest
from playwright.sync_api import Page, expect

from callboard import (
    Callboard,
    EventName,
    Intensity,
    Provider,
    Retry,
    Run,
    Untyped,
    on,
)
from callboard.task import Task
from callboard_inspector.served import House

pytestmark = pytest.mark.browser

CLICKS = 3


class RateLimitedError(Exception):
    """As a client of an interface raises it."""

    retry_after = 3600.0


class Plagued(Provider):
    """Goes wrong in five ways."""

    name = "plagued"
    timeout = 600.0
    retry = Retry(attempts=2, first_wait=0.0, jitter=0.0, never_on=(ValueError,))
    intensity = Intensity(failures=1000)

    @on(EventName("plain", "deep", None))
    async def deep(self, _event: Untyped, _run: Run) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._outer, name="read teams")
            group.start_soon(anyio.sleep_forever, name="read repositories")

    async def _outer(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._inner, name="page 1")
            group.start_soon(anyio.sleep_forever, name="page 2")

    async def _inner(self) -> None:
        await anyio.lowlevel.checkpoint()
        raise ValueError("team 7 has no slug")

    @on(EventName("plain", "lock", None))
    async def lock(self, _event: Untyped, _run: Run) -> None:
        lock = anyio.Lock()
        held = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(self._hold, lock, held, name="holds the cache")
            await held.wait()
            group.start_soon(self._want, lock, name="wants the cache")

    async def _hold(self, lock: anyio.Lock, held: anyio.Event) -> None:
        async with lock:
            held.set()
            await anyio.sleep_forever()

    async def _want(self, lock: anyio.Lock) -> None:
        async with lock:
            raise AssertionError

    @on(EventName("plain", "block", None))
    async def block(self, _event: Untyped, run: Run) -> None:
        async with run.span("compute"):
            time.sleep(0.6)  # noqa: ASYNC251 - to be caught at it

    @on(EventName("plain", "limited", None))
    async def limited(self, _event: Untyped, run: Run) -> None:
        async with run.span("GET /orgs/acme/teams"):
            raise RateLimitedError("rate limit of installation 42 exceeded")


@pytest.fixture
def house(
    on_stage: Callable[..., AbstractContextManager[House]],
) -> Generator[House]:
    with on_stage(Plagued()) as house:
        yield house


class Way:
    """Somebody's way through the page, who counts the clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, role: Any, name: str, *, exact: bool = True) -> None:
        """Click the first thing of this role and name."""
        self.page.get_by_role(role, name=name, exact=exact).first.click()
        self.clicks += 1
        assert self.clicks <= CLICKS

    def open_delivery(self, event: str) -> None:
        """Click a delivery in the list."""
        self.page.locator(".delivery", has_text=event).first.click()
        self.clicks += 1

    def open_task(self, name: str) -> None:
        """Click a task in the tree."""
        tree = self.page.get_by_role("tree").first
        tree.get_by_text(name, exact=True).first.click()
        self.clicks += 1
        assert self.clicks <= CLICKS


@pytest.fixture
def way(page: Page, house: House) -> Way:
    page.goto(house.link())
    return Way(page)


def named(board: Callboard, name: str) -> Task | None:
    """A task with this name."""
    for tree in tuple(board.trace.trees.values()):
        for task in tuple(tree.tasks.values()):
            if task.name == name:
                return task
    return None


def shows(page: Page, *texts: str) -> None:
    """The detail pane has all of these."""
    for text in texts:
        expect(page.locator(".detail .panel")).to_contain_text(text)


def test_an_error_deep_in_a_group_is_named_with_its_line(
    house: House, way: Way
) -> None:
    house.deliver("deep")
    house.settle()
    way.open_delivery("deep")
    shows(way.page, "ValueError: team 7 has no slug", "test_browser_faults.py:")
    way.click("tab", "Error", exact=False)
    shows(way.page, "ExceptionGroup", 'raise ValueError("team 7 has no slug")')
    current = way.page.locator(".members .current")
    expect(current).to_contain_text("ValueError")


def test_a_task_that_hangs_on_a_lock_shows_where_it_stands(
    house: House, way: Way
) -> None:
    house.deliver("lock")
    house.until(
        lambda board: (
            True if (task := named(board, "wants the cache")) and task.started else None
        )
    )
    way.open_delivery("lock")
    way.open_task("wants the cache")
    shows(way.page, "It stands at", "in Plagued._want", "async with lock:")
    way.click("tab", "Await stack")
    shows(way.page, "as it stands at", "Plagued._want", "anyio")


def test_a_halted_task_names_the_sibling_whose_failure_it_was(
    house: House, way: Way
) -> None:
    house.deliver("deep")
    house.settle()
    way.open_delivery("deep")
    way.open_task("read repositories")
    shows(way.page, "Sibling “read teams” failed.", "What failed: page 1")
    way.click("button", "page 1")
    shows(way.page, "ValueError: team 7 has no slug")


def test_a_task_that_held_the_loop_is_named_with_the_line(
    house: House, way: Way
) -> None:
    house.deliver("block")
    house.settle()
    way.open_delivery("block")
    shows(way.page, "Warnings", "holds the event loop at", "test_browser_faults.py:")
    way.click("button", "compute")
    shows(way.page, "holds the event loop at")


def test_a_rate_limited_provider_says_what_it_waits_for_and_why(
    house: House, way: Way
) -> None:
    house.deliver("limited")
    house.until(
        lambda board: next(
            (
                True
                for tree in tuple(board.trace.trees.values())
                for task in tuple(tree.tasks.values())
                if task.waits and task.waits.startswith("attempt 2")
            ),
            None,
        )
    )
    way.open_delivery("limited")
    shows(way.page, "attempt 1 of 2 failed", "rate limit of installation 42 exceeded")
    way.click("button", "plagued")
    shows(way.page, "It waits for attempt 2 of 2")


def test_an_entity_that_is_gone_tells_who_removed_it(house: House, way: Way) -> None:
    api = {"subject": "component:default/api"}
    entity = {"kind": "Component", "metadata": {"name": "api"}}
    added = {**api, "operation": "added", "after": entity}
    removed = {**api, "operation": "removed", "before": entity}
    for effect in (added, removed):
        house.deliver("change", {"effects": [effect]})
        house.settle()
    way.click("button", "Entities")
    way.page.get_by_label("Look up").fill("component:default/api")
    way.click("button", "Why?")
    page = way.page
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("Not there: removed by cast, in run")
    expect(page.locator(".diff").first).to_contain_text("name: api")
    verdict.get_by_role("button").click()
    way.clicks += 1
    assert way.clicks <= CLICKS
    shows(page, "removed", "component:default/api")
