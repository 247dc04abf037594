"""One watcher: its pace, its gaps, its bounds, and what ends it. Time is made up."""

from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from trio.testing import MockClock

from callboard import Trace, clock
from callboard.delivery import DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard.task import Task
from callboard_inspector.actions import Actions, Done
from callboard_inspector.feed import Feed, FeedFullError
from callboard_inspector.questions import OfDelivery, OfProviders
from callboard_inspector.testing import Line, connected
from callboard_inspector.watched import Watched
from callboard_inspector.watcher import OPEN, SCOPES
from callboard_inspector.wire import (
    FRAME_LIMIT,
    Beat,
    Bye,
    Command,
    Delta,
    Detail,
    Gap,
    Inspect,
    Result,
    Resume,
    Scope,
    Snapshot,
    Subscribe,
    encode,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


@pytest.fixture
def trace() -> Trace:
    return Trace(capacity=64)


@pytest.fixture
def feed(trace: Trace) -> Feed:
    return Feed(Watched(trace), watchers=2)


def delivery(trace: Trace) -> DeliveryView:
    at = clock.now()
    view = DeliveryView(
        new_id(), "s", "g", "push", None, None, None, at, DeliveryState.QUEUED
    )
    trace.show(view)
    return view


def running(trace: Trace) -> Task:
    root = trace.open_tree(new_id(), delivery(trace).id, "push").root
    root.start()
    return root


async def begun(line: Line, *scopes: str) -> None:
    """Subscribe, and read until everything has been said once."""
    await line.say(Subscribe([Scope(scope) for scope in scopes]))
    await line.until(Beat)


async def gather(line: Line, seconds: float) -> list[tuple[float, Delta]]:
    """The deltas of some time, and when each came."""
    begin = anyio.current_time()
    found: list[tuple[float, Delta]] = []
    with anyio.move_on_after(seconds):
        while True:
            frame = await line.until(Delta)
            found.append((round(anyio.current_time() - begin, 3), frame))
    return found


async def test_the_first_change_after_a_silence_goes_out_at_once(
    trace: Trace, feed: Feed
) -> None:
    async with connected(feed) as line:
        await begun(line)
        await anyio.sleep(0.5)
        view = delivery(trace)
        [(at, delta)] = await gather(line, 0.4)
        assert at == 0
        assert delta.deliveries[0].id == view.id
        assert delta.end == trace.sequence


async def test_what_follows_comes_in_batches_of_fifty_milliseconds(
    trace: Trace, feed: Feed
) -> None:
    async with connected(feed) as line:
        await begun(line)
        await anyio.sleep(0.5)

        async def busy() -> None:
            for _ in range(50):
                delivery(trace)
                await anyio.sleep(0.004)

        found: list[tuple[float, Delta]] = []
        async with anyio.create_task_group() as group:
            group.start_soon(busy)
            found += await gather(line, 0.5)
        times = [at for at, _ in found]
        assert times == [0, 0.05, 0.1, 0.15, 0.2]
        assert sum(len(delta.deliveries) for _, delta in found) == 50


async def test_a_watcher_whose_send_was_slow_is_sent_fewer_batches(
    trace: Trace, feed: Feed
) -> None:
    async with connected(feed, room=0) as line:
        await begun(line)

        await anyio.sleep_until(0.55)  # before the next beat
        delivery(trace)
        await anyio.sleep(0.12)  # the send of it waits all the while
        await line.until(Delta)
        delivery(trace)
        [(at, _)] = await gather(line, 0.4)
        assert at == 0.08  # at 0.75 and not at 0.7


class CountingTrace(Trace):
    read = 0

    def since(self, cursor: int) -> Any:
        self.read += 1
        return super().since(cursor)


async def test_where_many_watch_each_is_sent_fewer_batches_read_once_for_all() -> None:
    trace = CountingTrace()
    feed = Feed(Watched(trace))
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(connected(feed)) for _ in range(40)]
        for line in lines:
            await begun(line)
            await anyio.sleep(0.013)  # they come at different moments
        sent, trace.read = [line.sent for line in lines], 0
        for _ in range(250):
            delivery(trace)
            await anyio.sleep(0.004)
        batches = [line.sent - before for line, before in zip(lines, sent, strict=True)]
        assert all(5 <= count <= 8 for count in batches)  # with the beat; not twenty
        assert trace.read <= 12  # and not forty times as many


async def test_a_change_elsewhere_sends_a_tree_nothing(
    trace: Trace, feed: Feed
) -> None:
    watched, other = running(trace), running(trace)
    async with connected(feed) as line:
        await begun(line, watched.tree.delivery)
        other.label({"a": 1})
        assert await gather(line, 0.4) == []
        watched.label({"a": 1})
        scopes = [delta.scope for _, delta in await gather(line, 0.4)]
        assert scopes == [watched.tree.delivery, ""]


async def test_a_watcher_that_falls_off_the_ring_is_told_and_shown_everything_anew(
    trace: Trace, feed: Feed
) -> None:
    root = running(trace)
    async with connected(feed) as line:
        await begun(line, root.tree.delivery)
        lost = 0
        for gaps in (1, 2):
            behind = trace.sequence
            for n in range(trace.capacity):
                root.label({"n": n})
            gap = await line.until(Gap)
            lost += gap.end - gap.start
            assert (gap.start, gap.end) == (behind, trace.sequence)
            assert (gap.gaps, gap.lost) == (gaps, lost)  # they only ever grow
            scopes = [await line.until(Snapshot) for _ in range(6)]
            assert {frame.scope for frame in scopes} == {"", root.tree.delivery}
            beat = await line.next()
            assert isinstance(beat, Beat)  # and only now, that it has it all
            assert beat.sequence == trace.sequence


async def test_a_lost_connection_is_resumed_without_a_snapshot(
    trace: Trace, feed: Feed
) -> None:
    root = running(trace)
    held = Scope(root.tree.delivery, held=True)
    at = Resume(trace.boot, trace.sequence)
    root.label({"meanwhile": True})
    async with connected(feed) as line:
        await line.say(Subscribe([held], at))
        frames = [await line.next() for _ in range(3)]
    assert [type(frame) for frame in frames] == [Delta, Delta, Beat]


@pytest.mark.parametrize(
    "resume", [Resume("another boot", 1), Resume("", 1), Resume("this", 10**9)]
)
async def test_a_resume_that_is_not_of_this_boot_gets_snapshots(
    trace: Trace, feed: Feed, resume: Resume
) -> None:
    root = running(trace)
    if resume.boot == "this":
        resume = Resume(trace.boot, resume.sequence)
    async with connected(feed) as line:
        await line.say(Subscribe([Scope(root.tree.delivery, held=True)], resume))
        frames = [await line.next() for _ in range(6)]
    assert [frame.scope for frame in frames if isinstance(frame, Snapshot)] == [
        *[""] * 3,
        *[root.tree.delivery] * 3,
    ]


async def test_a_beat_comes_every_second_though_nothing_happens(feed: Feed) -> None:
    async with connected(feed) as line:
        await begun(line)
        begin = anyio.current_time()
        for second in (1, 2, 3):
            await line.until(Beat)
            assert anyio.current_time() - begin == pytest.approx(second)


async def test_a_client_that_asks_and_does_not_read_is_not_read_from(
    feed: Feed,
) -> None:
    async with connected(feed, room=0) as line:
        for n in range(100):
            await line.say(Inspect(n, OfDelivery("x")))
        await anyio.sleep(5)
        assert (
            line.unheard >= 100 - OPEN - 2
        )  # a few are held, the others not even read
        answers = [await line.until(Detail) for _ in range(100)]
        assert sorted(answer.request for answer in answers) == list(range(100))


async def test_an_answer_the_asker_already_has_is_not_sent_again(
    trace: Trace, feed: Feed
) -> None:
    from callboard_inspector.questions import OfTask

    root = running(trace)
    async with connected(feed) as line:
        await line.say(Inspect(1, OfTask(root.id)))
        first = await line.until(Detail)
        assert first.answer is not None
        await line.say(Inspect(2, OfTask(root.id), first.revision))
        second = await line.until(Detail)
        assert (second.unchanged, second.answer) == (True, None)
        root.label({"changed": True})
        await line.say(Inspect(3, OfTask(root.id), first.revision))
        third = await line.until(Detail)
        assert third.revision > first.revision
        assert third.answer is not None


async def test_a_command_is_refused_where_actions_are_off(feed: Feed) -> None:
    async with connected(feed) as line:
        await line.say(Command(1, "cancel", "x"))
        result = await line.until(Result)
    assert not result.ok
    assert "switched off" in result.message


async def test_a_command_is_done_where_actions_are_on(feed: Feed) -> None:
    done: list[str] = []

    async def cancel(command: Command, who: str) -> Done:
        done.append(f"{command.target} by {who}")
        return Done("stopped")

    async with connected(feed, actions=Actions({"cancel": cancel}, "ada")) as line:
        await line.say(Command(1, "cancel", "x"))
        assert await line.until(Result) == Result(1, ok=True, message="stopped")
        await line.say(Command(2, "park", "x"))
        assert not (await line.until(Result)).ok
    assert done == ["x by ada"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{}", "protocol"),
        ("x" * (FRAME_LIMIT + 1), "protocol"),
        (encode(Subscribe([Scope(str(n)) for n in range(SCOPES + 1)])), "protocol"),
    ],
    ids=["no frame", "too long", "too many scopes"],
)
async def test_what_breaks_the_rules_ends_the_connection_with_a_word(
    feed: Feed, said: str, code: str
) -> None:
    async with connected(feed) as line:
        await line.say_text(said)
        bye = await line.until(Bye)
        assert bye.code == code
        with pytest.raises(anyio.EndOfStream):
            await line.next()
        assert line.closed is not None


async def test_too_many_frames_in_a_short_time_end_the_connection(feed: Feed) -> None:
    async with connected(feed) as line:
        for n in range(300):
            await line.say(Command(n, "cancel", "x"))
        assert (await line.until(Bye)).code == "flood"
        assert line.closed is not None
        assert line.closed[0] == 1008


async def test_a_steady_client_is_not_cut_off(feed: Feed) -> None:
    async with connected(feed) as line:
        for n in range(600):
            await line.say(Inspect(n, OfProviders()))
            await line.until(Detail)
            await anyio.sleep(0.03)


async def test_a_client_that_never_speaks_does_not_keep_its_place(feed: Feed) -> None:
    async with connected(feed) as line:
        bye = await line.until(Bye)
        assert bye.code == "protocol"
        assert anyio.current_time() < 20


async def test_watchers_are_told_when_the_server_ends(feed: Feed) -> None:
    async with connected(feed) as quiet, connected(feed) as line:
        await begun(line)
        feed.close()
        for each in (quiet, line):
            assert (await each.until(Bye)).code == "shutdown"


async def test_no_more_may_watch_than_the_limit(feed: Feed) -> None:
    async with connected(feed), connected(feed):
        assert feed.watchers == 2
        with pytest.raises(FeedFullError):
            feed.enter()
    assert feed.watchers == 0


async def test_nobody_watching_costs_the_trace_no_wake(
    trace: Trace, feed: Feed
) -> None:
    async with connected(feed) as line:
        await begun(line)
        await anyio.wait_all_tasks_blocked()
        assert trace._armed
    assert not trace._armed


async def test_a_watcher_that_reads_nothing_delays_no_other(
    trace: Trace, feed: Feed
) -> None:
    async with connected(feed, room=0) as stalled, connected(feed) as line:
        await stalled.say(Subscribe())
        await begun(line)
        for _ in range(20):
            await anyio.sleep(0.5)
            view = delivery(trace)
            [(at, delta)] = await gather(line, 0.3)
            assert at == 0
            assert delta.deliveries[0].id == view.id
        assert stalled.sent == 1


async def test_a_frame_is_measured_in_bytes(feed: Feed) -> None:
    async with connected(feed) as line:
        await line.say_text("é" * (FRAME_LIMIT // 2 + 1))
        bye = await line.until(Bye)
    assert bye.reason == f"a frame is at most {FRAME_LIMIT} bytes"
