"""The tabs of the detail pane and the actions, in a real browser."""

import logging
from collections.abc import Callable, Generator

import anyio
import msgspec
import pytest
from msgspec import Raw
from playwright.sync_api import BrowserContext, Locator, Page, expect

from callboard import (
    Callboard,
    Effect,
    EventName,
    Intensity,
    Provider,
    Retry,
    Run,
    Untyped,
    on,
)
from callboard.delivery import DeliveryState
from callboard.task import Task
from callboard.testing import record
from callboard_inspector.gate import owner
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser
logger = logging.getLogger(__name__)


class Hands(Provider):
    """Does what its events say."""

    name = "hands"
    timeout = 90.0
    retry = Retry(attempts=1)
    intensity = Intensity(failures=1000)

    def __init__(self) -> None:
        self.boards: list[Callboard] = []

    @on(EventName("plain", "speak", None))
    async def speak(self, _event: Untyped, run: Run) -> None:
        run.label(team="night shift")
        run.progress(2, 4, "acts")
        logger.warning("the lights flicker")
        async with run.span("second act"):
            logger.warning("a prop is missing")
            try:
                raise LookupError("no skull")
            except LookupError:
                logger.exception("improvising")

    @on(EventName("plain", "change", None))
    async def change(self, event: Untyped, run: Run) -> None:
        owner = event.payload["owner"]
        before, after = _entity("old"), _entity(owner)
        effect = Effect("component:default/site", "changed", before, after)
        async with run.span("apply"):
            await record(self.boards[0].database, run, effect)

    @on(EventName("plain", "fail", None))
    async def fail(self, _event: Untyped, _run: Run) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._fail, "first")
            group.start_soon(self._fail, "second")

    async def _fail(self, what: str) -> None:
        try:
            raise KeyError(what)
        except KeyError as error:
            raise RuntimeError(f"{what} line was cut") from error

    @on(EventName("plain", "wait", None))
    async def wait(self, _event: Untyped, run: Run) -> None:
        async with run.span("for ever"):
            await anyio.sleep_forever()


def _entity(owner: str) -> Raw:
    spec = {"owner": owner, "a": 1, "b": 2, "c": 3}
    return Raw(msgspec.json.encode({"kind": "Component", "spec": spec}))


@pytest.fixture(scope="module")
def house() -> Generator[House]:
    hands = Hands()
    settings = {"runtime": {"attempts": 1}}
    with served(hands, settings=settings) as house:
        hands.boards.append(house.board)
        yield house


@pytest.fixture
def show(page: Page, house: House) -> Callable[[str], Locator]:
    """Opens a query of the page; gives the panel of the detail."""

    def show(query: str) -> Locator:
        page.goto(house.link(query))
        return page.locator(".detail .panel")

    return show


def ended(house: House, event: str, payload: dict[str, object] | None = None) -> str:
    delivery = house.deliver(event, payload)

    def state(board: Callboard) -> bool | None:
        view = board.trace.deliveries[delivery]
        open_states = {DeliveryState.QUEUED, DeliveryState.RUNNING}
        return None if view.state in open_states else True

    house.until(state)
    return delivery


def task(house: House, delivery: str, name: str) -> Task:
    def found(board: Callboard) -> Task | None:
        run = board.trace.deliveries[delivery].run
        tree = board.trace.trees.get(run or "")
        tasks = () if tree is None else tuple(tree.tasks.values())
        return next((each for each in tasks if each.name == name), None)

    return house.until(found)


def test_overview_tells_times_scope_labels_and_progress(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = ended(house, "speak")
    panel = show(f"delivery={delivery}&task={task(house, delivery, 'hands').id}")
    for text in ("Ran", "1 min 30 s for each attempt", "1 of 1", "night shift"):
        expect(panel).to_contain_text(text)
    expect(panel).to_contain_text("2 of 4 acts")
    expect(panel.locator("progress")).to_have_attribute("value", "2")
    panel.get_by_role("button", name="plain:speak").click()
    expect(panel.page.locator(".detail .head h2")).to_have_text("plain:speak")
    expect(panel).to_contain_text("GUID")


def test_log_shows_levels_and_what_lies_below(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = ended(house, "speak")
    provider = task(house, delivery, "hands").id
    panel = show(f"delivery={delivery}&task={provider}&tab=log")
    lines = panel.locator(".log .line")
    expect(lines).to_have_count(3)
    expect(lines.nth(1)).to_contain_text("second act")
    panel.get_by_label("from level").select_option("ERROR")
    expect(lines).to_have_count(1)
    panel.get_by_role("button", name="LookupError: no skull").click()
    expect(lines.first).to_contain_text('raise LookupError("no skull")')
    panel.get_by_label("from level").select_option("DEBUG")
    panel.get_by_label("with everything below").uncheck()
    expect(lines).to_have_count(1)
    expect(lines.first).to_contain_text("the lights flicker")


def test_entities_shows_a_diff_and_the_way_to_the_whole_history(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = ended(house, "change", {"owner": "new"})
    panel = show(f"delivery={delivery}&tab=entities")
    expect(panel.locator(".diff .gone")).to_contain_text("removed:   owner: old")
    expect(panel.locator(".diff .new")).to_contain_text("added:   owner: new")
    expect(panel.get_by_text("kind: Component")).to_have_count(1)
    panel.get_by_role("button", name="component:default/site", exact=True).click()
    page = panel.page
    expect(page.locator(".verdict")).to_contain_text("changed last by hands")
    assert "subject=component" in page.url


def test_error_shows_the_group_first_and_any_exception_of_it(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = ended(house, "fail")
    panel = show(f"delivery={delivery}&tab=error")
    members = panel.locator(".member")
    expect(members.first).to_contain_text("ProvidersFailed")
    expect(members.nth(1)).to_contain_text("ExceptionGroup of 2")
    expect(panel.locator(".exception h3")).to_contain_text("RuntimeError")
    chosen = panel.locator(".members .current")
    expect(chosen).to_contain_text("line was cut")
    panel.get_by_role("button", name="raised from KeyError").last.click()
    expect(panel.locator(".exception h3")).to_contain_text("KeyError")
    expect(panel.locator(".frame .source")).to_have_text("raise KeyError(what)")
    members.nth(1).click()
    library = panel.locator(".frames button")
    expect(panel.locator(".frame.library")).to_have_count(0)
    library.first.click()
    expect(panel.locator(".frame.library").first).to_be_visible()


def test_await_stack_is_live_and_marked_old_once_the_task_has_ended(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = house.deliver("wait")
    task(house, delivery, "for ever")
    provider = task(house, delivery, "hands")
    panel = show(f"delivery={delivery}&task={provider.id}&tab=stack")
    expect(panel.locator(".lead")).to_contain_text("as it stands at")
    expect(panel).to_contain_text("await anyio.sleep_forever()")
    page = panel.page
    page.get_by_role("tab", name="Overview").click()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="No", exact=True).click()
    assert not provider.state.final
    page.get_by_role("tab", name="Await stack").click()
    expect(panel).to_contain_text("await anyio.sleep_forever()")
    page.get_by_role("tab", name="Overview").click()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(panel).to_contain_text(f"Cancelled by {owner()}.")
    expect(page.locator(".detail .result")).to_contain_text("Done: told")
    page.get_by_role("tab", name="Await stack").click()
    expect(panel.locator(".lead")).to_contain_text("stale: as it stood at")
    expect(panel).to_contain_text("await anyio.sleep_forever()")


def test_payload_is_copied_as_curl_without_what_signs_it(
    house: House, show: Callable[[str], Locator], context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    delivery = ended(house, "speak", {"line": "it's <b>"})
    panel = show(f"delivery={delivery}&tab=payload")
    expect(panel.locator(".json")).to_contain_text("it's <b>")
    panel.get_by_role("button", name="Copy as curl").click()
    said = panel.get_by_role("button", name="copied")
    expect(said).to_be_visible()
    # It is still said after everything has been drawn again.
    panel.get_by_role("button", name="Raw").click()
    expect(said).to_be_visible()
    copied = str(panel.page.evaluate("navigator.clipboard.readText()"))
    assert "--header 'x-plain-event: speak'" in copied
    assert "'{\"line\":\"it'\\''s <b>\"}'" in copied
    assert "token" not in copied


def test_replay_with_an_edited_payload_is_checked_and_leads_to_what_it_made(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = ended(house, "change", {"owner": "first"})
    panel = show(f"delivery={delivery}")
    panel.get_by_role("button", name="Replay edited…").click()
    editor = panel.get_by_label("Payload as JSON")
    expect(editor).to_have_value('{\n  "owner": "first"\n}')
    replay = panel.get_by_role("button", name="Replay with this payload")
    expect(editor).to_be_focused()
    box = editor.bounding_box()
    assert box is not None
    assert box["height"] > 400
    editor.fill('{"owner": "sec')
    editor.press("Escape")
    expect(editor).to_be_hidden()
    panel.get_by_role("button", name="Replay edited…").click()
    expect(editor).to_have_value('{"owner": "sec')  # it is not lost
    editor.fill('{"owner": ')
    expect(replay).to_be_disabled()
    expect(panel.locator(".fault")).to_contain_text("This is not JSON")
    editor.fill('{"owner": "second"}')
    expect(replay).to_be_enabled()
    replay.click()
    page = panel.page
    page.get_by_role("button", name="Show it").click()
    expect(panel.get_by_role("button", name=delivery)).to_be_visible()
    page.get_by_role("tab", name="Entities").click()
    expect(panel.locator(".diff .new")).to_contain_text("owner: second")


def test_parked_delivery_can_be_queued_again(
    house: House, show: Callable[[str], Locator]
) -> None:
    delivery = ended(house, "fail")
    house.until(
        lambda board: (
            board.trace.deliveries[delivery].state is DeliveryState.PARKED or None
        )
    )
    panel = show(f"delivery={delivery}")
    expect(panel.locator(".runs tr.run")).to_have_count(1)
    panel.get_by_role("button", name="Unpark").click()
    expect(panel.page.locator(".detail .result")).to_contain_text("queued")
    expect(panel.locator(".runs tr.run")).to_have_count(2)


def test_delivery_that_waits_for_its_turn_shows_what_arrived(
    house: House, show: Callable[[str], Locator]
) -> None:
    about = {"repository": "acme/queue", "line": "to be or not"}
    first, second = (house.deliver("wait", about) for _ in range(2))
    task(house, first, "for ever")
    panel = show(f"delivery={second}")
    page = panel.page
    expect(page.locator(".detail .head")).to_contain_text("plain:wait")
    expect(page.locator(".detail .head")).to_contain_text("queued")
    expect(panel).to_contain_text("GUID")
    expect(panel.get_by_role("button", name="Replay", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Error").click()
    expect(panel).to_contain_text("It has not run yet: it waits for")
    page.get_by_role("tab", name="Payload").click()
    expect(panel).to_contain_text('line: "to be or not"')


def test_without_the_right_to_act_nothing_offers_to(page: Page) -> None:
    with served(Hands(), settings={"inspector": {"actions": False}}) as house:
        delivery = ended(house, "speak")
        page.goto(house.link(f"delivery={delivery}"))
        expect(page.locator(".detail .panel")).to_contain_text("GUID")
        expect(page.get_by_role("button", name="Replay")).to_have_count(0)
        page.get_by_role("button", name="Providers").click()
        expect(page.locator(".providers-page")).to_contain_text("hands")
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)
        page.goto("about:blank")
