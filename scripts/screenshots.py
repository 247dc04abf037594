"""Pictures of every view of the inspector, light and dark, for the documentation.

Starts the demo, lets it play for a while, and looks at it with Chromium:
``python scripts/screenshots.py [FOLDER]``, by default ``docs/screenshots``.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
from playwright.sync_api import Browser, Page, sync_playwright

from callboard import EventName, Provider, Run, Untyped, on
from callboard_inspector.served import served
from callboard_inspector.terminal.show import show

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
        found = re.search(r"inspector\s+(http://[^/\s]+/)", line)
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
    camera.open_run("team state:completed", "entities")
    for row in page.locator(".delivery").all():
        if page.locator(".panel .subject").count() > 0:
            break
        row.click()  # the one before it changed nothing
        page.wait_for_timeout(400)
    camera.take("changes")
    page.locator(".panel .subject").first.click()
    camera.take("entity")
    camera.open_run("team state:completed", "payload")
    camera.take("payload")
    page.get_by_role("button", name="Providers").click()
    camera.take("providers")
    camera.open_run("issues state:failed", "overview")
    compare = page.locator(".panel").get_by_role("button", name="compare").first
    if compare.count() > 0:  # it has run twice
        compare.click()
        camera.take("compare")
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
    shoot_narrow(camera)
    shoot_opened(camera)


def shoot_narrow(camera: Camera) -> None:
    """One pane at a time."""
    page = camera.page
    camera.open_run("issues state:failed", "overview")
    page.set_viewport_size(NARROW)  # pyright: ignore[reportArgumentType] - a ViewportSize is such a dict
    camera.take("narrow")
    page.locator(".tree .task").nth(1).click()
    camera.take("narrow-task")


def shoot_opened(camera: Camera) -> None:
    """A run in a file, opened from the disk."""
    page = camera.page
    page.set_viewport_size(SIZE)  # pyright: ignore[reportArgumentType] - a ViewportSize is such a dict
    camera.open_run("issues state:failed", "error")
    with page.expect_download() as waiting:
        page.locator("#tab-overview").click()
        page.get_by_role("button", name="Keep as a file").click()
    with tempfile.TemporaryDirectory() as folder:
        kept, enclosed = Path(folder, "run.json"), Path(folder, "run.html")
        waiting.value.save_as(kept)
        show(str(kept), html=enclosed)
        page.goto(enclosed.as_uri())
        page.locator(".tree .task").last.click()
        camera.take("opened-file")


class Crowd(Provider):
    """Starts ten thousand tasks that wait."""

    name = "crowd"
    timeout = None

    @on(EventName("plain", "crowd", None))
    async def gather(self, _event: Untyped, run: Run) -> None:
        """Until the camera is gone."""
        async with anyio.create_task_group() as group:
            for row in range(100):
                group.start_soon(self._row, run, row, name=f"row {row}")

    async def _row(self, run: Run, row: int) -> None:
        async with run.span(f"seats of row {row}"), anyio.create_task_group() as group:
            for seat in range(100):
                group.start_soon(anyio.sleep_forever, name=f"seat {row}.{seat}")
                # Else they hold the loop, which is another picture.
                await anyio.lowlevel.checkpoint()


def shoot_alone(chromium: Browser, folder: Path, scheme: str) -> None:
    """What the demo never shows: nothing yet, very much, a question, watching only."""
    with served(Crowd()) as house:
        camera = _camera(chromium, house.link(name="ada"), folder, scheme)
        camera.take("empty")
        house.deliver("crowd", {})
        page = camera.page
        page.locator(".delivery").first.click()
        page.locator(".tree .task", has_text="seat 0.9").first.wait_for()
        page.locator(".tree .task").nth(4).click()
        page.locator("#tab-stack").click()
        camera.take("ten-thousand")
        page.locator(".tree .task").first.click()
        page.locator("#tab-overview").click()
        page.get_by_role("button", name="Cancel…").click()
        camera.take("actions")
        page.context.clear_cookies()
        page.reload()
        camera.take("watching-only")
        page.close()


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
            shoot_alone(chromium, folder, scheme)
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
