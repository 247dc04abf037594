"""Pictures of every view of the inspector, light and dark, for the documentation.

Starts the demo, lets it play for a while, and looks at it with Chromium:
``python scripts/screenshots.py [FOLDER]``, by default ``docs/screenshots``.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
PLAYS = 45.0
"""Seconds until enough has happened to be worth a picture."""
SIZE = {"width": 1280, "height": 800}
NARROW = {"width": 420, "height": 800}


@contextmanager
def demo() -> Generator[str]:
    """The demo's inspector, while it plays."""
    command = [sys.executable, "-m", "callboard", "demo", "--no-open", "--port", "0"]
    command += ["--inspector-port", "0", "--pace", "0.4"]
    playing = subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield _address(playing)
    finally:
        playing.terminate()
        playing.communicate()


def _address(playing: "subprocess.Popen[str]") -> str:
    for line in playing.stdout or ():
        found = re.search(r"inspector\s+(http://\S+)", line)
        if found:
            return found[1]
    message = f"expected the demo to say where its inspector is; it ended: {playing}"
    raise RuntimeError(message)


class Camera:
    """One page in one colour scheme."""

    def __init__(self, page: Page, folder: Path, scheme: str) -> None:
        self.page = page
        self._folder = folder
        self._scheme = scheme

    def take(self, name: str) -> None:
        """A picture of what is seen, once it has settled."""
        self.page.wait_for_timeout(1200)
        self.page.screenshot(path=self._folder / f"{name}-{self._scheme}.png")

    def open_run(self, words: str, tab: str) -> None:
        """The newest delivery that a filter finds, at one tab of its detail."""
        self.page.get_by_role("button", name="Runs", exact=True).click()
        self.page.locator("input[type=search]").first.fill(words)
        self.page.locator(".delivery").first.click()
        self.page.locator(f"#tab-{tab}").click()


def shoot(camera: Camera) -> None:
    """Every view, in the order of a visit."""
    page = camera.page
    page.locator(".delivery").first.wait_for()
    page.get_by_role("button", name="Freeze").click()
    camera.open_run("issues state:failed", "overview")
    camera.take("run")
    camera.open_run("issues state:failed", "error")
    camera.take("error")
    camera.open_run("team", "entities")
    camera.take("changes")
    page.locator(".panel .subject").first.click()
    camera.take("entity")
    camera.open_run("team", "payload")
    camera.take("payload")
    page.get_by_role("button", name="Providers").click()
    camera.take("providers")
    camera.open_run("issues state:failed", "log")
    camera.take("log")
    page.keyboard.press("Control+k")
    camera.take("palette")
    page.keyboard.press("Escape")
    page.locator("dialog.palette:not([open])").wait_for(state="attached")
    page.wait_for_timeout(100)
    page.keyboard.press("?")
    camera.take("help")
    page.keyboard.press("Escape")
    camera.open_run("issues state:failed", "overview")
    page.set_viewport_size(NARROW)  # pyright: ignore[reportArgumentType] - a ViewportSize is such a dict
    camera.take("narrow")


def main() -> None:
    """Take them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with demo() as address, sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        time.sleep(PLAYS)
        for scheme in ("light", "dark"):
            shoot(_camera(chromium, address, folder, scheme))
        chromium.close()


def _camera(chromium: Browser, address: str, folder: Path, scheme: str) -> Camera:
    dark = scheme == "dark"
    page = chromium.new_page(
        viewport=SIZE,  # pyright: ignore[reportArgumentType] - a ViewportSize is such a dict
        color_scheme="dark" if dark else "light",
    )
    page.goto(address)
    return Camera(page, folder, scheme)


if __name__ == "__main__":
    main()
