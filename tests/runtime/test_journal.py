"""What is recorded, joined, run again and shown after a restart."""

import logging
from pathlib import Path

import anyio
import pytest
from msgspec import Raw
from sqlalchemy import Connection, update

from callboard import (
    Database,
    DeliveryState,
    Effect,
    Intensity,
    Provider,
    Retry,
    Run,
    Untyped,
    clock,
    history,
    on,
)
from callboard.journal import INTERRUPTED, Journal
from callboard.tables import deliveries, runs
from callboard.testing import (
    THING,
    Gate,
    deliver,
    find,
    newest_tree,
    open_board,
    outline,
    post,
    reached,
    record,
    settled,
    signed,
    view,
)

pytestmark = pytest.mark.anyio
SOON = {"runtime": {"first_wait": 0.001, "attempts": 3}}


class Counting(Provider):
    """Records one effect for each run, and fails as often as it is told to."""

    name = "counting"
    retry = Retry(attempts=1)
    intensity = Intensity(failures=1_000)

    def __init__(self, database: Database | None = None, failures: int = 0) -> None:
        self.database = database
        self.failures = failures
        self.seen: list[str] = []

    @on(THING)
    async def count(self, event: Untyped, run: Run) -> None:
        self.seen.append(str(event.payload.get("n")))
        if self.failures:
            self.failures -= 1
            raise OSError("not yet")
        if self.database is not None:
            effect = Effect("thing:a", "added", None, Raw(b'{"n":1}'))
            await record(self.database, run, effect)


async def test_delivery_is_recorded_whole_and_run_once() -> None:
    provider = Counting()
    async with open_board(provider) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 7, "organization": "acme"})
            await settled(board)
        found = await view(board, id_)
        kept = await board.journal.load(id_)
        tree = await newest_tree(board, id_)
    assert provider.seen == ["7"]
    assert (found.state, found.attempts) == (DeliveryState.COMPLETED, 1)
    assert found.organization == "acme"
    assert kept is not None
    assert kept.body == b'{"n":7,"organization":"acme"}'
    assert outline(tree)["state"] == "completed"


async def test_copy_that_arrives_while_the_first_runs_joins_it() -> None:
    gate = Gate()
    async with open_board(gate) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1}, guid="same")
            await gate.entered(1)
            copy = await post(board, "plain", b'{"n": 1}', signed("thing", "same"))
            assert copy.content["id"] == id_
            assert copy.content["duplicate"] is True
            gate.open()
            await settled(board)
        found = await view(board, id_)
    assert gate.ended == [1]
    assert (found.attempts, found.redeliveries) == (1, 0)


async def test_copies_that_arrive_at_once_are_one_delivery() -> None:
    provider = Counting()
    ids: list[str] = []

    async with open_board(provider) as board:

        async def send() -> None:
            ids.append(await deliver(board, "thing", {"n": 1}, guid="same"))

        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(send)
            await settled(board)
    assert len(set(ids)) == 1
    assert provider.seen == ["1"]


async def test_same_guid_of_another_hook_is_another_delivery() -> None:
    provider = Counting()
    async with open_board(provider) as board:
        with anyio.fail_after(5):
            for hook in ("1", "2"):
                headers = signed("thing", "same", hook=hook)
                assert (await post(board, "plain", b"{}", headers)).status == 202
            await settled(board)
    assert len(provider.seen) == 2


async def test_later_redelivery_runs_again_and_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = Counting()
    async with open_board(provider) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1}, guid="same")
            await settled(board)
            later = clock.now() + 3_600
            monkeypatch.setattr(clock, "now", lambda: later)
            assert await deliver(board, "thing", {"n": 1}, guid="same") == id_
            await settled(board)
        found = await view(board, id_)
        kept = await board.database.read(lambda c: history.list_runs(c, id_))
    assert provider.seen == ["1", "1"]
    assert (found.state, found.redeliveries) == (DeliveryState.COMPLETED, 1)
    assert len(kept) == 2


async def test_failed_delivery_is_run_again_and_parked_at_last() -> None:
    provider = Counting(failures=100)
    async with open_board(provider, settings=SOON) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1})
            found = await reached(board, id_, DeliveryState.PARKED)
    assert len(provider.seen) == 3
    assert found.attempts == 3
    assert found.reason == "1 of 1 providers failed: `counting`"


async def test_second_run_leaves_providers_alone_that_completed_in_the_first() -> None:
    class Other(Counting):
        name = "other"

    good, bad = Other(), Counting(failures=1)
    async with open_board(good, bad, settings=SOON) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1})
            await reached(board, id_, DeliveryState.COMPLETED)
    assert len(good.seen) == 1
    assert len(bad.seen) == 2


async def test_many_failing_deliveries_are_all_run_again() -> None:
    provider = Counting(failures=40)
    settings = {"runtime": {"first_wait": 0.0, "attempts": 100}}
    async with open_board(provider, settings=settings) as board:
        provider_ids = [await deliver(board, "thing", {"n": i}) for i in range(20)]
        with anyio.fail_after(5):
            for id_ in provider_ids:
                await reached(board, id_, DeliveryState.COMPLETED)
    assert len(provider.seen) == 60


async def test_run_that_a_crash_cut_is_interrupted_and_run_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "crashed.db"
    async with open_board(Counting(), path=path) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1})
            await settled(board)

    def crash(connection: Connection, _: list[None]) -> list[None]:
        """Leave the journal as a process does that ends in the middle of the run."""
        running = {"state": DeliveryState.RUNNING, "done": b"[]"}
        connection.execute(update(deliveries).values(**running))
        ended = {"ended_at": None, "state": "running", "tree": None}
        connection.execute(update(runs).values(**ended))
        return [None]

    database = Database.open(f"sqlite:///{path}")
    await database.write(crash, None)
    database.close()
    again = Counting()
    async with open_board(again, path=path) as board:
        with anyio.fail_after(5):
            await settled(board)
        kept = await board.database.read(lambda c: history.list_runs(c, id_))
        found = await view(board, id_)
    assert again.seen == ["1"]
    assert found.state is DeliveryState.COMPLETED
    assert [(run.state, run.cause) for run in kept] == [
        ("halted", INTERRUPTED),
        ("completed", None),
    ]


async def test_runs_halted_at_shutdown_run_again_at_the_next_start(
    tmp_path: Path,
) -> None:
    path = tmp_path / "stopped.db"
    gate = Gate()
    settings = {"runtime": {"grace": 0.01}}
    async with open_board(gate, path=path, settings=settings) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1})
            await gate.entered(1)
    assert gate.ended == []
    gate.open()
    async with open_board(gate, path=path) as board:
        with anyio.fail_after(5):
            await settled(board)
        kept = await board.database.read(lambda c: history.list_runs(c, id_))
    assert gate.ended == [1]
    assert [(run.state, run.cause) for run in kept] == [
        ("halted", "shutdown"),
        ("completed", None),
    ]


async def test_effects_are_told_by_run_and_by_subject(tmp_path: Path) -> None:
    provider = Counting()
    async with open_board(provider, path=tmp_path / "effects.db") as board:
        provider.database = board.database
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1})
            await settled(board)
        tree = await newest_tree(board, id_)
        by_run = await board.database.read(
            lambda c: history.effects_of_run(c, tree.run)
        )
        on_it = await board.database.read(lambda c: history.effects_on(c, "thing:a"))
    assert by_run == on_it
    (effect,) = by_run
    assert (effect.operation, effect.provider, effect.delivery) == (
        "added",
        "counting",
        id_,
    )
    assert effect.after is not None
    assert bytes(effect.after) == b'{"n":1}'
    assert [task.effects for task in tree.tasks] == [0, 1]


async def test_ping_is_recorded_and_not_run() -> None:
    provider = Counting()
    async with open_board(provider) as board:
        answer = await post(board, "plain", b"{}", signed("ping"))
        with anyio.fail_after(5):
            await settled(board)
        found = await view(board, answer.content["id"])
    assert (answer.status, answer.content["ignored"]) == (200, "ping")
    assert found.state is DeliveryState.IGNORED
    assert found.run is None


async def test_whatever_a_provider_says_about_itself_its_run_is_recorded() -> None:
    """Lone surrogates, numbers beyond 64 bits, objects of any kind."""

    class Odd(Provider):
        name = "odd"
        retry = Retry(attempts=1)

        @on(THING)
        async def handle(self, _event: Untyped, run: Run) -> None:
            odd = "name \udcff of a file"
            run.label(**{odd: odd, "huge": 2**70, "nan": float("nan")})
            run.label(thing=object(), nested={"a": [1]})  # pyright: ignore[reportArgumentType] - strangers do
            run.progress(2**70, 2**71, odd)
            logging.getLogger("odd").warning("cannot read %s", odd)
            async with run.span(odd, label=odd), anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 0, name=odd)
            raise OSError(2, odd, odd)

    async with open_board(Odd()) as board:
        with anyio.fail_after(5):
            id_ = await deliver(board, "thing", {"n": 1})
            await settled(board)
        tree = await newest_tree(board, id_)
    assert find(tree, "odd")["state"] == "errored"
    assert [task.state.value for task in tree.tasks[2:]] == ["completed", "completed"]


async def test_secret_in_a_providers_words_is_nowhere_in_the_database(
    tmp_path: Path,
) -> None:
    secret = "the-secret-of-this-test"

    class Careless(Provider):
        name = "careless"
        retry = Retry(attempts=1)

        @on(THING)
        async def handle(self, _event: Untyped, run: Run) -> None:
            logging.getLogger("careless").warning("token %s", secret)
            run.label(token=secret)
            span = run.span(f"with {secret}", token=secret)
            async with span, anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 0, name=f"task {secret}")
            error = OSError(f"refused {secret}")
            error.add_note(secret)
            raise error

    path = tmp_path / "secrets.db"
    async with open_board(Careless(), path=path) as board:
        board.settings.redactor.add(secret)
        headers = signed("thing") | {"x-other": secret, "authorization": "Basic hush!"}
        with anyio.fail_after(5):
            answer = await post(board, "plain", b'{"n": 1}', headers)
            await settled(board)
        tree = await newest_tree(board, answer.content["id"])
        kept = await board.journal.load(answer.content["id"])
    assert secret not in repr(tree)
    assert kept is not None
    assert secret not in repr(kept.headers)
    assert "hush!" not in repr(kept.headers)
    files = [file async for file in anyio.Path(tmp_path).iterdir()]
    assert files
    for file in files:
        assert secret.encode() not in await anyio.Path(file).read_bytes()


async def test_journal_of_the_oldest_version_opens(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    path = tmp_path / "old.db"
    database = Database.open(f"sqlite:///{path}")
    try:
        config = Config()
        config.set_main_option("script_location", "callboard:migrations")
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            config.attributes["version_table"] = "callboard_version"
            command.upgrade(config, "0001")
            connection.exec_driver_sql(
                "INSERT INTO deliveries (id, source, hook, guid, event, received_at,"
                " turn, state, attempts, redeliveries, keys, done, headers, size, body)"
                " VALUES ('0000000000001', 'plain', '', 'old', 'thing', 1.0,"
                " '0000000000001', 'queued', 0, 0, '[]', '[]', '{}', 2,"
                " x'789cabae05000175 00f9')".replace(" 00f9", "00f9")
            )
    finally:
        database.close()
    provider = Counting()
    async with open_board(provider, path=path) as board:
        with anyio.fail_after(5):
            await settled(board)
        found = await view(board, "0000000000001")
    assert provider.seen == ["None"]
    assert found.state is DeliveryState.COMPLETED


async def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'twice.db'}")
    try:
        journal = Journal(database)
        journal.migrate()
        journal.migrate()
    finally:
        database.close()


async def test_redelivery_of_a_failed_delivery_runs_at_once_what_has_not_completed() -> (
    None
):
    class Other(Counting):
        name = "other"

    good, bad = Other(), Counting(failures=1)
    settings = {"runtime": {"first_wait": 3_600.0}}
    async with open_board(good, bad, settings=settings) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1}, guid="same")
            await reached(board, id_, DeliveryState.FAILED)
            assert await deliver(board, "thing", {"n": 1}, guid="same") == id_
            found = await reached(board, id_, DeliveryState.COMPLETED)
    assert (good.seen, bad.seen) == (["1"], ["1", "1"])
    assert (found.attempts, found.redeliveries) == (2, 1)


async def test_redelivery_of_a_parked_delivery_has_all_its_attempts_again() -> None:
    provider = Counting(failures=4)
    async with open_board(provider, settings=SOON) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1}, guid="same")
            await reached(board, id_, DeliveryState.PARKED)
            await deliver(board, "thing", {"n": 1}, guid="same")
            found = await reached(board, id_, DeliveryState.COMPLETED)
    assert len(provider.seen) == 5
    assert (found.attempts, found.redeliveries) == (2, 1)
