"""The newest delivery is followed, and nothing that somebody does is taken away by it."""

from collections.abc import Generator

import pytest
from playwright.sync_api import Locator, Page, expect

from callboard import Provider
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser

ROWS = "document.querySelector('.deliveries .rows')"


@pytest.fixture
def house(make_cast: type[Provider], page: Page) -> Generator[House]:
    """A callboard of its own: what is newest here is this test's."""
    with served(make_cast(), settings={"runtime": {"attempts": 1}}) as house:
        yield house
        page.goto("about:blank")


def arrived(house: House, event: str = "act") -> str:
    delivery = house.deliver(event)
    house.settle()
    return delivery


def row(page: Page, delivery: str) -> Locator:
    return page.locator(f"#delivery-{delivery}")


def selected(page: Page, delivery: str) -> None:
    """It is the one that is looked at."""
    expect(row(page, delivery)).to_have_attribute("aria-selected", "true")


def test_an_open_editor_and_an_open_question_keep_their_delivery(
    house: House, page: Page
) -> None:
    first = arrived(house)
    page.goto(house.link())
    row(page, first).click()
    page.get_by_role("button", name="Replay edited…").click()
    editor = page.get_by_label("Payload as JSON")
    expect(editor).to_be_focused()
    editor.fill('{"mine": true}')
    second = arrived(house)
    expect(row(page, second)).to_be_visible()
    selected(page, first)
    expect(editor).to_have_value('{"mine": true}')
    expect(editor).to_be_focused()
    row(page, second).click()
    page.keyboard.press("r")
    yes = page.get_by_role("button", name="Yes, replay it")
    expect(yes).to_be_visible()
    third = arrived(house)
    expect(row(page, third)).to_be_visible()
    selected(page, second)
    expect(yes).to_be_visible()


def test_a_run_that_was_chosen_is_not_left_for_a_newer_delivery(
    house: House, page: Page
) -> None:
    first = arrived(house, "fall")
    page.goto(house.link())
    row(page, first).click()
    page.locator(".detail").get_by_role("button", name="Unpark").click()
    house.settle()
    runs = page.locator(".runs tr.run button")
    expect(page.locator(".runs tr.run")).to_have_count(2)
    runs.first.click()
    page.wait_for_url("**run=**")
    looked_at = page.url
    expect(row(page, arrived(house))).to_be_visible()
    assert page.url == looked_at


def test_what_is_followed_passes_the_filter_and_is_one_step_of_the_history(
    house: House, page: Page
) -> None:
    first = arrived(house)
    page.goto(house.link())
    page.get_by_label("Filter").fill("event:act")
    row(page, first).click()
    selected(page, first)
    steps = page.evaluate("history.length")
    arrived(house, "fall")
    expect(page.locator(".deliveries .total")).to_have_text("1 of 2")
    selected(page, first)
    for _ in range(3):
        newest = arrived(house)
        selected(page, newest)
        page.wait_for_url(f"**delivery={newest}**")
    assert page.evaluate("history.length") == steps


def test_the_list_is_read_further_down_while_the_newest_is_followed(
    house: House, page: Page
) -> None:
    for _ in range(60):
        house.deliver("act")
    first = arrived(house)
    page.goto(house.link())
    row(page, first).click()
    selected(page, first)
    page.evaluate(f"{ROWS}.scrollTop = 920")
    second = arrived(house)
    expect(page.locator(".deliveries .total")).to_have_text("62")
    page.wait_for_url(f"**delivery={second}**")
    assert page.evaluate(f"{ROWS}.scrollTop") == 920 + 46
    page.keyboard.press("n")
    expect(row(page, second)).to_be_in_viewport()
    third = arrived(house)
    selected(page, third)
    expect(row(page, third)).to_be_in_viewport()
