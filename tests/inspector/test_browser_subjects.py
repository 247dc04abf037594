"""What is told of subjects, and how one is found: in a real browser."""

from collections.abc import Generator, Sequence
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from playwright.sync_api import Page, expect
from sqlalchemy import Connection

from callboard import (
    Callboard,
    Effect,
    EventName,
    Provider,
    Run,
    Stamp,
    Untyped,
    on,
    record_effects,
)
from callboard.effects import CHANGES
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser


class Clerk(Provider):
    """Records what an event names: pairs of an operation and a subject."""

    name = "clerk"

    def __init__(self) -> None:
        self.boards: list[Callboard] = []

    @on(EventName("plain", "clerk", None))
    async def write(self, event: Untyped, run: Run) -> None:
        effects = [effect(*pair) for pair in event.payload["effects"]]
        async with run.span("apply", given=len(effects)):
            await self.boards[0].database.write(_write, (run.stamp(), effects))
            remarks = sum(effect.operation not in CHANGES for effect in effects)
            run.affected(len(effects), remarks)


def effect(operation: str, subject: str) -> Effect:
    if operation not in CHANGES:
        return Effect(subject, operation, None, _raw({"message": "it has no owner"}))
    before = None if operation == "added" else _raw({"spec": {"owner": "old"}})
    after = None if operation == "removed" else _raw({"spec": {"owner": "new"}})
    return Effect(subject, operation, before, after)


def _raw(document: Any) -> Raw:
    return Raw(msgspec.json.encode(document))


def _write(
    connection: Connection, many: Sequence[tuple[Stamp, list[Effect]]]
) -> list[None]:
    for stamp, effects in many:
        record_effects(connection, stamp, effects)
    return [None for _ in many]


@pytest.fixture(scope="module")
def house() -> Generator[House]:
    clerk = Clerk()
    with served(clerk) as house:
        clerk.boards.append(house.board)
        yield house


def written(house: House, *effects: tuple[str, str]) -> str:
    delivery = house.deliver("clerk", {"effects": effects})
    house.settle()
    return delivery


def test_what_was_refused_stands_apart_from_what_changed(
    house: House, page: Page
) -> None:
    lamp, skull = "component:default/lamp", "component:default/skull"
    both = written(house, ("added", lamp), ("rejected", skull))
    page.goto(house.link(f"delivery={both}"))
    row = page.get_by_role("treeitem", name="apply")
    expect(row).to_contain_text("1 change · 1 remark · given 2")
    row.click()
    page.locator("#tab-entities").click()
    parts = page.locator(".detail .part")
    expect(parts).to_have_count(2)
    expect(parts.first.get_by_role("heading")).to_have_text(
        "Left as it was: 1 rejected"
    )
    expect(parts.first.locator(".said")).to_have_text("it has no owner")
    expect(parts.last.get_by_role("heading")).to_have_text("Changed: 1 added")
    refused = written(house, ("rejected", skull))
    page.goto(house.link(f"delivery={refused}"))
    expect(row).to_contain_text("1 remark · given 1")
    expect(row).not_to_contain_text("change")
    page.goto(house.link(f"view=compare&run={both}&other={refused}"))
    changed = page.locator(".compare-page .part", has_text="What they changed")
    expect(changed.locator(".effect")).to_have_count(1)
    expect(changed).to_contain_text(lamp)


def test_subject_is_found_by_a_part_of_its_name_with_the_keyboard(
    house: House, page: Page
) -> None:
    written(house, ("added", "group:acme/Night-shift"), ("added", "user:acme/hamlet"))
    page.goto(house.link("view=entity"))
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("user:acme/hamlet")  # the newest
    page.get_by_label("Look up").fill("shift acme")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("group:acme/Night-shift")
    page.keyboard.press("ArrowDown")
    expect(options).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("There: added last by clerk")
    expect(options).to_have_count(0)
    page.get_by_label("Look up").fill("ghost")
    expect(page.locator(".finder")).to_contain_text("Nothing that is on record")
    page.keyboard.press("Escape")
    expect(page.locator(".verdict")).to_contain_text("There: added last by clerk")
    page.get_by_label("Look up").fill("hamlet")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("Not there: no run")
    page.get_by_role("button", name="user:acme/hamlet").click()
    expect(page.locator(".verdict")).to_contain_text("There: added last by clerk")


def test_entities_page_of_a_new_journal_says_that_nothing_was_changed_yet(
    page: Page,
) -> None:
    with served() as house:
        page.goto(house.link("view=entity"))
        expect(page.locator(".finder")).to_contain_text("has changed anything yet")
