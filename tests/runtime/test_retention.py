"""How long the journal keeps what has ended."""

import zlib
from typing import Any

import anyio
import pytest
from sqlalchemy import func, select, update

from callboard import Callboard, DeliveryState, clock, history
from callboard.journal import Arrival
from callboard.retention import Retention, _sweep
from callboard.tables import deliveries, effects, runs
from callboard.testing import Gate, deliver, open_board, sample, settled, view

pytestmark = pytest.mark.anyio
DAY = 86_400
ENDED = DeliveryState.COMPLETED


async def keep(
    board: Callboard, count: int, state: DeliveryState = ENDED, *, size: int = 10
) -> list[str]:
    """Deliveries in the journal, ``size`` bytes each, oldest first."""
    ids: list[str] = []
    for number in range(count):
        delivery = sample("thing", {"n": number, "x": "x" * size})
        ids.append(delivery.id)
        await board.journal.append(Arrival(delivery, state=state))
    return ids


async def age(board: Callboard, ids: list[str], days: float) -> None:
    def change(connection: Any, arguments: list[None]) -> list[None]:
        old = {"received_at": clock.now() - days * DAY}
        connection.execute(
            update(deliveries).where(deliveries.c.id.in_(ids)).values(**old)
        )
        return arguments

    await board.database.write(change, None)


async def sweep(
    board: Callboard, *, days: float = 0, deliveries: int = 0, megabytes: int = 0
) -> int:
    """Sweep until nothing goes; returns how many went."""
    wanted = Retention(days=days, deliveries=deliveries, megabytes=megabytes)
    gone = 0
    while some := await board.database.write(_sweep, wanted):
        gone += some
    return gone


async def left(board: Callboard) -> list[str]:
    found = await board.database.read(
        lambda c: history.list_deliveries(c, history.DeliveryFilter(), None)
    )
    return [view.id for view in reversed(found)]


async def test_old_deliveries_go_and_younger_ones_stay() -> None:
    async with open_board() as board:
        ids = await keep(board, 6)
        await age(board, ids[:4], days=31)
        assert await sweep(board, days=30.0) == 4
        assert await left(board) == ids[4:]


async def test_oldest_go_when_there_are_too_many() -> None:
    async with open_board() as board:
        ids = await keep(board, 10)
        assert await sweep(board, deliveries=3) == 7
        assert await left(board) == ids[7:]


async def test_oldest_go_when_their_payloads_are_too_large() -> None:
    async with open_board() as board:
        ids = await keep(board, 10, size=500_000)
        await sweep(board, megabytes=2)
        kept = await left(board)
    assert kept == ids[-len(kept) :]
    assert 1 <= len(kept) <= 4


@pytest.mark.parametrize(
    "state",
    [
        s
        for s in DeliveryState
        if s.value in {"queued", "running", "failed", "held", "parked"}
    ],
)
async def test_what_has_not_ended_stays_whatever_its_age(state: DeliveryState) -> None:
    async with open_board() as board:
        board.actions._dispatcher.close()  # so that what is queued stays so
        ids = await keep(board, 3, state)
        await age(board, ids, days=1_000)
        assert await sweep(board, days=1.0, deliveries=1, megabytes=1) == 0
        assert await left(board) == ids


async def test_runs_and_effects_go_with_their_delivery() -> None:
    async with open_board(Gate(is_open=True)) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1})
            await settled(board)
        await age(board, [id_], days=31)
        await sweep(board, days=30.0)
        for table in (deliveries, runs, effects):
            count = await board.database.read(
                lambda c, t=table: c.execute(
                    select(func.count()).select_from(t)
                ).scalar()
            )
            assert count == 0, table.name


async def test_more_than_a_batch_goes_in_several_transactions() -> None:
    async with open_board() as board:
        async with anyio.create_task_group() as group:
            for n in range(1_200):
                arrival = Arrival(sample("thing", {"n": n}), state=ENDED)
                group.start_soon(board.journal.append, arrival)
        assert await board.database.write(_sweep, Retention(deliveries=100)) == 500
        assert await sweep(board, deliveries=100) == 600
        assert len(await left(board)) == 100


async def test_no_limit_keeps_everything() -> None:
    async with open_board() as board:
        ids = await keep(board, 5)
        await age(board, ids, days=10_000)
        assert await sweep(board) == 0


async def test_delivery_that_retention_took_while_it_waited_is_passed_over() -> None:
    gate = Gate()
    async with open_board(gate, settings={"runtime": {"runs_at_once": 1}}) as board:
        with anyio.fail_after(10):
            await deliver(board, "thing", {"n": 1})
            await gate.entered(1)
            id_ = await deliver(board, "thing", {"n": 2})
            await deliver(board, "thing", {"n": 3})

            def remove(connection: Any, arguments: list[None]) -> list[None]:
                connection.execute(deliveries.delete().where(deliveries.c.id == id_))
                return arguments

            await board.database.write(remove, None)
            gate.open()
            await gate.left(2)
            await settled(board)
        with pytest.raises(LookupError):
            await view(board, id_)
    assert gate.ended == [1, 3]


async def test_payloads_are_compressed_in_the_journal() -> None:
    async with open_board() as board:
        (id_,) = await keep(board, 1, size=100_000)
        stored = await board.database.read(
            lambda c: c.execute(
                select(deliveries.c.body, deliveries.c.size).where(
                    deliveries.c.id == id_
                )
            ).one()
        )
        kept = await board.journal.load(id_)
    assert len(stored.body) < 2_000
    assert kept is not None
    assert zlib.decompress(stored.body) == kept.body
    assert stored.size == len(kept.body)
