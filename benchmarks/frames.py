"""The page's own frames: ten thousand tasks, ten thousand deliveries, a thousand changes.

    python benchmarks/frames.py [--seconds N]

Opens the inspector in a headless Chromium: a run of 10,000 tasks that change 1,000 times
a second, beside a list of 10,000 deliveries. Prints the time between two frames, as the
page itself measures it, while nothing is scrolled, while the tree is, and while the list
is; how many frames came late, by half of one or more; and how much of a frame is scripts,
style and layout. Beside it a page of as many rows of plain text, that nothing changes,
scrolled alike: what this Chromium can do here.

Also from a task's change of state to its picture: how old is what one task of them says
ten times a second when the page shows it, alone and amid the thousand changes.

Twice: at the screen's sixty frames a second, where no frame is shorter than 16.7 ms and
the goal is that none is missed, and with no limit, where a frame takes what it costs.
"""

import random
import shutil
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import anyio
import msgspec
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from measuring import machine, options, percentile

from callboard import Callboard, Delivery, DeliveryState, Provider, Run, Untyped, on
from callboard.ids import new_id
from callboard.journal import Arrival
from callboard.testing import THING
from callboard_inspector.served import House, served

_RATE = 1_000
"""Changes a second."""
_TICK = 0.1
_PIXELS = 60
"""Of each frame: a hundred and forty rows a second."""
_FRAME = 1000 / 60
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_UNLIMITED = ("--disable-frame-rate-limit", "--disable-gpu-vsync")
_SCRIPTS = Path(__file__).with_name("frames.js")
_COSTS = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration", "TaskDuration")


class Crowd(Provider):
    """Ten thousand tasks in a hundred groups, each with something new to say at times."""

    name = "crowd"
    timeout = None

    @on(THING)
    async def gather(self, event: Untyped, run: Run) -> None:
        """Start them; they end with the run."""
        many: int = event.payload["tasks"]
        async with anyio.create_task_group() as group:
            group.start_soon(self._tell_the_time, run, name="clock")
            for row in range(0, many, 100):
                group.start_soon(
                    partial(self._row, run, min(100, many - row), many / _RATE),
                    name=f"row {row}",
                )

    async def _tell_the_time(self, run: Run) -> None:
        while True:
            await anyio.sleep(_TICK)
            run.label(at=time.time_ns() // 1_000_000)

    async def _row(self, run: Run, many: int, every: float) -> None:
        async with anyio.create_task_group() as group:
            for n in range(many):
                group.start_soon(self._talk, run, every, name=f"repository {n}")

    async def _talk(self, run: Run, every: float) -> None:
        await anyio.sleep(random.random() * every)
        page = 0
        while True:
            page += 1
            run.label(page=page)
            await anyio.sleep(every)


async def fill(many: int, board: Callboard) -> None:
    """Put deliveries of long ago into the journal."""
    async with anyio.create_task_group() as group:
        for n in range(many):
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
            arrival = Arrival(delivery, state=DeliveryState.COMPLETED)
            group.start_soon(board.journal.append, arrival)


class _Metric(msgspec.Struct):
    name: str
    value: float


class _Metrics(msgspec.Struct):
    """Seconds and counts since the page was opened, as Chromium tells them."""

    metrics: list[_Metric]


class _Session(Protocol):
    def send(self, method: str) -> object: ...


def _session(page: Page) -> _Session:
    return page.context.new_cdp_session(page)


class Viewer:
    """One page, and what its frames took."""

    def __init__(self, page: Page, seconds: int) -> None:
        self._page = page
        self._seconds = seconds
        self._metrics = _session(page)
        self._metrics.send("Performance.enable")

    def do(self, function: str, argument: object) -> Any:
        """What a function of ``frames.js`` returns."""
        source = _SCRIPTS.read_text("utf-8")
        return self._page.evaluate(
            f"(argument) => {{ {source}; return {function}(argument); }}", argument
        )

    def measure(self, name: str, box: str, pixels: int) -> None:
        """Scroll and print."""
        before = self._costs()
        how = {"box": box, "pixels": pixels, "seconds": self._seconds}
        frames: list[float] = self.do("scroll", how)
        costs = [b - a for a, b in zip(before, self._costs(), strict=True)]
        late = sum(frame > 1.5 * _FRAME for frame in frames) / len(frames)
        script, style, layout, task = (1e3 * cost / len(frames) for cost in costs)
        print(
            f"  {name:<22} p50 {percentile(frames, 0.5):5.1f}"
            f"  p95 {percentile(frames, 0.95):5.1f}  p99 {percentile(frames, 0.99):5.1f}"
            f"  late {late:4.0%}   work {task:4.1f}: script {script:.1f},"
            f" style {style:.1f}, layout {layout:.1f}"
        )

    def measure_ages(self, name: str) -> None:
        """How long a change takes to the screen."""
        ages: list[float] = self.do("ages", self._seconds)
        halfway, late = percentile(ages, 0.5), percentile(ages, 0.95)
        print(f"  {name:<22} p50 {halfway:5.1f}  p95 {late:5.1f}")

    def _costs(self) -> list[float]:
        answer = msgspec.convert(self._metrics.send("Performance.getMetrics"), _Metrics)
        values = {metric.name: metric.value for metric in answer.metrics}
        return [values[name] for name in _COSTS]


def look(browser: Browser, house: House, delivery: str, sizes: Any) -> None:
    """Measure every way of looking, in one browser."""
    page = opened(browser, house, delivery)
    viewer = Viewer(page, sizes.seconds)
    viewer.do("readList", sizes.deliveries)
    viewer.measure("changes alone", ".tree .rows", 0)
    viewer.measure("the tree is scrolled", ".tree .rows", _PIXELS)
    viewer.measure("the list is scrolled", ".deliveries .rows", _PIXELS)
    page.goto("about:blank")
    viewer.do("bare", sizes.tasks)
    viewer.measure("plain text, scrolled", "#bare", _PIXELS)
    page.context.close()


def look_for_changes(
    browser: Browser, house: House, deliveries: Mapping[str, str], seconds: int
) -> None:
    """Measure the way of a change to the screen, of several runs."""
    for name, delivery in deliveries.items():
        page = opened(browser, house, delivery)
        page.wait_for_timeout(1000)  # what comes with the opening is not counted
        Viewer(page, seconds).measure_ages(name)
        page.context.close()


def opened(browser: Browser, house: House, delivery: str) -> Page:
    """A page that shows the run of a delivery."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(house.link(f"delivery={delivery}"))
    page.locator(".task", has_text="clock").wait_for()
    return page


@contextmanager
def chromium(*more: str) -> Generator[Browser]:
    """A headless Chromium."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        sys.exit(f"no Chromium: expected one of {', '.join(_NAMES)} on the path")
    with sync_playwright() as driver:
        arguments = ["--no-sandbox", *more]
        browser = driver.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


def main() -> None:
    """Measure and print."""
    sizes = options(
        __doc__,
        tasks=(10_000, 200, "tasks of the run"),
        deliveries=(10_000, 200, "deliveries in the list"),
        seconds=(10, 1, "seconds of each way of looking"),
    )
    print(machine())
    with served(Crowd(), settings={"runtime": {"attempts": 1}}) as house:
        house.call(partial(fill, sizes.deliveries))
        alone = house.deliver("thing", {"tasks": 0})
        delivery = house.deliver("thing", {"tasks": sizes.tasks})
        print("milliseconds from a change to the screen")
        with chromium() as browser:
            ways = {"alone": alone, "amid many": delivery}
            look_for_changes(browser, house, ways, sizes.seconds)
        for title, arguments in (("sixty a second", ()), ("no limit", _UNLIMITED)):
            print(f"{title}, milliseconds between frames")
            with chromium(*arguments) as browser:
                look(browser, house, delivery, sizes)


if __name__ == "__main__":
    main()
