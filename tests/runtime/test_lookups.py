"""What came through a hook, and what did not, on SQLite and PostgreSQL."""

from pathlib import Path

import anyio
import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import replace

from callboard import Callboard, DeliveryState, clock
from callboard.database import Database
from callboard.delivery import Delivery
from callboard.journal import Arrival, Journal
from callboard.retention import Retention, _sweep
from callboard.testing import open_board, sample

pytestmark = pytest.mark.anyio


def sent(hook: str, guid: str, *, organization: str | None = None) -> Delivery:
    return replace(
        sample("thing", {"n": 1}),
        source="github",
        hook=hook,
        guid=guid,
        organization=organization,
        headers={"x-hook": hook},
    )


async def keep(board: Callboard, *deliveries: Delivery) -> None:
    for delivery in deliveries:
        await board.journal.append(Arrival(delivery, state=DeliveryState.IGNORED))


async def test_known_are_those_that_came_through_the_same_hook(
    database_url: str,
) -> None:
    async with open_board(url=database_url) as board:
        await keep(board, sent("1", "a"), sent("1", "b"), sent("2", "c"))
        asked = ["a", "c", "never", *(f"more-{n}" for n in range(1_200))]
        assert await board.journal.known("github", "1", asked) == {"a"}
        assert await board.journal.known("plain", "1", asked) == set()
        assert await board.journal.known("github", "1", []) == set()


async def test_hooks_are_told_by_what_came_through_them(database_url: str) -> None:
    async with open_board(url=database_url) as board:
        some = [sent("30", f"g{n}", organization="acme") for n in range(5)]
        await keep(board, *some, sent("4", "x", organization="globex"))
        heard = await board.journal.heard("github")
        assert await board.journal.heard("plain") == []
    assert [(each.hook, each.organization) for each in heard] == [
        ("30", "acme"),
        ("4", "globex"),
    ]
    assert heard[0].headers == {"x-hook": "30"}


async def test_journal_is_whole_since_it_began_or_retention_removed_something(
    database_url: str,
) -> None:
    async with open_board(url=database_url) as board:
        old = replace(sent("1", "old"), received_at=clock.now() + 4_000)
        newer = replace(sent("1", "newer"), received_at=clock.now() + 5_000)
        await keep(board, old, newer, sent("1", "new"))
        began = await board.journal.whole_since()
        assert began == pytest.approx(clock.now(), abs=60)
        limits = Retention(days=0, deliveries=1, megabytes=0)
        with anyio.fail_after(10):
            while await board.database.write(_sweep, limits):
                pass
        since = await board.journal.whole_since()
        assert await board.journal.known("github", "1", ["old", "newer", "new"]) == {
            "new"
        }
    assert since == pytest.approx(newer.received_at)


async def test_journal_of_an_older_version_is_whole_since_its_oldest_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "callboard.db"
    upgrade = command.upgrade

    def stop_short(config: Config, _revision: str) -> None:
        upgrade(config, "0004")

    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", stop_short)
        database = Database.open(f"sqlite:///{path}")
        database.migrate("callboard", "callboard_version")
        database.close()
    oldest = replace(sent("1", "a"), received_at=clock.now() - 900)
    database = Database.open(f"sqlite:///{path}")
    try:
        journal = Journal(database)
        await journal.append(Arrival(oldest, state=DeliveryState.IGNORED))
        journal.migrate()
        assert await journal.whole_since() == pytest.approx(oldest.received_at)
    finally:
        database.close()
