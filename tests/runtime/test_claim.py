"""One process at a time serves a database."""

import anyio
import pytest

from callboard import SettingsError
from callboard.testing import Gate, deliver, open_board, settled

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
