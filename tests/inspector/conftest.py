"""Fixtures of the inspector: a real Chromium, a page in it, a callboard to look at."""

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import anyio
import msgspec
import pytest
from msgspec import Raw
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    sync_playwright,
)

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
from callboard.testing import record
from callboard_inspector.served import House, served

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 15_000
AWAY = ("WebSocket connection to ", "Failed to load resource: net::ERR_")
AXE = "node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    """Chromium; without one the test is skipped, or fails in CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        reason = f"no Chromium: expected one of {', '.join(NAMES)} on the path"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def axe(request: pytest.FixtureRequest) -> str:
    """The checker's script; without it the test is skipped, or fails in CI."""
    path = request.config.rootpath / AXE
    if not path.exists():
        reason = f"no {AXE}: expected `npm install` to have put it there"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path.read_text()


@pytest.fixture
def context(chromium: Browser) -> Generator[BrowserContext]:
    """A browser of its own: no cookies, nothing stored."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Generator[Page]:
    """A tab in which nothing may go wrong: a script's error fails the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def heard(message: ConsoleMessage) -> None:
        # A server that is away is no fault of the page.
        away = message.text.startswith(AWAY)
        if message.type == "error" and not away:
            faults.append(message.text)

    page.on("console", heard)
    yield page
    assert not faults, faults


class Cast(Provider):
    """Does what its events say.

    ``act`` completes, ``fall`` fails deep in a group, ``wait`` and ``crowd`` go on until
    a ``cue`` with the same name, and ``chatter`` does not stop talking until then.
    ``change`` records ``effects``, where ``board`` is set.
    """

    name = "cast"
    timeout = None
    retry = Retry(attempts=1)
    intensity = Intensity(failures=1000)

    def __init__(self) -> None:
        self._cues: dict[str, anyio.Event] = {}
        self.board: Callboard | None = None

    def _cue(self, event: Untyped) -> anyio.Event:
        return self._cues.setdefault(event.payload.get("cue", ""), anyio.Event())

    @on(EventName("plain", "cue", None))
    async def cue(self, event: Untyped, _run: Run) -> None:
        self._cue(event).set()

    @on(EventName("plain", "act", None))
    async def act(self, event: Untyped, run: Run) -> None:
        name = event.payload.get("name", "first scene")
        run.label(**event.payload.get("labels", {}))
        async with run.span(name), run.span("entrance"):
            await anyio.lowlevel.checkpoint()
        async with run.span("exit"):
            await anyio.lowlevel.checkpoint()

    @on(EventName("plain", "change", None))
    async def change(self, event: Untyped, run: Run) -> None:
        assert self.board is not None
        effects = [_effect(**each) for each in event.payload["effects"]]
        async with run.span("apply", given=len(effects)):
            await record(self.board.database, run, *effects)

    @on(EventName("plain", "fall", None))
    async def fall(self, event: Untyped, run: Run) -> None:
        async with run.span("ladder"), anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever, name="below")
            group.start_soon(self._slip, event.payload, name="top")

    async def _slip(self, payload: dict[str, str]) -> None:
        await anyio.lowlevel.checkpoint()
        raise ValueError(payload.get("error", "slipped"))

    @on(EventName("plain", "wait", None))
    async def wait(self, event: Untyped, run: Run) -> None:
        cue = self._cue(event)
        async with run.span("in the wings"):
            await cue.wait()
        async with run.span("on stage"):
            await anyio.lowlevel.checkpoint()

    @on(EventName("plain", "crowd", None))
    async def crowd(self, event: Untyped, run: Run) -> None:
        cue = self._cue(event)
        many: int = event.payload["many"]
        async with anyio.create_task_group() as group:
            for row in range(0, many, 100):
                group.start_soon(self._row, run, row, min(many, row + 100), cue)

    async def _row(self, run: Run, first: int, last: int, cue: anyio.Event) -> None:
        async with run.span(f"row {first}"), anyio.create_task_group() as group:
            for n in range(first, last):
                group.start_soon(cue.wait, name=f"extra {n}")

    @on(EventName("plain", "deaf", None))
    async def deaf(self, event: Untyped, run: Run) -> None:
        async with run.span("does not hear"):
            with anyio.CancelScope(shield=True):
                await self._cue(event).wait()

    @on(EventName("plain", "chatter", None))
    async def chatter(self, event: Untyped, run: Run) -> None:
        cue = self._cue(event)
        async with anyio.create_task_group() as group:
            for n in range(event.payload["mouths"]):
                group.start_soon(
                    self._talk, run, event.payload["every"], cue, name=f"mouth {n}"
                )

    async def _talk(self, run: Run, every: float, cue: anyio.Event) -> None:
        words = 0
        while not cue.is_set():
            words += 1
            run.label(words=words)
            with anyio.move_on_after(every):
                await cue.wait()


def _effect(
    operation: str, subject: str, before: object = None, after: object = None
) -> Effect:
    def raw(document: object) -> Raw | None:
        return None if document is None else Raw(msgspec.json.encode(document))

    return Effect(subject, operation, raw(before), raw(after))


@pytest.fixture(scope="module")
def stage() -> Generator[House]:
    """A callboard whose one provider is a ``Cast``, for all tests of a module."""
    with _on_stage() as house:
        yield house


@contextmanager
def _on_stage(*others: Provider) -> Generator[House]:
    cast = Cast()
    with served(cast, *others, settings={"runtime": {"attempts": 1}}) as house:
        cast.board = house.board
        yield house


@pytest.fixture
def on_stage() -> Callable[..., AbstractContextManager[House]]:
    """Serves a callboard with a ``Cast`` and the providers that it is called with."""
    return _on_stage


@pytest.fixture
def make_cast() -> type[Cast]:
    """For a test that serves a callboard of its own."""
    return Cast


class Understudy(Provider):
    """Fails as often as its event says."""

    name = "understudy"
    retry = Retry(attempts=3, first_wait=0.0)

    @on(EventName("plain", "play", None))
    async def play(self, event: Untyped, run: Run) -> None:
        async with run.span(f"act {run.attempt}"), run.span("scene"):
            if run.attempt <= event.payload["falls"]:
                raise ValueError("forgot the words")


@pytest.fixture(scope="session")
def understudy() -> Provider:
    """A provider that is tried again: it fails as often as its event says."""
    return Understudy()
