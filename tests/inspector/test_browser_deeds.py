"""What people do, and that the page says who did it and when, also after a restart."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from callboard import Callboard, Provider
from callboard.delivery import DeliveryState
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser

CLOCK = re.compile(r"\d\d:\d\d:\d\d")


def reached(house: House, delivery: str, state: DeliveryState) -> None:
    """Wait until a delivery is in a state."""

    def there(board: Callboard) -> bool | None:
        view = board.trace.deliveries.get(delivery)
        return True if view is not None and view.state is state else None

    house.until(there)


def deeds(page: Page, *expected: str) -> None:
    """The overview lists these, each with a time."""
    lines = page.locator(".deeds li")
    expect(lines).to_have_count(len(expected))
    for line, text in zip(lines.all(), expected, strict=True):
        expect(line).to_contain_text(text)
        expect(line).to_contain_text(CLOCK)


def press(page: Page, name: str) -> None:
    """Press a button of the detail pane."""
    page.locator(".detail").get_by_role("button", name=name, exact=True).click()


def test_who_did_what_and_when_is_seen_at_once_and_after_a_restart(
    page: Page, make_cast: type[Provider], tmp_path: Path
) -> None:
    settings = {"runtime": {"attempts": 1}, "inspector": {"people": ["grace"]}}
    with served(make_cast(), settings=settings, folder=tmp_path) as house:
        assert house.board.people == ["grace"]
        stopped = house.deliver("wait", {"cue": "never"})
        reached(house, stopped, DeliveryState.RUNNING)
        page.goto(house.link(f"delivery={stopped}", "ada"))
        expect(page.locator(".actions")).to_contain_text("Recorded as done by ada.")
        press(page, "Cancel…")
        page.get_by_role("button", name="Yes, cancel it").click()
        reached(house, stopped, DeliveryState.PARKED)
        deeds(page, "ada cancelled plain:wait")
        expect(page.locator(".why")).to_contain_text("Cancelled by ada.")
        page.locator("#tab-log").click()
        said = page.locator(".panel li, .panel tr", has_text="cancelled by ada").first
        expect(said).to_contain_text(CLOCK)

        failed = house.deliver("fall")
        reached(house, failed, DeliveryState.PARKED)
        page.goto(house.link(f"delivery={failed}", "grace"))
        press(page, "Replay")
        expect(page.locator(".detail .result")).to_contain_text("Done: replayed")
        press(page, "Replay edited…")
        press(page, "Replay with this payload")
        house.settle()
        deeds(page, "grace replayed it as", "grace replayed it as")
        page.locator(".deeds button").last.click()
        deeds(page, "grace made it, as a replay")

        page.goto(house.link("view=providers", "ada"))
        page.get_by_role("button", name="Pause cast").click()
        expect(page.locator(".pause")).to_contain_text("paused by ada, since")
        held = house.deliver("act")
        reached(house, held, DeliveryState.HELD)
        page.goto(house.link(f"delivery={held}", "ada"))
        press(page, "Park")
        deeds(page, "ada parked it")
        press(page, "Unpark")
        reached(house, held, DeliveryState.HELD)
        deeds(page, "ada parked it", "ada queued it again")

    with served(make_cast(), settings=settings, folder=tmp_path) as house:
        page.goto(house.link("view=providers", "grace"))
        expect(page.locator(".pause")).to_contain_text("paused by ada, since")
        page.get_by_role("button", name="Resume cast").click()
        row = page.locator(".providers tbody th")
        expect(row).to_contain_text(re.compile(r"ada paused it.*grace resumed it"))
        house.settle()
        for delivery, expected in (
            (stopped, ["ada cancelled plain:wait"]),
            (failed, ["grace replayed it as", "grace replayed it as"]),
            (held, ["ada parked it", "ada queued it again"]),
        ):
            page.goto(house.link(f"delivery={delivery}"))
            deeds(page, *expected)


def test_session_that_the_restart_ended_says_what_to_do(
    chromium: Browser, make_cast: type[Provider], tmp_path: Path
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    with served(make_cast(), folder=tmp_path) as house:
        port = int(house.address.rpartition(":")[2].strip("/"))
        delivery = house.deliver("act")
        house.settle()
        page.goto(house.link(f"delivery={delivery}"))
        expect(page.locator(".actions")).to_be_visible()
    with served(make_cast(), folder=tmp_path, port=port):
        expect(page.locator(".refused-here")).to_contain_text(
            "You watch only. To act, open the link that the server printed",
            timeout=20_000,
        )
        expect(page.locator(".actions")).to_have_count(0)
    context.close()


def test_task_that_ignores_cancellation_is_shown_as_such(
    stage: House, page: Page
) -> None:
    delivery = stage.deliver("deaf", {"cue": "hear"})

    def stands(board: Callboard) -> str | None:
        for tree in tuple(board.trace.trees.values()):
            for task in tuple(tree.tasks.values()):
                if task.name == "does not hear" and task.started and not task.ended:
                    return task.id
        return None

    span = stage.until(stands)
    page.goto(stage.link(f"delivery={delivery}"))
    panel = page.locator(".detail .panel")
    press(page, "Cancel…")
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(panel.locator(".stops")).to_contain_text("and waits for cast.")
    page.locator(".tree .task", has_text="does not hear").click()
    expect(panel.locator(".stops")).to_contain_text("It ignores cancellation since")
    expect(panel).to_contain_text("Shieldedyes: it is not stopped from further out")
    assert f"task={span}" in page.url
    stage.deliver("cue", {"cue": "hear"})
    stage.settle()
    expect(panel.locator(".stops")).to_have_count(0)
    expect(panel).to_contain_text(re.compile(r"Told to stop.*ended .* later"))
