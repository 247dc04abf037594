"""What is told of subjects, and how one is found: in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from callboard_inspector.served import House, served

pytestmark = pytest.mark.browser


def written(stage: House, *changes: tuple[str, str]) -> str:
    """A delivery whose run does these operations to these subjects."""
    delivery = stage.deliver("change", {"effects": [told(*pair) for pair in changes]})
    stage.settle()
    return delivery


def told(operation: str, subject: str) -> dict[str, object]:
    """With what an effect of this kind has."""
    documents = {
        "added": {"after": {"spec": {"owner": "new"}}},
        "rejected": {"after": {"message": "it has no owner"}},
    }
    return {"operation": operation, "subject": subject, **documents[operation]}


def test_what_was_refused_stands_apart_from_what_changed(
    stage: House, page: Page
) -> None:
    lamp, skull = "component:default/lamp", "component:default/skull"
    both = written(stage, ("added", lamp), ("rejected", skull))
    page.goto(stage.link(f"delivery={both}"))
    row = page.get_by_role("treeitem", name="apply")
    expect(row).to_contain_text("1 change · 1 remark · given 2")
    row.click()
    page.locator("#tab-entities").click()
    parts = page.locator(".detail .part")
    expect(parts).to_have_count(2)
    expect(parts.first.get_by_role("heading")).to_have_text(
        "Left as it was: 1 rejected"
    )
    expect(parts.first.locator(".said")).to_have_text("it has no owner")
    expect(parts.last.get_by_role("heading")).to_have_text("Changed: 1 added")
    refused = written(stage, ("rejected", skull))
    page.goto(stage.link(f"delivery={refused}"))
    expect(row).to_contain_text("1 remark · given 1")
    expect(row).not_to_contain_text("change")
    page.goto(stage.link(f"view=compare&run={both}&other={refused}"))
    changed = page.locator(".compare-page .part", has_text="What they changed")
    expect(changed.locator(".effect")).to_have_count(1)
    expect(changed).to_contain_text(lamp)


def test_subject_is_found_by_a_part_of_its_name_with_the_keyboard(
    stage: House, page: Page
) -> None:
    written(stage, ("added", "group:acme/Night-shift"), ("added", "user:acme/hamlet"))
    page.goto(stage.link("view=entity"))
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("user:acme/hamlet")  # the newest
    page.get_by_label("Look up").fill("shift acme")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("group:acme/Night-shift")
    page.keyboard.press("ArrowDown")
    expect(options).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("There: added last by cast")
    expect(options).to_have_count(0)
    page.get_by_label("Look up").fill("ghost")
    expect(page.locator(".finder")).to_contain_text("Nothing that is on record")
    page.keyboard.press("Escape")
    expect(page.locator(".verdict")).to_contain_text("There: added last by cast")
    page.get_by_label("Look up").fill("hamlet")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("Not there: no run")
    page.get_by_role("button", name="user:acme/hamlet").click()
    expect(page.locator(".verdict")).to_contain_text("There: added last by cast")


def test_entities_page_of_a_new_journal_says_that_nothing_was_changed_yet(
    page: Page,
) -> None:
    with served() as house:
        page.goto(house.link("view=entity"))
        expect(page.locator(".finder")).to_contain_text("has changed anything yet")
