"""What strangers write is text, however it is written and however much of it there is."""

import json
import logging
from collections.abc import Callable, Generator

import anyio
import pytest
from playwright.sync_api import Locator, Page, expect

from callboard import EventName, Intensity, Provider, Retry, Run, Untyped, on
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser
logger = logging.getLogger(__name__)

SCRIPT = "<script>window.harmed = 1</script><img src=x onerror='window.harmed = 2'>"
TURNED = "safe\u202egnp.exe\u2066"
SHOWN = "safe\\u202egnp.exe\\u2066"


class Echo(Provider):
    """Repeats what it is told, wherever a provider can say something."""

    name = "echo"
    retry = Retry(attempts=1)
    intensity = Intensity(failures=1000)

    @on(EventName("plain", "echo", None))
    async def echo(self, event: Untyped, run: Run) -> None:
        text: str = event.payload["text"]
        run.label(**{text: text})
        run.progress(1, 2, text)
        logger.warning("%s", text)
        async with run.span(text):
            await anyio.lowlevel.checkpoint()
            error = ValueError(text)
            error.add_note(text)
            raise error

    @on(EventName("plain", "keep", None))
    async def keep(self, _event: Untyped, _run: Run) -> None:
        await anyio.lowlevel.checkpoint()


@pytest.fixture(scope="module")
def house() -> Generator[House]:
    with served(Echo(), settings={"runtime": {"attempts": 1}}) as house:
        yield house


@pytest.fixture
def show(page: Page, house: House) -> Callable[[str], Locator]:
    """Opens a query of the page; gives the panel of the detail."""

    def show(query: str) -> Locator:
        page.goto(house.link(query))
        return page.locator(".detail .panel")

    return show


def harmless(page: Page) -> None:
    """Nothing of what was sent became an element or ran."""
    assert page.evaluate("window.harmed") is None
    assert page.locator("img, body script, iframe").count() == 0


def test_hostile_texts_change_nothing_but_text(
    house: House, show: Callable[[str], Locator]
) -> None:
    text = f"{SCRIPT} {TURNED}"
    about = {"text": text, "repository": text, "organization": text, text: text}
    delivery = house.deliver("echo", about)
    house.settle()
    panel = show(f"delivery={delivery}")
    page = panel.page
    expect(panel).to_contain_text(SCRIPT)
    for tab in ("payload", "log", "error", "entities", "stack"):
        page.locator(f"#tab-{tab}").click()
        expect(panel).not_to_be_empty()
        if tab in {"payload", "log", "error"}:
            expect(panel).to_contain_text(SCRIPT)
            expect(panel).to_contain_text(SHOWN)
        harmless(page)
    provider = page.get_by_role("tree").first.get_by_text("echo", exact=True)
    provider.click()
    page.locator("#tab-overview").click()
    expect(panel).to_contain_text(SHOWN)
    harmless(page)
    page.get_by_role("button", name="Providers").click()
    expect(page.locator(".providers-page")).to_contain_text(SCRIPT)
    page.goto(house.link("view=entity&subject=" + SCRIPT.replace(" ", "%20")))
    expect(page.locator(".verdict")).to_contain_text(SCRIPT)
    harmless(page)
    body = page.locator("body").inner_text()
    assert "\u202e" not in body
    assert "\u2066" not in body


def test_five_megabytes_of_string_are_read_a_page_at_a_time(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = house.deliver("keep", {"text": "x" * 5_000_000, "after": "the end"})
    house.settle()
    panel = show(f"delivery={delivery}&tab=payload")
    expect(panel).to_contain_text("more has not been loaded")
    panel.get_by_role("button", name="Load all").click()
    expect(panel).to_contain_text("5,000,000 characters")
    expect(panel).to_contain_text('after: "the end"')
    panel.get_by_role("button", name="unfold text").click()
    expect(panel.locator("pre.string")).to_have_text("x" * 10_000)
    panel.get_by_role("button", name="10,000 more of 4,990,000").click()
    expect(panel.locator("pre.string")).to_have_text("x" * 20_000)
    assert len(panel.inner_text()) < 30_000


def test_pages_join_where_characters_take_two_units(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = house.deliver("keep", {"text": "🎭" * 200_000, "after": "the end"})
    house.settle()
    panel = show(f"delivery={delivery}&tab=payload")
    expect(panel).to_contain_text("400,000 characters")
    expect(panel).to_contain_text('after: "the end"')


def test_a_hundred_thousand_keys_are_folded_into_ranges(
    house: House, show: Callable[[str], Locator]
) -> None:
    keys = {f"key {i}": i for i in range(100_000)}
    delivery = house.deliver("keep", {"many": keys})
    house.settle()
    panel = show(f"delivery={delivery}&tab=payload")
    panel.get_by_role("button", name="Load all").click()
    expect(panel).not_to_contain_text("more has not been loaded")
    panel.get_by_role("button", name="unfold many").click()
    panel.get_by_role("button", name="unfold 90000 to 99999").click()
    panel.get_by_role("button", name="unfold 99900 to 99999").click()
    expect(panel).to_contain_text("key 99999: 99999")
    rows = panel.locator(".json [role=treeitem]")
    assert rows.count() < 300
    panel.get_by_role("button", name="fold many", exact=True).click()
    expect(panel).not_to_contain_text("key 99999")


def test_a_document_nested_nine_hundred_deep_can_be_looked_into(
    house: House, show: Callable[[str], Locator]
) -> None:
    deep = "[" * 900 + "]" * 900
    delivery = house.deliver("keep", {"deep": json.loads(deep)})
    house.settle()
    panel = show(f"delivery={delivery}&tab=payload")
    panel.get_by_role("button", name="Unfold all").click()
    expect(panel.locator(".json [role=treeitem]")).to_have_count(901)
    harmless(panel.page)
