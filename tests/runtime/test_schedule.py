"""Ticks: periods with jitter, cron, never two at once, and what a restart remembers."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy.exc import OperationalError

from callboard import (
    DeliveryState,
    DeliveryView,
    Provider,
    Retry,
    Run,
    Untyped,
    clock,
    cron,
    every,
    history,
)
from callboard.journal import Accepted, Arrival
from callboard.provider import Handler
from callboard.schedule import Schedule
from callboard.testing import THING, Gate, deliver, open_board, settled

Virtually = Callable[[Callable[[], Awaitable[Any]]], Any]


TICKS = history.DeliveryFilter(source="schedule")


class Hourly(Provider):
    name = "hourly"
    retry = Retry(attempts=1)

    runs = 0

    @every(hours=1)
    async def everything(self, _run: Run) -> None:
        self.runs += 1


class Starting(Provider):
    name = "starting"

    @every(hours=1, at_start=True)
    async def everything(self, run: Run) -> None: ...


class Nightly(Provider):
    name = "nightly"

    @cron("0 3 * * *")
    async def report(self, run: Run) -> None: ...


class Ticking:
    """A schedule without a journal; what it accepts is noted with its virtual time."""

    def __init__(
        self, *providers: Provider, last: dict[str, float] | None = None
    ) -> None:
        self.at: list[float] = []
        self.arrivals: list[Arrival] = []
        self.unended: set[str] = set()
        self.failures = 0
        handlers: list[Handler] = [h for p in providers for h in p.handlers()]
        self.schedule = Schedule(
            handlers,
            accept=self.accept,
            unended=self.is_unended,
            last_ticks=last or {},
            open_ticks={},
        )

    async def accept(self, arrival: Arrival) -> Accepted:
        if self.failures:
            self.failures -= 1
            raise OperationalError("INSERT", {}, OSError("disk full"))
        self.at.append(anyio.current_time())
        self.arrivals.append(arrival)
        delivery = arrival.delivery
        view = DeliveryView(
            id=delivery.id,
            source=delivery.source,
            guid=delivery.guid,
            event=delivery.event,
            action=delivery.action,
            organization=None,
            repository=None,
            received_at=delivery.received_at,
            state=DeliveryState.QUEUED,
        )
        return Accepted(view)

    async def is_unended(self, delivery: str) -> bool:
        return delivery in self.unended

    async def work(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self.schedule.work()


def test_period_is_kept_with_at_most_five_percent_of_jitter(
    virtually: Virtually,
) -> None:
    ticking = Ticking(Hourly())

    async def main() -> None:
        await ticking.work(100 * 3_600)

    virtually(main)
    gaps = [b - a for a, b in pairwise(ticking.at)]
    assert len(gaps) > 90
    assert all(3_599 <= gap <= 3_600 * 1.05 + 1 for gap in gaps)
    assert max(gaps) - min(gaps) > 10, "no jitter at all"


def test_first_tick_is_at_once_unless_the_last_one_is_recent(
    virtually: Virtually,
) -> None:
    new = Ticking(Hourly())
    old = Ticking(Hourly(), last={"hourly.everything": clock.now() - 7_200})
    recent = Ticking(Hourly(), last={"hourly.everything": clock.now() - 1_800})

    async def main() -> None:
        for ticking in (new, old, recent):
            await ticking.work(60)

    virtually(main)
    assert [len(t.at) for t in (new, old, recent)] == [1, 1, 0]
    (tick,) = recent.schedule.ticks
    assert tick.due == pytest.approx(clock.now() + 1_800, abs=60)


def test_last_tick_of_a_clock_that_was_ahead_holds_up_nothing(
    virtually: Virtually, caplog: pytest.LogCaptureFixture
) -> None:
    a_year_on = clock.now() + 365 * 86_400
    hourly = Ticking(Hourly(), last={"hourly.everything": a_year_on})
    nightly = Ticking(Nightly(), last={"nightly.report": a_year_on})

    async def main() -> None:
        await hourly.work(3_900)

    virtually(main)
    assert len(hourly.at) == 1
    (tick,) = nightly.schedule.ticks
    assert tick.due - clock.now() <= 86_400
    said = "hourly.everything: its last tick is in the future"
    assert any(said in record.message for record in caplog.records)


def test_one_that_ticks_at_every_start_does_so_however_recent_the_last_tick_was(
    virtually: Virtually,
) -> None:
    recent = Ticking(Starting(), last={"starting.everything": clock.now() - 60})

    async def main() -> None:
        await recent.work(3_900)

    virtually(main)
    first, second = recent.at
    assert first == 0
    assert second >= 3_600


def test_tick_waits_until_the_one_before_has_ended(virtually: Virtually) -> None:
    ticking = Ticking(Hourly())

    async def main() -> None:
        await ticking.work(1)
        ticking.unended.add(ticking.arrivals[0].delivery.id)
        await ticking.work(10 * 3_600)
        assert len(ticking.at) == 1
        ticking.unended.clear()
        await ticking.work(2 * 3_600)
        assert len(ticking.at) >= 2

    virtually(main)


def test_cron_ticks_on_the_clocks_marks_and_makes_up_for_a_missed_one() -> None:
    ticking = Ticking(Nightly())
    (tick,) = ticking.schedule.ticks
    due = datetime.fromtimestamp(tick.due, UTC)
    assert (due.hour, due.minute) == (3, 0)
    assert 0 < tick.due - clock.now() <= 86_400
    late = Ticking(Nightly(), last={"nightly.report": clock.now() - 3 * 86_400})
    (missed,) = late.schedule.ticks
    assert missed.due < clock.now()


def test_tick_that_the_journal_does_not_take_is_made_later(
    virtually: Virtually, caplog: pytest.LogCaptureFixture
) -> None:
    ticking = Ticking(Hourly())
    ticking.failures = 2

    async def main() -> None:
        await ticking.work(600)

    virtually(main)
    assert len(ticking.at) == 1
    assert "hourly.everything: no tick, disk full" in caplog.text


def test_tick_is_a_delivery_ordered_by_its_handler(virtually: Virtually) -> None:
    ticking = Ticking(Hourly())

    async def main() -> None:
        await ticking.work(1)

    virtually(main)
    (arrival,) = ticking.arrivals
    name = arrival.delivery.name
    assert (name.source, name.event, name.action) == (
        "schedule",
        "hourly",
        "everything",
    )
    assert arrival.order.keys == ("schedule=hourly.everything",)


@pytest.mark.anyio
async def test_tick_runs_is_recorded_and_not_made_again_by_a_restart(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.db"
    provider = Hourly()
    for _ in range(2):
        async with open_board(provider, path=path) as board:
            with anyio.fail_after(5):
                while not provider.runs:
                    await anyio.lowlevel.checkpoint()
                await settled(board)
            (tick,) = board.schedule.ticks
            assert tick.due > clock.now() + 3_000
            found = await board.database.read(
                lambda c: history.list_deliveries(c, TICKS, None)
            )
            assert [(v.event, v.state.value) for v in found] == [
                ("hourly", "completed")
            ]
    assert provider.runs == 1


@pytest.mark.anyio
async def test_events_go_on_while_a_full_read_runs() -> None:
    class Both(Gate):
        name = "both"
        reading = False

        @every(hours=1)
        async def everything(self, _run: Run) -> None:
            self.reading = True
            self.let("read")  # wakes who waits for that
            await self.until(lambda: bool(self.ended))

    provider = Both(is_open=True)
    async with open_board(provider) as board:
        with anyio.fail_after(5):
            await provider.until(lambda: provider.reading)
            await deliver(board, "thing", {"n": 1})
            await settled(board)
    assert provider.ended == [1]


@pytest.mark.anyio
async def test_tick_that_a_restart_interrupted_runs_again_and_no_other_beside_it(
    tmp_path: Path,
) -> None:
    class Reading(Gate):
        name = "reading"

        @every(hours=1)
        async def everything(self, run: Run) -> None:
            await self.wait(Untyped(THING, {"n": run.delivery.id}, ""), run)

    path = tmp_path / "a.db"
    provider = Reading()
    settings = {"runtime": {"grace": 0}}
    async with open_board(provider, path=path, settings=settings):
        with anyio.fail_after(10):
            await provider.entered(1)
    provider.open()
    async with open_board(provider, path=path) as board:
        with anyio.fail_after(10):
            await provider.left(2)
            await settled(board)
        found = await board.database.read(
            lambda c: history.list_deliveries(c, TICKS, None)
        )
    assert provider.begun == [provider.begun[0]] * 2
    assert len(found) == 1


@pytest.mark.anyio
async def test_tick_that_memory_let_go_of_is_looked_up_in_the_journal() -> None:
    gate = Gate()
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1})
            await gate.entered(1)
            board.trace.deliveries.clear()
            assert await board._unended(id_)
            gate.open()
            await settled(board)
            assert not await board._unended(id_)
            assert not await board._unended("nothing")
