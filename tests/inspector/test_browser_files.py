"""A run's file beside a server: it is opened, looked at, left, and sometimes refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from callboard import Provider
from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser


def do(page: Page, what: str) -> None:
    """Choose it in the palette."""
    page.keyboard.press("Control+k")
    page.keyboard.type(what)
    page.keyboard.press("Enter")


def open_file(page: Page, path: Path) -> None:
    """As people choose one."""
    with page.expect_file_chooser() as choosing:
        do(page, "open a run")
    choosing.value.set_files(path)


def kept(page: Page, house: House, path: Path, name: str) -> str:
    """A delivery that is looked at, and whose run is in a file."""
    delivery = house.deliver("act", {"name": name})
    house.settle()
    page.goto(house.link())
    page.locator(f"#delivery-{delivery}").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Keep as a file").click()
    waiting.value.save_as(path)
    return delivery


def test_a_file_is_left_for_what_was_asked_for_and_back_leads_to_what_was_before(
    stage: House, page: Page, tmp_path: Path
) -> None:
    stage.deliver("act")
    delivery = kept(page, stage, tmp_path / "run.json", "kept")
    expect(page.locator(".delivery").nth(1)).to_be_visible()
    page.locator("#tab-payload").click()
    panel = page.locator(".detail .panel")
    expect(panel).to_contain_text('name: "kept"')
    many = page.locator(".delivery").count()
    before = page.url
    open_file(page, tmp_path / "run.json")
    phase = page.locator(".phase")
    expect(phase).to_have_text("from a file")
    page.locator(".delivery").click()
    expect(page.locator(".delivery")).to_have_count(1)
    expect(phase).to_have_text("from a file")
    expect(page.get_by_role("button", name="Freeze")).to_be_disabled()
    page.keyboard.press("p")  # it stands still anyway
    page.go_back()
    expect(phase).to_have_text("live")
    expect(page.locator(".delivery")).to_have_count(many)
    assert page.url == before
    open_file(page, tmp_path / "run.json")
    expect(phase).to_have_text("from a file")
    page.get_by_role("button", name="Runs").click()
    expect(phase).to_have_text("live")
    expect(panel).to_contain_text('name: "kept"', timeout=1500)
    open_file(page, tmp_path / "run.json")
    expect(phase).to_have_text("from a file")
    do(page, "component:default/site")
    page.wait_for_url("**subject=component%3Adefault%2Fsite**")
    expect(page.locator(".subject-page")).to_contain_text("component:default/site")
    assert f"delivery={delivery}" in page.url


def test_a_refused_file_is_told_wherever_it_is_opened(
    make_cast: Callable[[], Provider], page: Page, tmp_path: Path
) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"format": "something else"}')
    with served(make_cast()) as house:
        for query, there in (("", ".empty-page"), ("view=entity", ".subject-page")):
            page.goto(house.link(query))
            expect(page.locator(there)).to_be_visible()
            open_file(page, path)
            told = page.locator(".result", has_text="other.json: expected a run's file")
            expect(told.filter(visible=True)).to_have_count(1)
        delivery = house.deliver("act")
        house.settle()
        for query, there in (("", ".welcome"), (f"delivery={delivery}", ".panel")):
            page.goto(house.link(query))
            expect(page.locator(there)).to_be_visible()
            open_file(page, path)
            expect(told.filter(visible=True)).to_have_count(1)
        page.goto("about:blank")


def test_what_is_parked_or_runs_is_shown_from_every_page(
    stage: House, page: Page
) -> None:
    parked = stage.deliver("fall")
    stage.settle()
    page.goto(stage.link("view=providers"))
    page.locator(".toolbar .trouble").click()
    expect(page.locator(f"#delivery-{parked}")).to_be_visible()
    page.goto(stage.link("view=entity"))
    page.get_by_title("Show those that run").click()
    expect(page.locator(".deliveries .none")).to_contain_text("passes the filter")
    page.go_back()
    expect(page.locator(".subject-page")).to_be_visible()
    do(page, "parked or failed")
    expect(page.locator(f"#delivery-{parked}")).to_be_visible()
    page.goto(stage.link("view=providers"))
    expect(page.locator(".providers-page")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("state:parked")
    expect(page.locator(f"#delivery-{parked}")).to_be_visible()
    expect(page.locator(".filter")).to_have_value("state:parked")
    page.go_back()
    expect(page.locator(".providers-page")).to_be_visible()
