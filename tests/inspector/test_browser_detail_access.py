"""The detail pane and the pages beside the tree, for people who hear or tab through."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from callboard_inspector.served import House

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
TABS = ["overview", "payload", "entities", "log", "error", "stack"]
PAGES = ["view=providers", "view=entity", "view=entity&subject=x:default/y"]


def violations(page: Page, axe: str, where: str) -> list[Any]:
    """What the checker finds in a part of the page, in both colour schemes."""
    found: list[Any] = []
    page.evaluate(axe)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += page.evaluate(
            """async ([where, rules, scheme]) => {
              const { violations } = await axe.run(where, { runOnly: rules });
              return violations.map(({ id, nodes }) =>
                [scheme, id, nodes.map((node) => node.html.slice(0, 200))]);
            }""",
            [where, RULES, scheme],
        )
    return found


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_accessible(stage: House, page: Page, axe: str, tab: str) -> None:
    delivery = stage.deliver("fall")
    stage.settle()
    page.goto(stage.link(f"delivery={delivery}&tab={tab}"))
    expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".detail .panel")).not_to_contain_text("Loading")
    assert violations(page, axe, ".detail") == []


@pytest.mark.parametrize("query", PAGES)
def test_every_page_is_accessible(
    stage: House, page: Page, axe: str, query: str
) -> None:
    stage.deliver("fall")
    stage.settle()
    page.goto(stage.link(query))
    expect(page.locator(".page h2")).to_be_visible()
    expect(page.locator(".page")).not_to_contain_text("Loading")
    assert violations(page, axe, ".page") == []


def test_two_runs_side_by_side_are_accessible(
    stage: House, page: Page, axe: str
) -> None:
    deliveries = [stage.deliver(event) for event in ("fall", "act")]
    stage.settle()
    view = stage.board.trace.deliveries[deliveries[0]]
    page.goto(stage.link(f"view=compare&run={view.run}&other={deliveries[1]}"))
    expect(page.locator(".pairs")).to_be_visible()
    assert violations(page, axe, ".page") == []


def test_tabs_are_walked_with_the_arrows(stage: House, page: Page) -> None:
    delivery = stage.deliver("fall")
    stage.settle()
    page.goto(stage.link(f"delivery={delivery}"))
    page.locator("#tab-overview").focus()
    for tab in ("payload", "entities", "log"):
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"#tab-{tab}")).to_be_focused()
        expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tab-entities")).to_be_focused()


def test_what_becomes_of_a_command_is_announced(stage: House, page: Page) -> None:
    delivery = stage.deliver("act")
    stage.settle()
    page.goto(stage.link(f"delivery={delivery}"))
    status = page.locator(".detail [role=status]").first
    expect(status).to_have_attribute("aria-live", "polite")
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(status).to_contain_text(f"Done: replayed {delivery}")
