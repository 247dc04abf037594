"""A payload that somebody edits is theirs until the server has taken it."""

import re

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from callboard_inspector.served import House

pytestmark = pytest.mark.browser

MINE = '{"mine": "half an hour of work"}'


def edit(page: Page, house: House, event: str = "act", **payload: object) -> Locator:
    """The editor of a new delivery's payload, with the keys."""
    delivery = house.deliver(event, payload)
    house.settle()
    page.goto(house.link(f"delivery={delivery}"))
    expect(page.locator(".tree .task").first).to_be_visible()  # nothing moves any more
    page.get_by_role("button", name="Replay edited…").click()
    editor = page.get_by_label("Payload as JSON")
    expect(editor).to_be_focused()
    assert editor.evaluate("({ selectionStart }) => selectionStart") == 0
    return editor


def send(page: Page) -> Locator:
    return page.get_by_role("button", name="Replay with this payload")


class Line:
    """The way between page and server, which may fail."""

    def __init__(self, page: Page) -> None:
        self.cut = self.silent = False
        self.opened = 0
        page.route_web_socket("**/ws", self._open)

    def _open(self, route: WebSocketRoute) -> None:
        self.opened += 1
        server = route.connect_to_server()

        def asked(message: str | bytes) -> None:
            if self.cut and '"type":"command"' in str(message):
                route.close()
                server.close()
            else:
                server.send(message)

        route.on_message(asked)
        server.on_message(lambda said: None if self.silent else route.send(said))


def test_an_edited_payload_outlives_another_run_another_delivery_and_a_second_press(
    stage: House, page: Page
) -> None:
    editor = edit(page, stage, "fall")
    editor.fill(MINE)
    again = page.get_by_role("button", name="Replay edited…")
    again.click()
    expect(editor).to_have_value(MINE)
    expect(editor).to_be_focused()
    page.get_by_role("button", name="Unpark").click()
    expect(page.locator(".runs tr.run")).to_have_count(2)
    expect(editor).to_have_value(MINE)
    stage.settle()
    page.locator(".tree .task", has_text="ladder").click()
    expect(editor).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("k")
    again.click()
    expect(editor).to_have_value(MINE)
    page.get_by_role("button", name="Close").click()
    again.click()
    expect(editor).to_have_value(re.compile(r"^\{\}?\s*\}?$"))


def test_a_payload_that_no_frame_can_carry_is_said_to_be_too_large(
    stage: House, page: Page
) -> None:
    line = Line(page)
    editor = edit(page, stage, quotes=['"' * 3000] * 100)
    fault = page.locator(".editor .fault")
    expect(fault).to_contain_text("bytes, and the server takes 1,048,576")
    expect(send(page)).to_be_disabled()
    editor.fill(MINE)
    send(page).click()
    expect(page.locator(".detail .result")).to_contain_text("Done: replayed")
    expect(editor).to_be_hidden()
    assert line.opened == 1


def test_what_was_asked_for_when_the_connection_was_lost_is_finished_and_kept(
    stage: House, page: Page
) -> None:
    line = Line(page)
    editor = edit(page, stage)
    editor.fill(MINE)
    line.cut = True
    send(page).click()
    result = page.locator(".detail .result")
    expect(result).to_contain_text("Not done: the connection was lost")
    expect(editor).to_have_value(MINE)
    line.cut = False
    expect(page.locator(".phase")).to_have_text("live")
    send(page).click()
    expect(result).to_contain_text("Done: replayed")
    expect(editor).to_be_hidden()
    expect(page.get_by_role("button", name="Replay edited…")).to_be_focused()


def test_the_editor_takes_what_is_typed_while_the_connection_is_stale(
    stage: House, page: Page
) -> None:
    line = Line(page)
    editor = edit(page, stage)
    editor.fill('["')
    line.silent = True
    expect(page.locator(".phase")).to_contain_text("stale since")
    page.keyboard.type('dn?"]')
    expect(editor).to_have_value('["dn?"]')
    expect(send(page)).to_be_disabled()
    line.silent = False
    expect(page.locator(".phase")).to_have_text("live")
    expect(editor).to_be_focused()
    expect(send(page)).to_be_enabled()
