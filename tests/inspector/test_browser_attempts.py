"""A provider that is tried again, as its tree shows it: in a real browser."""

from collections.abc import Generator

import pytest
from playwright.sync_api import Page, expect

from callboard import Provider
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(understudy: Provider) -> Generator[House]:
    with served(understudy, settings={"runtime": {"attempts": 1}}) as house:
        yield house


@pytest.mark.parametrize(
    ("falls", "said"),
    [
        (2, "attempt 3 of 3 · handler play"),
        (3, "attempt 3 of 3 · ValueError: forgot the words"),
    ],
    ids=["completed", "failed"],
)
def test_tree_tells_which_attempt_it_is_and_what_belongs_to_it(
    house: House, page: Page, falls: int, said: str
) -> None:
    delivery = house.deliver("play", {"falls": falls})
    house.settle()
    page.goto(house.link(f"delivery={delivery}"))
    rows = page.get_by_role("tree").first.get_by_role("treeitem")
    expect(rows.nth(1).locator(".more")).to_have_text(said)
    expect(rows.filter(has_text="act 1")).not_to_contain_text("attempt")
    expect(rows.filter(has_text="act 2")).to_contain_text("attempt 2")
    expect(rows.filter(has_text="act 3")).to_contain_text("attempt 3")
    expect(rows.filter(has_text="scene").last).not_to_contain_text("attempt")
    rows.nth(1).click()
    expect(page.locator(".detail .panel")).to_contain_text("Attempt3 of 3")


def test_delivery_that_waits_for_its_next_run_is_tried_now(
    understudy: Provider, page: Page
) -> None:
    with served(understudy, settings={"runtime": {"attempts": 2}}) as house:
        delivery = house.deliver("play", {"falls": 3})
        house.settle()
        page.goto(house.link(f"delivery={delivery}"))
        runs = page.locator(".runs tr.run")
        expect(runs).to_have_count(1)
        tabs = page.locator(".tabs")
        place = tabs.bounding_box()
        page.get_by_role("button", name="Try now").press("Enter")
        expect(runs).to_have_count(2)
        expect(page.locator(".detail .result")).to_contain_text("queued")
        assert tabs.bounding_box() == place
        house.settle()
        expect(page.locator(".actions button:focus")).to_have_count(1)
        page.goto("about:blank")
