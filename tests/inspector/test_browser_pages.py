"""Providers, an entity's history, two runs, a moment, a file: in a real browser."""

import functools
import http.server
import json
import re
import threading
from collections.abc import Generator
from importlib.resources import files
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from msgspec import Raw
from playwright.sync_api import Locator, Page, expect

from callboard import (
    Callboard,
    Effect,
    EventName,
    Intensity,
    Provider,
    Retry,
    Run,
    Untyped,
    every,
    on,
)
from callboard.delivery import DeliveryState
from callboard.testing import record
from callboard_inspector import bundle
from callboard_inspector.served import House, served
from callboard_inspector.terminal.show import show

pytestmark = pytest.mark.browser


class Props(Provider):
    """Sets the owner that an event names, says its words, and fails when it is told to."""

    name = "props"
    retry = Retry(attempts=1)
    intensity = Intensity(failures=1000)

    def __init__(self) -> None:
        self.boards: list[Callboard] = []

    @on(EventName("plain", "props", None))
    async def set_owner(self, event: Untyped, run: Run) -> None:
        async with run.span("read"):
            await anyio.lowlevel.checkpoint()
        async with run.span("apply"):
            words: list[str] = event.payload.get("words", [])
            effects = [Effect("component:default/lamp", word) for word in words]
            if owner := event.payload.get("owner"):
                entity = {"kind": "Component", "spec": {"owner": owner}}
                raw = Raw(msgspec.json.encode(entity))
                effects.append(Effect("component:default/skull", "changed", None, raw))
            await record(self.boards[0].database, run, *effects)
            if event.payload.get("bad"):
                raise ValueError("the owner does not want it")

    @every(hours=6)
    async def everything(self, _run: Run) -> None:
        await anyio.lowlevel.checkpoint()


@pytest.fixture(scope="module")
def house() -> Generator[House]:
    props = Props()
    with served(props, settings={"runtime": {"attempts": 1}}) as house:
        props.boards.append(house.board)
        house.settle()
        yield house


def delivered(house: House, owner: str, *, bad: bool = False) -> str:
    delivery = house.deliver("props", {"owner": owner, "bad": bad})
    house.settle()
    return delivery


def test_providers_tell_how_they_fare_and_lead_to_the_last_error(
    house: House, page: Page
) -> None:
    delivered(house, "anybody")
    bad = delivered(house, "nobody", bad=True)
    page.goto(house.link("view=providers"))
    row = page.locator(".providers-page tbody tr")
    expect(row).to_contain_text("✗")
    expect(row).to_contain_text("everything: every 6 h")
    expect(row.locator(".due")).to_contain_text("in ")
    row.get_by_role("button", name="ValueError: the owner does not want it").click()
    expect(page.locator("#tab-error")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".detail .panel")).to_contain_text("raise ValueError(")
    assert f"delivery={bad}" in page.url


def test_provider_is_paused_and_resumed(house: House, page: Page) -> None:
    page.goto(house.link("view=providers", "ada"))
    page.get_by_role("button", name="pause props").click()
    row = page.locator(".providers-page tbody tr")
    expect(row).to_contain_text("‖ paused by ada")
    held = house.deliver("props", {"owner": "later"})
    house.until(
        lambda board: board.trace.deliveries[held].state is DeliveryState.HELD or None
    )
    page.get_by_role("button", name="resume props").click()
    expect(page.locator(".providers-page .result")).to_contain_text("1 delivery")
    expect(row).not_to_contain_text("‖ paused")
    house.settle()
    assert house.board.trace.deliveries[held].state is DeliveryState.COMPLETED


def test_entity_page_leads_from_a_guess_to_every_run_that_changed_it(
    house: House, page: Page
) -> None:
    delivered(house, "first")
    delivered(house, "second")
    page.goto(house.link("view=entity&subject=skull"))
    expect(page.locator(".verdict")).to_contain_text("Not there: no run")
    expect(page.locator(".subject-page")).to_contain_text("newest run of each provider")
    page.get_by_role("button", name="component:default/skull").click()
    expect(page.locator(".verdict")).to_contain_text("changed last by props")
    changes = page.locator(".subject-page .effect")
    expect(changes.first).to_contain_text("owner: second")
    expect(changes.nth(1)).to_contain_text("owner: first")
    expect(page.locator(".subject-page")).to_contain_text("changed it in this run")
    page.go_back()
    expect(page.locator(".verdict")).to_contain_text("Not there")


def test_entity_page_tells_what_is_there_from_the_last_word_on_it(
    house: House, page: Page
) -> None:
    house.deliver("props", {"words": ["added", "rejected"]})
    house.settle()
    page.goto(house.link("view=entity&subject=Component:default/LAMP"))
    expect(page.get_by_role("heading", name="component:default/lamp")).to_be_visible()
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("There: added last by props")
    expect(verdict).to_contain_text("The last word on it is rejected, by props")
    expect(verdict).to_contain_text("what is there stays as it was")
    house.deliver("props", {"words": ["removed", "settled"]})
    house.settle()
    page.reload()
    expect(verdict).to_contain_text("Not there: removed by props")
    expect(verdict).to_have_class("verdict absent")


def test_two_runs_stand_side_by_side_with_what_differs(
    house: House, page: Page
) -> None:
    good = delivered(house, "somebody")
    page.goto(house.link(f"delivery={good}"))
    page.get_by_role("button", name="Replay edited…").click()
    page.get_by_label("Payload as JSON").fill('{"owner": "nobody", "bad": true}')
    page.get_by_role("button", name="Replay with this payload").click()
    page.get_by_role("button", name="Show it").click()
    page.get_by_role("button", name="compare").click()
    pairs = page.locator(".pairs tbody tr")
    expect(pairs).to_have_count(3)  # the run, the provider, and the span that failed
    expect(pairs.last).to_contain_text("ValueError: the owner does not want it")
    expect(pairs.last).to_contain_text("another end")
    page.get_by_label("only what differs").uncheck()
    expect(pairs).to_have_count(4)
    change = page.locator(".compare-page .effect")
    expect(change.locator(".gone")).to_contain_text("owner: somebody")
    expect(change.locator(".new")).to_contain_text("owner: nobody")


def test_slider_shows_the_tree_as_it_stood(house: House, page: Page) -> None:
    delivery = delivered(house, "once")
    page.goto(house.link(f"delivery={delivery}"))
    rows = page.get_by_role("tree").first.get_by_role("treeitem")
    expect(rows).to_have_count(4)
    slider = page.get_by_label("Moment of the run")
    slider.focus()
    for _ in range(12):  # more steps than the run has
        page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(1)
    expect(rows.first).to_have_attribute("aria-label", "plain:props, pending")
    page.get_by_role("button", name="the next step").click()
    expect(rows.first).to_have_attribute("aria-label", "plain:props, 0 µs, running")
    expect(page.locator(".time-slider .said")).to_contain_text("1 running, 0 ended")
    page.get_by_role("button", name="Latest").click()
    expect(rows).to_have_count(4)
    expect(page.locator(".time-slider .said")).to_contain_text("at its end")


def test_run_that_is_opened_while_the_page_is_frozen_is_shown(
    house: House, page: Page
) -> None:
    delivered(house, "seen")
    page.goto(house.link())
    expect(page.locator(".delivery").first).to_be_visible()
    page.get_by_role("button", name="Freeze").click()
    page.locator(".delivery").first.click()
    rows = page.get_by_role("tree").first.get_by_role("treeitem")
    expect(rows).to_have_count(4)
    expect(page.locator(".detail .panel")).to_contain_text("GUID")


def drop(page: Page, text: str) -> None:
    """Drop a file on the page."""
    transfer = page.evaluate_handle(
        """(text) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([text], "run.json", { type: "application/json" }));
          return transfer;
        }""",
        text,
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})


@pytest.fixture
def bare() -> Generator[str]:
    """The page's files alone: nothing answers its questions."""
    folder = files("callboard_inspector") / "static"

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the library
            """Nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_run_is_kept_in_a_file_and_shown_where_there_is_no_server(
    house: House, page: Page, bare: str, chromium: Any, tmp_path: Path
) -> None:
    delivery = delivered(house, "nobody", bad=True)
    page.goto(house.link(f"delivery={delivery}"))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Keep as a file").click()
    path = tmp_path / "run.json"
    waiting.value.save_as(path)
    assert waiting.value.suggested_filename.startswith("callboard-props-")
    kept = json.loads(path.read_text())
    assert kept["format"] == "callboard.run.1"
    assert kept["missing"] == []
    assert bundle.read(path.read_bytes()).run == kept["run"]

    elsewhere: Page = chromium.new_page()
    try:
        elsewhere.goto(bare)
        drop(elsewhere, path.read_text())
        rows = elsewhere.get_by_role("tree").first.get_by_role("treeitem")
        expect(rows).to_have_count(4)
        rows.last.click()
        panel = elsewhere.locator(".detail .panel")
        expect(panel).to_contain_text("ValueError: the owner does not want it")
        read_every_tab(elsewhere, panel)
        expect(elsewhere.get_by_role("tab", name="Entities")).to_be_visible()
        expect(elsewhere.get_by_role("button", name="Replay")).to_have_count(0)
    finally:
        elsewhere.close()


def test_file_stands_still_while_the_server_goes_on_and_is_left_for_what_is_new(
    house: House, page: Page, tmp_path: Path
) -> None:
    delivery = delivered(house, "kept")
    path = tmp_path / "run.json"
    with page.expect_websocket() as opening:
        page.goto(house.link(f"delivery={delivery}"))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Keep as a file").click()
    waiting.value.save_as(path)
    drop(page, path.read_text())
    rows = page.locator(".delivery")
    expect(rows).to_have_count(1)
    expect(page.locator(".connection")).to_contain_text("from a file")
    expect(page.get_by_role("button", name="Older deliveries")).to_be_hidden()
    with opening.value.expect_event("framereceived", lambda said: "plete" in str(said)):
        newer = delivered(house, "newer")
    expect(rows).to_have_count(1)
    expect(page.get_by_role("tree").first.get_by_role("treeitem")).to_have_count(4)
    page.get_by_role("button", name="Runs").click()
    expect(page.locator(f"#delivery-{newer}")).to_be_visible()
    expect(page.locator(f"#delivery-{delivery}")).to_have_attribute(
        "aria-selected", "true"
    )


def test_older_deliveries_are_offered_only_where_there_may_be_some(
    house: House, page: Page
) -> None:
    delivered(house, "only")
    page.goto(house.link())
    expect(page.locator(".delivery").first).to_be_visible()
    expect(page.get_by_role("button", name="Older deliveries")).to_be_hidden()


def test_run_is_a_page_of_its_own_opened_from_the_disk(
    house: House, page: Page, tmp_path: Path
) -> None:
    delivery = delivered(
        house, "</script><script>document.title='x'</script>", bad=True
    )
    page.goto(house.link(f"delivery={delivery}"))
    path = enclosed(page, tmp_path)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    page.goto(path.as_uri())
    rows = page.get_by_role("tree").first.get_by_role("treeitem")
    expect(rows).to_have_count(4)
    expect(page.locator(".phase")).to_have_text("from a file")
    rows.last.click()
    panel = page.locator(".detail .panel")
    expect(panel).to_contain_text("ValueError: the owner does not want it")
    for tab, text in {"error": "raise ValueError", "log": "logged"}.items():
        page.locator(f"#tab-{tab}").click()
        expect(panel).to_contain_text(text)
    page.locator("#tab-payload").click()
    expect(panel).to_contain_text("</script><script>")
    assert page.title() == "callboard"
    expect(page.get_by_role("button", name="Providers")).to_be_hidden()
    assert set(asked) <= {"file", "data"}, asked


def enclosed(page: Page, folder: Path) -> Path:
    """The run that is looked at, as a page of its own."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Keep as a file").click()
    kept, path = folder / "run.json", folder / "run.html"
    waiting.value.save_as(kept)
    show(str(kept), html=path)
    return path


def test_nothing_in_a_page_of_its_own_leads_to_where_only_a_server_does(
    house: House, page: Page, tmp_path: Path
) -> None:
    origin = delivered(house, "bad", bad=True)
    page.goto(house.link(f"delivery={origin}"))
    page.get_by_role("button", name="Replay", exact=True).click()
    page.get_by_role("button", name="Show it").click()
    panel = page.locator(".detail .panel")
    expect(panel.get_by_role("button", name="Unpark")).to_be_visible()
    panel.get_by_role("button", name="Unpark").click()
    house.settle()
    expect(panel.locator(".runs .run")).to_have_count(2)
    expect(panel.get_by_role("button", name="compare")).to_have_count(2)
    page.goto(enclosed(page, tmp_path).as_uri())
    expect(panel.locator(".runs .run")).to_have_count(2)
    expect(panel).to_contain_text(origin)
    out = panel.get_by_role("button", name=re.compile(f"^(compare|{origin})$"))
    expect(out.or_(panel.locator(".runs button"))).to_have_count(0)
    page.locator("#tab-entities").click()
    expect(panel.locator(".subject")).to_have_text("component:default/skull")
    expect(panel.locator("button.subject")).to_have_count(0)
    page.keyboard.press("Control+k")
    offered = page.get_by_role("option")
    expect(offered.filter(has_text="Keys")).to_be_visible()
    assert [text for text in offered.all_inner_texts() if "Go to" in text] == []
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_role("tree").first.get_by_role("treeitem")).to_have_count(4)
    expect(page.locator(".phase")).to_have_text("from a file")


def read_every_tab(page: Page, panel: Locator) -> None:
    """Each tab shows what the file has."""
    for tab, text in {
        "error": 'raise ValueError("the owner does not want it")',
        "payload": 'owner: "nobody"',
        "entities": "component:default/skull",
        "log": "logged",
        "stack": "It has ended",
    }.items():
        page.locator(f"#tab-{tab}").click()
        expect(panel).to_contain_text(text)


def test_file_that_is_no_run_is_refused_with_what_was_expected(
    house: House, page: Page
) -> None:
    delivery = delivered(house, "anybody")
    page.goto(house.link(f"delivery={delivery}"))
    expect(page.locator(".detail .panel")).to_contain_text("GUID")
    drop(page, '{"format": "something else"}')
    expect(page.locator(".detail .result")).to_contain_text(
        'run.json: expected a run\'s file with "format": "callboard.run.1"'
    )
    expect(page.locator(".detail .panel")).to_contain_text("GUID")
