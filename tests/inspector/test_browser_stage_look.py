"""How the page looks and what it weighs: small, narrow, dark, accessible, crowded."""

import re
from collections.abc import Callable

import anyio
import pytest
from playwright.sync_api import Locator, Page, expect

from callboard import EventName, Provider, Run, Untyped, on
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser

FIRST_PAINT = 100_000
MANY = 10_000
FRAMES = """async (box) => {
  const found = [];
  let before = await new Promise(requestAnimationFrame);
  for (let n = 0; n < 120; n += 1) {
    if (box) box.scrollTop = (n * 997) % box.scrollHeight;
    const now = await new Promise(requestAnimationFrame);
    found.push(now - before);
    before = now;
  }
  found.sort((a, b) => a - b);
  return [found[60], found[114]];
}"""
TREE = ".tree .rows"
# With headers, compressed. What views fetch for later is asked for after the document's
# scripts have run, which is when the event comes.
TRANSFERRED = """() => {
  const [page] = performance.getEntriesByType('navigation');
  return performance.getEntriesByType('resource')
    .filter(({ startTime }) => startTime < page.domContentLoadedEventStart)
    .reduce((sum, { transferSize }) => sum + transferSize, page.transferSize);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_breaks_a_rule_of_accessibility(
    stage: House, page: Page, axe: str, scheme: str
) -> None:
    stage.deliver("act")
    delivery = stage.deliver("fall")
    stage.settle()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    broken: dict[str, list[str]] = {}
    for query in (f"delivery={delivery}", f"delivery={delivery}&tab=error"):
        page.goto(stage.link(query))
        expect(page.locator(".tree .task").first).to_be_visible()
        broken[query[-9:]] = violations(page, axe)
    page.keyboard.press("?")
    broken["help"] = violations(page, axe)
    for view in ("providers", "entity"):
        page.goto(stage.link(f"view={view}"))
        expect(page.locator(".other-view")).to_be_visible()
        broken[view] = violations(page, axe)
    assert not any(broken.values()), broken


def test_no_view_is_wider_than_its_window(
    make_cast: Callable[[], Provider], page: Page, axe: str
) -> None:
    with served(make_cast(), settings={"runtime": {"attempts": 2}}) as house:
        failing = [house.deliver("fall", {"error": "word " * 200}) for _ in range(3)]
        delivery = failing[-1]
        house.until(
            lambda board: board.trace.deliveries[delivery].state == "failed" or None
        )
        for width in (1920, 1280, 1101, 1024, 961, 761, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            for query in ("", f"delivery={delivery}&tab=stack", "view=providers"):
                page.goto(house.link(query))
                trouble = page.locator(".fact.trouble")
                expect(trouble).to_contain_text(re.compile("3 (failed|parked)"))
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert (width, query, wide) == (width, query, width)
        assert violations(page, axe) == []


def test_all_tabs_of_a_failed_task_are_in_sight(stage: House, page: Page) -> None:
    delivery = stage.deliver("fall")
    stage.settle()
    page.goto(stage.link(f"delivery={delivery}"))
    expect(page.locator("#tab-error")).to_have_text("Error ✗")
    tabs = page.locator(".tabs")
    for width in (1280, 1200, 1101):
        page.set_viewport_size({"width": width, "height": 800})
        hidden = "({ scrollWidth, clientWidth }) => scrollWidth - clientWidth"
        assert (width, tabs.evaluate(hidden)) == (width, 0)


def test_the_line_between_tree_and_waterfall_is_moved_and_stays_there(
    stage: House, page: Page
) -> None:
    delivery = stage.deliver("act")
    stage.settle()
    page.goto(stage.link(f"delivery={delivery}"))
    line = page.get_by_role("separator", name="Width of the tree")
    task = page.locator(".tree .task .what").first
    expect(task).to_be_visible()
    usual = wide(task)
    line.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    narrow = wide(task)
    assert narrow < usual
    expect(line).to_have_attribute("aria-valuenow", "50")
    box = line.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 200)
    page.mouse.down()
    for far in (52, 102):  # the pointer stays where it took the line
        page.mouse.move(box["x"] + far, box["y"] + 200)
        moved = line.bounding_box()
        assert moved is not None
        assert abs(moved["x"] - box["x"] - far + 2) <= 1
    page.mouse.up()
    dragged = wide(task)
    assert narrow + 98 <= dragged <= narrow + 102
    page.route("**/splitter.js", lambda route: route.abort())
    page.reload()
    expect(task).to_be_visible()
    assert wide(task) == dragged  # also before the line is there
    page.unroute("**/splitter.js")
    page.reload()
    expect(task).to_be_visible()
    line.dblclick()
    assert wide(task) == usual
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator(".lanes")).to_be_hidden()
    expect(line).to_be_hidden()
    assert wide(task) > 300


def wide(element: Locator) -> float:
    """Pixels."""
    box = element.bounding_box()
    assert box is not None
    return round(box["width"])


def test_first_screen_offers_what_to_begin_with_and_opens_nothing(
    make_cast: Callable[[], Provider], page: Page
) -> None:
    with served(make_cast(), settings={"runtime": {"attempts": 1}}) as house:
        failed = house.deliver("fall")
        house.settle()
        page.goto(house.link())
        offer = page.get_by_role("button", name="The newest in trouble: fall")
        expect(offer).to_be_visible()
        expect(page.locator(".side")).to_be_hidden()
        newest = house.deliver("act")
        house.settle()
        expect(page.get_by_role("button", name="The newest: act")).to_be_visible()
        assert "delivery=" not in page.url
        offer.click()
        expect(page.locator(".tree .task").first).to_be_visible()
        assert f"delivery={failed}" in page.url
        assert newest not in page.url
        page.goto("about:blank")


def test_a_link_to_a_delivery_that_is_not_known_says_so_once(
    stage: House, page: Page, axe: str
) -> None:
    page.goto(stage.link("delivery=nosuch"))
    expect(page.locator(".tree .notice")).to_have_text(
        "Nothing is known of this delivery."
    )
    expect(page.locator(".detail .panel")).to_have_text(
        "delivery nosuch is not in the journal, or no longer"
    )
    assert violations(page, axe) == []


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds fault with."""
    page.evaluate(axe)
    return page.evaluate(
        "async () => (await axe.run({ rules: "
        # Experimental, and so off unless it is asked for.
        "{ 'label-content-name-mismatch': { enabled: true } } })).violations.flatMap("
        "({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`))"
    )


def test_first_paint_weighs_less_than_a_hundred_kilobytes(
    stage: House, page: Page
) -> None:
    page.goto(stage.link())
    expect(page.locator(".phase")).to_have_text("live")
    weight = page.evaluate(TRANSFERRED)
    print(f"first paint: {weight:,} bytes")  # noqa: T201 - a figure to be read
    assert 10_000 < weight < FIRST_PAINT


def test_a_narrow_page_shows_one_pane_and_goes_back(stage: House, page: Page) -> None:
    delivery = stage.deliver("act", {"name": "narrow"})
    stage.settle()
    page.set_viewport_size({"width": 420, "height": 800})
    page.goto(stage.link())
    page.locator(f"#delivery-{delivery}").click()
    expect(page.locator(".deliveries")).to_be_hidden()
    page.locator(".tree .task", has_text="narrow").click()
    expect(page.locator(".detail")).to_be_visible()
    expect(page.locator(".tree")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.get_by_role("button", name="Back").click()
    expect(page.locator(".tree")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(page.locator(f"#delivery-{delivery}")).to_be_visible()


def test_on_a_narrow_page_what_is_parked_is_seen_when_it_is_asked_for(
    stage: House, page: Page
) -> None:
    parked, delivery = stage.deliver("fall"), stage.deliver("act")
    stage.settle()
    page.set_viewport_size({"width": 420, "height": 800})
    page.goto(stage.link(f"delivery={delivery}"))
    task = page.locator(".tree .task").last
    task.click()
    expect(page.locator(".detail")).to_be_visible()
    page.locator(".toolbar .trouble").click()
    expect(page.locator(f"#delivery-{parked}")).to_be_visible()
    expect(page.locator(f"#delivery-{delivery}")).to_have_count(0)
    page.go_back()
    expect(page.locator(".tree")).to_be_hidden()
    expect(page.locator(".detail")).to_be_visible()
    page.set_viewport_size({"width": 1400, "height": 800})
    page.locator(".toolbar .trouble").click()
    expect(page.locator(f"#delivery-{parked}")).to_be_visible()
    expect(task).to_be_visible()


def test_slider_stays_as_wide_as_it_is_while_it_is_moved(
    stage: House, page: Page
) -> None:
    delivery = stage.deliver("act")
    stage.settle()
    for width in (1920, 1400, 1101, 420):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(stage.link(f"delivery={delivery}"))
        slider, said = page.locator(".moment"), page.locator(".time-slider .said")
        expect(said).to_contain_text("at its end")
        before = wide(slider)
        assert before > 150
        slider.press("ArrowLeft")
        expect(said).to_contain_text("running")
        assert (width, wide(slider)) == (width, before)


def test_help_begins_at_its_top_where_it_is_longer_than_the_screen(
    stage: House, page: Page
) -> None:
    page.set_viewport_size({"width": 420, "height": 600})
    page.goto(stage.link())
    expect(page.locator(".phase")).to_have_text("live")
    page.keyboard.press("?")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    expect(page.get_by_role("heading", name="Keys")).to_be_in_viewport()


def test_what_is_cut_in_the_list_is_told_where_it_is_pointed_at(
    stage: House, page: Page
) -> None:
    about = {"organization": "acme", "repository": f"acme/{'long-' * 20}name"}
    delivery = stage.deliver("fall", about)
    stage.settle()
    page.goto(stage.link())
    told = page.locator(f"#delivery-{delivery} .about")
    expect(told).to_have_attribute("title", f"{about['repository']} · parked")
    event = page.locator(f"#delivery-{delivery} .event")
    expect(event).to_have_attribute("title", "fall")


def test_ten_thousand_tasks_are_few_rows_and_their_frames_are_told(
    make_cast: Callable[[], Provider], page: Page
) -> None:
    with served(make_cast(), settings={"runtime": {"attempts": 1}}) as house:
        delivery = house.deliver("crowd", {"cue": "home", "many": MANY})
        page.goto(house.link(f"delivery={delivery}"))
        root = page.locator(".tree .task").first
        expect(root).to_be_visible()
        page.wait_for_function(
            f"() => document.querySelector('{TREE} .space').offsetHeight > {MANY * 26}"
        )
        assert page.locator(".tree .task").count() < 80
        box = page.locator(TREE).element_handle()
        p50, p95 = page.evaluate(FRAMES, box)
        print(f"scrolling {MANY:,} tasks: p50 {p50:.1f} ms, p95 {p95:.1f} ms")  # noqa: T201 - a figure to be read
        house.deliver("chatter", {"cue": "home", "mouths": 100, "every": 0.1})
        p50, p95 = page.evaluate(FRAMES, box)
        print(f"and 1,000 changes a second: p50 {p50:.1f} ms, p95 {p95:.1f} ms")  # noqa: T201 - a figure to be read
        assert page.locator(".tree .task").count() < 80
        house.deliver("cue", {"cue": "home"})
        page.goto("about:blank")


def test_a_very_long_name_stays_on_its_line(stage: House, page: Page) -> None:
    delivery = stage.deliver("act", {"name": "x" * 5000})
    stage.settle()
    page.goto(stage.link(f"delivery={delivery}"))
    line = page.locator(".tree .task", has_text="xxx")
    expect(line).to_have_class(re.compile("completed"))
    assert (line.bounding_box() or {})["height"] <= 26
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400


class Longwinded(Provider):
    """Spans with longer and longer names, each with a word beside it."""

    name = "longwinded"

    @on(EventName("plain", "speak", None))
    async def speak(self, _event: Untyped, run: Run) -> None:
        for length in range(10, 100, 5):
            async with run.span("o" * length, said="what does not matter as much"):
                await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("width", [1400, 420])
def test_message_gives_way_to_the_name_beside_it(page: Page, width: int) -> None:
    with served(Longwinded()) as house:
        delivery = house.deliver("speak")
        house.settle()
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(house.link(f"delivery={delivery}"))
        expect(page.locator(".tree .task")).to_have_count(20)
        found = page.locator(".tree .task").evaluate_all("""(rows) => rows.map((row) => {
          const [name, more] = [row.querySelector(".name"), row.querySelector(".more")];
          return [name.scrollWidth - name.clientWidth, more.clientWidth];
        })""")
    assert any(room > 0 for _, room in found)
    assert any(cut > 0 for cut, _ in found)
    assert [row for row in found if row[0] > 0 and row[1] > 0] == []
