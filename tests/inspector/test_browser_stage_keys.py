"""Every key of the help, the palette and the filter, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from callboard_inspector.served import House

pytestmark = pytest.mark.browser

TRIED = [
    *["j k", "↑ ↓", "← →", "e w", "1 … 9", "0", "[ ]", "/", "f", "p", "d", "n"],
    "r",
    "c",
    "Ctrl K",
    "Esc",
    "?",
]


def task(page: Page, name: str) -> Locator:
    """The line of a task in the tree."""
    line = page.locator(".tree .task")
    return line.filter(has=page.locator(".name").get_by_text(name, exact=True))


def chosen(page: Page) -> Locator:
    """The name of the selected task."""
    return page.locator(".tree .task[aria-selected=true] .name")


@pytest.fixture
def keys(stage: House, page: Page) -> Callable[[str], None]:
    """A run of four levels is looked at; presses keys, one after the other."""
    stage.deliver("fall")
    delivery = stage.deliver("act", {"name": "scene"})
    stage.settle()
    page.goto(stage.link(f"delivery={delivery}"))
    expect(task(page, "scene")).to_be_visible()

    def press(names: str) -> None:
        for name in names.split():
            page.keyboard.press(name)

    return press


def test_the_help_names_the_keys_that_are_tried_here(
    keys: Callable[[str], None], page: Page
) -> None:
    keys("?")
    help_ = page.get_by_role("dialog", name="Help")
    expect(help_).to_be_visible()
    assert help_.locator("dl").first.locator("kbd").all_inner_texts() == TRIED
    keys("Escape")
    expect(help_).to_be_hidden()


def test_keys_that_come_faster_than_frames_are_all_obeyed(
    keys: Callable[[str], None], page: Page
) -> None:
    keys("Home")
    page.evaluate(
        """() => { for (let times = 0; times < 2; times += 1) {
          const press = { key: "ArrowDown", bubbles: true };
          document.body.dispatchEvent(new KeyboardEvent("keydown", press));
        } }"""
    )
    expect(chosen(page)).to_have_text("scene")


def test_arrows_walk_the_tree_and_fold_it(
    keys: Callable[[str], None], page: Page
) -> None:
    keys("ArrowDown ArrowDown")
    expect(chosen(page)).to_have_text("scene")
    keys("ArrowLeft")
    expect(task(page, "entrance")).to_have_count(0)
    keys("ArrowRight")
    expect(task(page, "entrance")).to_be_visible()
    keys("ArrowRight")
    expect(chosen(page)).to_have_text("entrance")
    keys("ArrowLeft")
    expect(chosen(page)).to_have_text("scene")
    keys("ArrowUp")
    expect(chosen(page)).to_have_text("cast")
    keys("w")
    expect(page.locator(".tree .task")).to_have_count(2)
    keys("e")
    expect(page.locator(".tree .task")).to_have_count(5)
    keys("End")
    expect(chosen(page)).to_have_text("exit")
    keys("1")
    expect(page.locator(".tree .task")).to_have_count(2)
    keys("2")
    expect(page.locator(".tree .task")).to_have_count(4)
    keys("1 0")
    expect(page.locator(".tree .task")).to_have_count(5)


def test_deliveries_tabs_and_what_is_shown_have_keys(
    keys: Callable[[str], None], stage: House, page: Page
) -> None:
    selected = page.locator(".delivery[aria-selected=true] .event")
    keys("j")
    expect(selected).to_have_text("fall")
    keys("k")
    expect(selected).to_have_text("act")
    keys("]")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Payload")
    keys("[ [")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Await stack")
    keys("p")
    expect(page.locator(".freeze")).to_have_attribute("aria-pressed", "true")
    keys("p")
    expect(page.locator(".freeze")).to_have_attribute("aria-pressed", "false")
    first = page.locator(".tree .task").nth(1)
    tall = (first.bounding_box() or {})["y"]
    keys("d")
    page.wait_for_function("() => localStorage.getItem('density') === 'compact'")
    page.wait_for_function(
        "before => document.querySelectorAll('.tree .task')[1]"
        ".getBoundingClientRect().y < before",
        arg=tall,
    )
    keys("d j n")
    expect(selected).to_have_text("act")
    stage.deliver("fall")
    expect(selected).to_have_text("fall")


def test_the_brush_chooses_a_part_and_f_fits_the_whole(
    keys: Callable[[str], None], page: Page
) -> None:
    box = page.locator(".brush").bounding_box()
    assert box is not None
    # Not a bar: one that goes from edge to edge looks the same from closer.
    axis = page.locator(".waterfall-head .axis")
    expect(axis).not_to_be_empty()
    before = axis.inner_html()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 8, steps=4)
    page.mouse.up()
    expect(page.locator(".brush .chosen")).to_be_visible()
    shown = "document.querySelector('.waterfall-head .axis').innerHTML"
    page.wait_for_function(f"was => {shown} !== was", arg=before)
    keys("f")
    expect(page.locator(".brush .chosen")).to_be_hidden()
    page.wait_for_function(f"was => {shown} === was", arg=before)


@pytest.mark.usefixtures("keys")
def test_keys_mean_the_same_where_nothing_is_typed(page: Page) -> None:
    page.locator("#tab-log").click()
    page.get_by_label("with everything below").press("]")
    expect(page.locator("#tab-error")).to_have_attribute("aria-selected", "true")
    page.get_by_label("Moment of the run").press("?")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()


def test_r_asks_before_it_replays_and_c_before_it_cancels(
    keys: Callable[[str], None], stage: House, page: Page
) -> None:
    tree = page.get_by_role("tree").first
    tree.focus()
    keys("ArrowDown r")
    expect(chosen(page)).to_have_text(re.compile("act"))
    asked = page.locator(".detail").get_by_role("button", name=re.compile("^Yes"))
    expect(asked).to_be_focused()
    keys("Escape")
    expect(asked).to_be_hidden()
    expect(tree).to_be_focused()
    delivery = stage.deliver("wait", {"cue": "cancelled"})
    page.goto(stage.link(f"delivery={delivery}"))
    task(page, "in the wings").click()
    page.locator("#tab-log").click()
    keys("Control+k")
    page.keyboard.type("cancel in the")
    keys("Enter")
    expect(asked).to_be_focused()
    keys("Escape")
    button = page.get_by_role("button", name="Cancel…")
    button.press("Enter")
    expect(asked).to_be_focused()
    keys("Escape")
    expect(button).to_be_focused()
    keys("c")
    expect(asked).to_be_focused()
    keys("Enter")
    expect(task(page, "in the wings")).to_have_class(re.compile("halted"))


def test_replay_is_asked_for_where_it_is_seen_from_every_page(
    keys: Callable[[str], None], page: Page
) -> None:
    keys("]")
    page.get_by_role("button", name="Entities").click()
    expect(page.locator(".subject-page")).to_be_visible()
    keys("Control+k")
    page.keyboard.type("replay this")
    keys("Enter")
    asked = page.locator(".detail").get_by_role("button", name="Yes, replay it")
    expect(asked).to_be_focused()


def test_the_palette_finds_what_can_be_done(
    keys: Callable[[str], None], stage: House, page: Page
) -> None:
    delivery = stage.deliver("act", {"name": "sought"})
    keys("Control+k")
    palette = page.get_by_role("dialog", name="Commands")
    expect(palette.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("go prov")
    expect(palette.get_by_role("option")).to_have_text(["Go to providers"])
    keys("Enter")
    expect(page.locator(".providers-page")).to_be_visible()
    expect(palette).to_be_hidden()
    keys("Control+k")
    page.keyboard.type(delivery)
    keys("Enter")
    expect(task(page, "sought")).to_be_visible()
    keys("Control+k")
    page.keyboard.type("component:default/site")
    expect(palette.get_by_role("option").first).to_contain_text("component:default")
    keys("Control+k")
    expect(palette).to_be_hidden()


def test_enter_leads_from_the_filter_to_the_first_that_is_found(
    keys: Callable[[str], None], page: Page
) -> None:
    keys("/")
    page.keyboard.type("state:parked")
    keys("Enter")
    expect(page.locator(".delivery-rows")).to_be_focused()
    expect(page.locator(".delivery[aria-selected=true] .event")).to_have_text("fall")
    expect(page.locator(".delivery").first).to_have_attribute("aria-selected", "true")


def test_the_filter_speaks_of_deliveries_and_of_tasks(
    keys: Callable[[str], None], stage: House, page: Page
) -> None:
    about = {"organization": "acme", "repository": "acme/site"}
    stage.deliver("act", {**about, "labels": {"team": "night"}})
    stage.settle()
    keys("/")
    expect(page.locator(".filter")).to_be_focused()
    events = page.locator(".delivery .event")
    page.keyboard.type("state:parked")
    expect(events.first).to_have_text("fall")
    expect(events.filter(has_text="act")).to_have_count(0)
    page.locator(".filter").fill("repo:site org:acme")
    expect(events).to_have_count(1)
    page.locator(".filter").fill("-event:act -event:fall -event:wait")
    expect(page.locator(".deliveries .none")).to_contain_text("passes the filter")
    page.locator(".filter").fill("task:entrance")
    expect(page.locator(".tree .task.match .name")).to_have_text("entrance")
    expect(task(page, "exit")).to_have_count(0)
    keys("Escape")
    expect(page.locator(".filter")).to_have_value("")
    expect(page.get_by_role("tree").first).to_be_focused()
    expect(task(page, "exit")).to_be_visible()
