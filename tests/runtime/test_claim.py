"""One process at a time serves a database."""

from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection, text

from callboard import SettingsError
from callboard.testing import (
    Gate,
    deliver,
    exchange,
    open_board,
    post,
    scope_of,
    settled,
    signed,
)

pytestmark = pytest.mark.anyio


async def test_database_is_served_by_one_at_a_time(database_url: str) -> None:
    gate = Gate(is_open=True)
    with anyio.fail_after(20):
        for number in range(2):
            async with open_board(gate, url=database_url) as board:
                with pytest.raises(SettingsError, match="another process does already"):
                    async with open_board(gate, url=database_url):
                        pytest.fail("a second one was let in")
                await deliver(board, "thing", {"n": number})
                await settled(board)
    assert gate.ended == [0, 1]


async def test_link_to_a_database_that_is_served_leads_to_the_same(
    tmp_path: Path,
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "callboard.db")
    async with open_board(path=tmp_path / "callboard.db"):
        with pytest.raises(SettingsError, match="another process does already"):
            async with open_board(path=link):
                pytest.fail("a second one was let in")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_lost_the_database_to_another_writes_nothing_more(
    database_url: str,
) -> None:
    gate, other = Gate(is_open=True), Gate(is_open=True)
    with anyio.fail_after(20):
        async with open_board(gate, url=database_url) as board:
            await deliver(board, "thing", {"n": 1})
            await settled(board)
            # As after a restart of the server: the first has yet to write again.
            await board.database.read(end_others)
            async with open_board(other, url=database_url) as second:
                answer = await post(board, "plain", b'{"n": 2}', signed("thing", "g"))
                assert answer.status == 503
                ready = await exchange(
                    board.front, scope_of("/readyz", {}, method="GET"), [b""]
                )
                assert ready.status == 503
                await deliver(second, "thing", {"n": 3})
                await settled(second)
            # The other one has gone: it is the first's again.
            await deliver(board, "thing", {"n": 4})
            await settled(board)
    assert (gate.ended, other.ended) == ([1, 4], [3])


def end_others(connection: Connection) -> None:
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )
