"""A list of ten thousand deliveries, read to its end."""

import re

import anyio
import pytest
from playwright.sync_api import Page, WebSocket, expect

from callboard import Callboard, Delivery, DeliveryState, Provider
from callboard.ids import new_id
from callboard.journal import Arrival
from callboard_inspector.served import served

pytestmark = pytest.mark.browser

MANY = 10_000
TO_THE_END = """async (many) => {
  const box = document.querySelector('.deliveries .rows');
  const shown = () => Number(document.querySelector('.deliveries .pane-head')
    .textContent.replace(/\\D/g, ''));
  const frames = [];
  let before = performance.now();
  const until = before + 40000;
  while (shown() < many && performance.now() < until) {
    if (box.scrollHeight > box.clientHeight) box.scrollTop = box.scrollHeight;
    else document.querySelector('.deliveries .older').click();
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  frames.sort((a, b) => a - b);
  const share = (part) => frames[Math.floor(frames.length * part)];
  return [shown(), share(0.5), share(0.95), share(0.99)];
}"""


def arrival(n: int, state: DeliveryState = DeliveryState.COMPLETED) -> Arrival:
    """A delivery of long ago, that has ended."""
    delivery = Delivery(
        id=new_id(),
        source="plain",
        hook="",
        guid=f"guid {n}",
        event=f"kind{n % 7}",
        action=None,
        organization="acme",
        repository=f"acme/site-{n}",
        received_at=1_700_000_000.0 + n,
        headers={},
        body=b"{}",
    )
    return Arrival(delivery, state=state)


async def fill(board: Callboard) -> None:
    """Put them into the journal."""
    async with anyio.create_task_group() as group:
        for n in range(MANY):
            group.start_soon(board.journal.append, arrival(n))


async def fill_with_trouble(board: Callboard) -> None:
    """Two parked ones, below more that completed than a page of the list holds."""
    for n in range(2):
        await board.journal.append(arrival(n, DeliveryState.PARKED))
    async with anyio.create_task_group() as group:
        for n in range(2, 300):
            group.start_soon(board.journal.append, arrival(n))


def test_parked_deliveries_that_are_not_in_the_list_are_counted_and_found(
    make_cast: type[Provider], page: Page
) -> None:
    with served(make_cast()) as house:
        house.call(fill_with_trouble)
        house.deliver("act", {"name": "newest"})
        house.settle()
        asked: list[str] = []

        def listen(socket: WebSocket) -> None:
            socket.on("framesent", lambda text: asked.append(str(text)))

        page.on("websocket", listen)
        page.goto(house.link())
        expect(page.locator(".deliveries .total")).to_have_text("201")
        trouble = page.locator(".toolbar .trouble")
        expect(trouble).to_contain_text("2 parked")
        trouble.click()
        expect(page.locator(".delivery")).to_have_count(2)
        expect(page.locator(".older")).to_be_hidden()
        page.get_by_label("Filter").fill("repo:acme/site-1 state:foo")
        expect(page.locator(".deliveries .none")).to_contain_text(
            "No state is called foo: expected queued"
        )
        page.get_by_label("Filter").fill("-repo:acme state:")
        expect(page.locator(".delivery")).to_have_count(1)
        page.get_by_label("Filter").fill("state:completed no-such")
        expect(page.locator(".deliveries .none")).to_contain_text(
            "None of the newest 201 passes"
        )
        page.evaluate("new Promise(requestAnimationFrame)")
        # Only a person lets the whole journal be read.
        assert not [text for text in asked if '"state":"completed"' in text]
        page.get_by_label("Filter").fill("repo:no-such")
        expect(page.locator(".deliveries .none")).to_contain_text(
            "None of the newest 201 passes"
        )
        older = page.get_by_role("button", name="Search older deliveries")
        older.click()
        expect(older).to_be_hidden()
        expect(page.locator(".deliveries .none")).to_have_text(
            "No delivery passes the filter."
        )
        page.goto("about:blank")


def test_ten_thousand_deliveries_are_few_rows_and_can_be_read_to_the_first(
    make_cast: type[Provider], page: Page
) -> None:
    with served(make_cast()) as house:
        house.call(fill)
        house.deliver("act", {"name": "newest"})
        house.settle()
        page.goto(house.link())
        expect(page.locator(".delivery").first).to_be_visible()
        shown, p50, p95, p99 = page.evaluate(TO_THE_END, MANY + 1)
        print(  # noqa: T201 - a figure to be read
            f"{shown:,} deliveries, frames while they come:"
            f" p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms"
        )
        assert shown == MANY + 1
        assert page.locator(".delivery").count() < 80
        expect(page.locator(".older")).to_be_hidden()  # there is none
        page.get_by_label("Filter").fill("event:kind3 repo:site-9998")
        expect(page.locator(".delivery")).to_have_count(0)
        page.get_by_label("Filter").fill("repo:acme/site-9999")
        only = page.locator(".delivery")
        expect(only).to_have_count(1)
        only.click()
        expect(page).to_have_url(re.compile("delivery="))
        expect(page.locator(".detail .panel")).to_contain_text("guid 9999")
        house.deliver("act", {"name": "another"})
        page.get_by_label("Filter").fill("")
        expect(page.locator(".deliveries .pane-head")).to_contain_text(
            re.compile(r"10\D002")
        )
        page.goto("about:blank")
