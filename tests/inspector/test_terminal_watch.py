"""The command ``watch``: what it follows, what it says, and when it gives up."""

import io
import json
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest
from anyio import to_thread
from rich.console import Console

from callboard import Provider, Run, Trace, Untyped, clock, on
from callboard.delivery import DeliveryState, DeliveryView
from callboard.testing import THING, deliver, settled
from callboard_inspector import testing
from callboard_inspector.client import NoServerError, connect
from callboard_inspector.picture import Picture
from callboard_inspector.rows import Rows
from callboard_inspector.served import served
from callboard_inspector.snapshots import snapshot_of_list
from callboard_inspector.terminal.journal_lines import Lines, as_json, as_text
from callboard_inspector.terminal.screen import Screen
from callboard_inspector.terminal.watch import Follower, UnknownDeliveryError, watch
from callboard_inspector.wire import Beat, Blocked, Delta

pytestmark = pytest.mark.anyio
KEY = "a key of sixteen: é"


class Shelf(Provider):
    """Keeps things."""

    name = "shelf"

    @on(THING)
    async def keep(self, event: Untyped, run: Run) -> None:
        run.label(kept=event.reason)


class Heard:
    """What a follower writes, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._new = Lines(as_text)
        self._wake = anyio.Event()

    def __call__(self, picture: Picture) -> None:
        self.lines.extend(self._new.new(picture))
        self._wake.set()
        self._wake = anyio.Event()

    async def of(self, delivery: str) -> None:
        """Wait for a line that names ``delivery``."""
        while not any(delivery in line for line in self.lines):
            await self._wake.wait()


async def test_watch_follows_what_comes_and_draws_it_as_wide_as_the_screen() -> None:
    with anyio.fail_after(30):
        async with testing.served(Shelf()) as board:
            assert board.inspector_url is not None
            follower, heard = Follower(board.inspector_url, None, None), Heard()
            first = drawn(Screen(follower, "http://x"), 40)
            assert first.strip() == "○ connecting · http://x"
            async with anyio.create_task_group() as group:
                group.start_soon(follower.follow, heard)
                await heard.of(await deliver(board, "thing", {}))
                group.cancel_scope.cancel()
            assert "thing" in heard.lines[-1]
            for width in (40, 60, 80, 120):
                frame = drawn(Screen(follower, "http://x"), width)
                assert "  thing  " in frame
                assert max(map(len, frame.splitlines())) <= width


async def test_watch_comes_back_after_the_server_has_gone(tmp_path: Path) -> None:
    heard, port, boots = Heard(), 0, list[str]()
    follower: Follower | None = None
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(2):
                house = served(Shelf(), folder=tmp_path, port=port)
                # In a thread: a server that ends waits for who watches it.
                found = await to_thread.run_sync(house.__enter__)
                if follower is None:
                    port = urlsplit(found.address).port or 0
                    follower = Follower(found.address, None, None)
                    group.start_soon(follower.follow, heard)
                await heard.of(await to_thread.run_sync(found.deliver, "thing"))
                assert follower.picture.hello is not None
                boots.append(follower.picture.hello.boot)
                await to_thread.run_sync(house.__exit__, None, None, None)
            group.cancel_scope.cancel()
    assert len(set(boots)) == 2


def drawn(screen: Screen, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, height=30)
    console.print(screen)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("file", "told"),
    [("/x/a.py", "held by deaf at /x/a.py:7 · http"), ("", "held by deaf · http")],
)
def test_screen_tells_where_the_loop_is_held_if_that_is_known(
    file: str, told: str
) -> None:
    blocked = Blocked("r.1", "deaf", 0.0, file, 7, "hold", "go.wait()")
    follower = Follower("http://x", None, None)
    follower.picture.apply(Beat(0, 0.0, 1.0, 1, 1, 1, blocked))
    assert told in drawn(Screen(follower, "http://x"), 160)


async def test_watch_without_a_server_says_so() -> None:
    with pytest.raises(NoServerError, match="no inspector answers"):
        await Follower("http://127.0.0.1:1", None, None).follow(lambda _: None)


def test_a_thing_is_said_again_only_when_its_line_is_another() -> None:
    trace = Trace()
    view = DeliveryView(
        "d", "s", "g", "push", None, "o", None, clock.now(), DeliveryState.QUEUED
    )
    trace.show(view)
    picture, lines, objects = Picture(), Lines(as_text), Lines(as_json)

    def said(lines: Lines) -> list[str]:
        for frame in snapshot_of_list(trace):
            picture.apply(frame)
        return list(lines.new(picture))

    assert len(said(lines)) == 1
    trace.publish(view)
    assert said(lines) == []
    trace.change("d", state=DeliveryState.RUNNING)
    assert "running" in said(lines)[0]
    assert json.loads(said(objects)[0])["state"] == "running"


@pytest.mark.parametrize("json_", [False, True])
async def test_watching_a_delivery_that_nobody_knows_ends_and_says_so(
    json_: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with anyio.fail_after(30):
        async with testing.served(Shelf()) as board:
            delivery = await deliver(board, "thing", {})
            await settled(board)
            call = partial(watch, url=str(board.inspector_url), json_=json_)
            with pytest.raises(SystemExit) as ended:
                await anyio.to_thread.run_sync(partial(call, "nope"))
            assert ended.value.code == 1
            assert "nothing is known of 'nope'" in capsys.readouterr().err
            follower = Follower(str(board.inspector_url), None, delivery)
            with anyio.CancelScope() as scope:
                await follower.follow(lambda p: scope.cancel() if p.trees else None)
            assert follower.picture.trees[delivery].run is not None
            with pytest.raises(UnknownDeliveryError):
                await Follower(str(board.inspector_url), None, "").follow(_nothing)


def _nothing(_: Picture) -> None:
    pass


async def test_a_full_server_is_no_server_to_begin_with() -> None:
    settings = {"inspector": {"watchers": 1}}
    with anyio.fail_after(30):
        async with testing.served(settings=settings) as board:
            first, second = (
                Follower(str(board.inspector_url), None, None) for _ in range(2)
            )
            seen = anyio.Event()
            async with anyio.create_task_group() as group:

                def saw(_: Picture) -> None:
                    seen.set()

                group.start_soon(first.follow, saw)
                await seen.wait()
                with pytest.raises(NoServerError, match="1 watch already"):
                    await second.follow(_nothing)
                group.cancel_scope.cancel()


async def test_watch_says_what_is_there_where_no_inspector_is() -> None:
    with anyio.fail_after(30):
        async with testing.served() as board:
            webhooks = str(board.front_url)
            for url in (webhooks, f"{board.inspector_url}/nowhere"):
                with pytest.raises(
                    NoServerError, match=r"no callboard inspector.* 404"
                ):
                    await Follower(url, None, None).follow(_nothing)
            with pytest.raises(NoServerError, match="does not answer to the host"):
                async with connect(str(board.inspector_url), host="elsewhere"):
                    pass


async def test_a_key_of_any_letters_opens_and_a_missing_one_is_said_to_be_missing() -> (
    None
):
    environment = {"CALLBOARD_INSPECTOR_TOKEN": KEY}
    with anyio.fail_after(30):
        async with testing.served(environment=environment) as board:
            url = str(board.inspector_url)
            for key in (None, "é"):
                with pytest.raises(NoServerError, match="without a key"):
                    await Follower(url, key, None).follow(_nothing)
            follower = Follower(url, KEY, None)
            with anyio.CancelScope() as scope:
                await follower.follow(lambda _: scope.cancel())
            assert follower.picture.hello is not None


def told(numbers: range, state: DeliveryState) -> Delta:
    """One frame that tells of many deliveries."""
    rows = Rows(clock.now())
    for number in numbers:
        rows.add_delivery(
            DeliveryView(
                f"d{number:06}", "s", "g", "push", None, "o", None, clock.now(), state
            )
        )
    fields = rows.fields()
    return Delta(scope="", start=0, end=1, time=0.0, **fields)


async def test_a_picture_lets_go_of_the_oldest_and_lines_remember_the_newest() -> None:
    with anyio.fail_after(30):
        async with testing.served() as board:
            follower = Follower(str(board.inspector_url), None, None)
            with anyio.CancelScope() as scope:
                await follower.follow(lambda _: scope.cancel())
    picture = follower.picture
    assert picture.hello is not None
    most = picture.hello.limits.list
    lines = Lines(as_text, most=10)
    picture.apply(told(range(3), DeliveryState.RUNNING))
    assert len(list(lines.new(picture))) == 3
    for start in range(3, 10 * most, most):
        end = start + most
        picture.apply(told(range(start, end), DeliveryState.COMPLETED))
        assert len(list(lines.new(picture))) == most
        picture.apply(told(range(end - 10, end), DeliveryState.COMPLETED))
        assert list(lines.new(picture)) == []
        picture.apply(told(range(end - 20, end - 10), DeliveryState.COMPLETED))
        assert len(list(lines.new(picture))) == 10
        assert len(picture.deliveries) <= 2 * most
    assert {f"d{number:06}" for number in range(3)} <= set(picture.deliveries)
