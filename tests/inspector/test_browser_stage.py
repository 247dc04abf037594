"""The list, the tree and the waterfall in a real browser: what happens is shown."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import FunctionType
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from playwright.sync_api import Locator, Page, expect

from callboard import EventName, Provider, Run, Untyped, on
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser

BUSY = Path(__file__).parent / "busy_server.py"
BAR_IS_PAINTED = """(name) => {
  const line = [...document.querySelectorAll('.tree .task')]
    .find((task) => task.querySelector('.name').textContent === name);
  const lanes = document.querySelector('.lanes');
  if (line === undefined || lanes.width === 0) return false;
  const { top, height } = line.getBoundingClientRect();
  const middle = top + height / 2 - lanes.getBoundingClientRect().top;
  const { data } = lanes.getContext('2d')
    .getImageData(0, Math.round(middle * devicePixelRatio), lanes.width, 1);
  return data.some((value) => value > 0);
}"""


def task(page: Page, name: str) -> Locator:
    """The line of a task in the tree."""
    line = page.locator(".tree .task")
    return line.filter(has=page.locator(".name").get_by_text(name, exact=True))


def row(page: Page, delivery: str) -> Locator:
    """The line of a delivery in the list."""
    return page.locator(f"#delivery-{delivery}")


def said(page: Page) -> dict[str, str]:
    """The parameters of the page's address."""
    return {
        name: given[0] for name, given in parse_qs(urlsplit(page.url).query).items()
    }


def test_a_run_is_followed_while_it_goes_on_and_found_again_after_a_reload(
    stage: House, page: Page
) -> None:
    page.goto(stage.link())
    delivery = stage.deliver("wait", {"cue": "live"})
    row(page, delivery).click()
    expect(task(page, "in the wings")).to_have_class(re.compile("running"))
    expect(task(page, "on stage")).to_have_count(0)
    task(page, "in the wings").click()
    stage.deliver("cue", {"cue": "live"})
    expect(task(page, "in the wings")).to_have_class(re.compile("completed"))
    expect(task(page, "on stage")).to_have_class(re.compile("completed"))
    expect(row(page, delivery).locator(".state")).to_have_class("state completed")
    page.wait_for_function(BAR_IS_PAINTED, arg="in the wings")
    page.reload()
    expect(task(page, "on stage")).to_be_visible()
    expect(row(page, delivery)).to_have_attribute("aria-selected", "true")


def test_a_link_opens_delivery_task_tab_filter_and_folds(
    stage: House, page: Page
) -> None:
    delivery = stage.deliver("act", {"name": "storm"})
    stage.settle()
    page.goto(stage.link())
    row(page, delivery).click()
    task(page, "storm").click()
    page.keyboard.press("w")
    expect(task(page, "entrance")).to_have_count(0)
    page.get_by_role("tab", name="Log").click()
    page.locator(".filter").fill("event:act")
    page.wait_for_function("() => location.search.includes('filter=')")
    link = page.url
    assert {"delivery", "task", "tab", "filter", "folds"} <= set(said(page))
    other = page.context.new_page()
    other.goto(link)
    expect(task(other, "storm")).to_have_attribute("aria-selected", "true")
    expect(task(other, "storm")).to_have_attribute("aria-expanded", "false")
    expect(task(other, "entrance")).to_have_count(0)
    expect(other.get_by_role("tab", name="Log")).to_have_attribute(
        "aria-selected", "true"
    )
    expect(other.locator(".filter")).to_have_value("event:act")
    assert said(other) == said(page)
    other.goto(f"{link}&delivery=../../etc&folds=x.-1.9e9&at=NaN&tab=<b>&view=none")
    expect(other.locator(".phase")).to_have_text("live")


def test_back_and_forward_go_through_what_was_looked_at(
    stage: House, page: Page
) -> None:
    first, second = stage.deliver("act"), stage.deliver("fall")
    stage.settle()
    page.goto(stage.link())
    row(page, first).click()
    task(page, "exit").click()
    row(page, second).click()
    expect(task(page, "ladder")).to_be_visible()
    page.get_by_role("button", name="Providers").click()
    expect(page.locator(".providers-page")).to_be_visible()
    page.go_back()
    expect(task(page, "ladder")).to_be_visible()
    page.go_back()
    expect(task(page, "exit")).to_have_attribute("aria-selected", "true")
    page.go_forward()
    expect(task(page, "ladder")).to_be_visible()


def test_a_run_that_a_link_names_is_not_replaced_by_a_newer_one(
    stage: House, page: Page
) -> None:
    delivery = stage.deliver("fall")
    stage.settle()
    run = stage.until(lambda board: board.trace.deliveries[delivery].run)
    page.goto(stage.link(f"delivery={delivery}&run={run}"))
    expect(task(page, "ladder")).to_be_visible()
    page.locator(".detail").get_by_role("button", name="Unpark").click()
    expect(page.locator(".runs tr.run")).to_have_count(2)
    stage.settle()
    root = page.locator(".tree .task").first
    expect(root).to_have_attribute("data-task", f"{run}.0")
    page.goto(stage.link(f"delivery={delivery}"))
    expect(task(page, "ladder")).to_be_visible()
    expect(root).not_to_have_attribute("data-task", f"{run}.0")


def test_the_newest_is_followed_only_while_it_is_selected(
    stage: House, page: Page
) -> None:
    first = stage.deliver("act")
    page.goto(stage.link())
    row(page, first).click()
    second = stage.deliver("act")
    expect(row(page, second)).to_have_attribute("aria-selected", "true")
    assert said(page)["delivery"] == second
    row(page, first).click()
    third = stage.deliver("act")
    expect(row(page, third)).to_be_visible()
    expect(row(page, first)).to_have_attribute("aria-selected", "true")
    row(page, third).click()
    task(page, "exit").click()
    fourth = stage.deliver("act")
    expect(row(page, fourth)).to_be_visible()
    expect(row(page, third)).to_have_attribute("aria-selected", "true")
    expect(task(page, "exit")).to_have_attribute("aria-selected", "true")


def test_a_link_is_not_taken_for_the_newest(stage: House, page: Page) -> None:
    linked = stage.deliver("act", {"name": "linked"})
    stage.deliver("act")
    page.goto(stage.link(f"delivery={linked}"))
    expect(task(page, "linked")).to_be_visible()
    newest = stage.deliver("act", {"name": "newest"})
    expect(row(page, newest)).to_be_visible()
    expect(task(page, "linked")).to_be_visible()
    page.goto(stage.link(f"delivery={newest}"))
    expect(task(page, "newest")).to_be_visible()
    expect(row(page, stage.deliver("act"))).to_be_visible()
    expect(task(page, "newest")).to_be_visible()
    page.keyboard.press("n")
    expect(row(page, stage.deliver("act"))).to_have_attribute("aria-selected", "true")


def test_a_frozen_picture_counts_what_it_misses_and_jumps_there(
    stage: House, page: Page
) -> None:
    delivery = stage.deliver("wait", {"cue": "frozen"})
    earlier = stage.deliver("act", {"name": "before"})
    page.goto(stage.link(f"delivery={delivery}"))
    expect(task(page, "in the wings")).to_be_visible()
    freeze = page.locator(".freeze")
    freeze.click()
    expect(page.locator(".phase")).to_contain_text("frozen at")
    stage.deliver("cue", {"cue": "frozen"})
    late = stage.deliver("act", {"name": "after"})
    stage.settle()
    expect(freeze).to_have_text(re.compile(r"Frozen \+\d+"))
    expect(task(page, "in the wings")).to_have_class(re.compile("running"))
    expect(row(page, late)).to_have_count(0)
    row(page, earlier).click()
    expect(task(page, "before")).to_be_visible()
    freeze.click()
    expect(freeze).to_have_text("Freeze")
    expect(row(page, late)).to_be_visible()
    row(page, delivery).click()
    expect(task(page, "on stage")).to_have_class(re.compile("completed"))


def test_a_server_that_starts_again_is_found_and_nothing_is_lost(
    make_cast: Callable[[], Provider], page: Page, tmp_path: Path
) -> None:
    with served(make_cast(), folder=tmp_path) as house:
        port = urlsplit(house.address).port or 0
        delivery = house.deliver("act", {"name": "kept"})
        house.settle()
        page.goto(house.link(f"delivery={delivery}"))
        task(page, "kept").click()
        expect(page.locator(".phase")).to_have_text("live")
    expect(page.locator(".phase")).to_contain_text("lost since")
    expect(task(page, "kept")).to_have_attribute("aria-selected", "true")
    expect(page.locator("body")).to_have_class(re.compile("stale"))
    with served(make_cast(), folder=tmp_path, port=port) as house:
        expect(page.locator(".phase")).to_have_text("live")
        expect(page.locator("body")).not_to_have_class(re.compile("stale"))
        expect(task(page, "kept")).to_have_attribute("aria-selected", "true")
        expect(row(page, delivery)).to_be_visible()
        later = house.deliver("act", {"name": "later"})
        row(page, later).click()
        expect(task(page, "later")).to_be_visible()
        page.goto("about:blank")


@pytest.fixture
def suspended() -> Generator[tuple[subprocess.Popen[str], str, str]]:
    """A server in a process, which may be stopped; where to look, and at what."""
    command = [sys.executable, str(BUSY), "30000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            _, inspector, delivery = process.stdout.readline().split()
            yield process, inspector, delivery
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def test_a_server_that_falls_silent_is_shown_as_stale_and_its_bars_stand_still(
    suspended: tuple[subprocess.Popen[str], str, str], page: Page
) -> None:
    process, inspector, delivery = suspended
    page.goto(f"{inspector}/?delivery={delivery}")
    expect(page.locator(".phase")).to_have_text("live")
    expect(task(page, "busy")).to_be_visible()
    page.get_by_role("tab", name="Await stack").click()
    panel = page.locator(".detail .panel")
    expect(panel).to_contain_text("as it stands at")
    process.send_signal(signal.SIGSTOP)
    expect(page.locator(".phase")).to_have_text(
        re.compile(r"stale since \d\d:\d\d:\d\d")
    )
    expect(panel).to_contain_text(re.compile("as it stood at|when the connection is"))
    expect(panel).not_to_contain_text("ended")
    expect(page.locator("body")).to_have_class(re.compile("stale"))
    took = task(page, "busy").locator(".took")
    before = took.text_content()
    # Several clocks of the page go by.
    page.evaluate("new Promise((done) => setTimeout(done, 1200))")
    assert took.text_content() == before
    process.send_signal(signal.SIGCONT)
    expect(page.locator(".phase")).to_have_text("live")
    expect(took).not_to_have_text(before or "")


class Deaf(Provider):
    """Holds its event loop until it is let go."""

    name = "deaf"

    def __init__(self) -> None:
        self.go = threading.Event()

    @on(EventName("plain", "hold", None))
    async def hold(self, _event: Untyped, _run: Run) -> None:
        self.go.wait(30)

    @on(EventName("plain", "hide", None))
    async def hide(self, _event: Untyped, _run: Run) -> None:
        hold = FunctionType(_hold.__code__.replace(co_filename=anyio.__file__), {})
        async with anyio.create_task_group() as group:
            group.start_soon(hold, self.go, name="of a library")


async def _hold(go: threading.Event) -> None:
    go.wait(30)


@pytest.fixture
def deaf(page: Page) -> Generator[tuple[Deaf, House]]:
    """Its house is on the page."""
    deaf = Deaf()
    with served(deaf) as house:
        page.goto(house.link())
        expect(page.locator(".phase")).to_have_text("live")
        try:
            yield deaf, house
        finally:
            deaf.go.set()
        page.goto("about:blank")


def test_a_blocked_loop_is_told_with_the_task_and_the_line(
    deaf: tuple[Deaf, House], page: Page
) -> None:
    provider, house = deaf
    house.deliver("hold")
    banner = page.locator(".banner")
    expect(banner).to_contain_text("deaf")
    expect(banner).to_contain_text("test_browser_stage.py:")
    expect(banner).to_contain_text("self.go.wait(30)")
    expect(page.locator(".phase")).to_have_text("live")
    provider.go.set()
    expect(banner).to_be_hidden()


def test_a_blocked_loop_is_told_without_a_line_where_none_is_known(
    deaf: tuple[Deaf, House], page: Page
) -> None:
    _, house = deaf
    house.deliver("hide")
    told = re.compile(r"held for [\d.]+ m?s by of a library$")
    expect(page.locator(".banner")).to_have_text(told)


def test_an_empty_page_says_what_to_do_and_goes_when_something_arrives(
    make_cast: Callable[[], Provider], page: Page
) -> None:
    with served(make_cast()) as house:
        page.goto(house.link())
        empty = page.locator(".empty-page")
        expect(empty).to_contain_text("/webhooks/plain")
        expect(empty).to_contain_text("callboard send")
        house.deliver("act")
        expect(empty).to_be_hidden()
        expect(page.locator(".delivery")).to_have_count(1)
        page.goto("about:blank")
