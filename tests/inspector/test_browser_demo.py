"""The demo, as somebody sees it who starts it for the first time."""

import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SOON_MS = 15_000


@pytest.fixture
def demo(tmp_path: Path) -> Generator[str]:
    """A running demo; where its inspector is."""
    command = [sys.executable, "-m", "callboard", "demo", "--no-open"]
    command += ["--port", "0", "--inspector-port", "0", "--keep", str(tmp_path)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "Ctrl-C" in line:
                    break
            found = re.search(r"inspector +(http://\S+)", said)
            assert found is not None, said
            yield found[1]
        finally:
            process.kill()


def test_trees_of_the_demo_are_live_soon_after_its_start(demo: str, page: Page) -> None:
    page.goto(demo)
    expect(page.locator(".phase")).to_have_text("live", timeout=SOON_MS)
    # An event for which a provider reads something.
    newest = page.locator(".delivery", has_text=re.compile("team|membership")).first
    expect(newest).to_be_visible(timeout=SOON_MS)
    newest.click()
    tasks = page.locator(".tree .task")
    expect(tasks.nth(1)).to_be_visible(timeout=SOON_MS)
    # The link lets who opens it act.
    replay = page.get_by_role("button", name="Replay", exact=True)
    expect(replay).to_be_visible(timeout=SOON_MS)
    before = newest.get_attribute("data-id")
    # Another one arrives by itself.
    page.wait_for_function(
        "id => document.querySelector('.delivery[data-id]') !== null &&"
        " [...document.querySelectorAll('.delivery')].some((row) => row.dataset.id > id)",
        arg=before,
        timeout=SOON_MS,
    )
    page.goto("about:blank")
