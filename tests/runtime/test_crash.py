"""Acked means kept: a real server, killed or without room, loses nothing."""

import http.client
import logging
import os
import random
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, inspect, select, text

from callboard import Database, DeliveryState
from callboard.journal import INTERRUPTED, VERSION_TABLE
from callboard.tables import deliveries, effects, runs
from callboard.testing import signed

logger = logging.getLogger(__name__)

KILLS = 200
FIRST_STARTS = 30
SENDERS = 4


class Sender(threading.Thread):
    """Posts things one after the other, until nobody answers any more."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.port = port
        self.acked: list[str] = []
        self.start()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        number = 0
        try:
            while True:
                guid = f"{self.name}-{number}"
                body = f'{{"n": "{guid}", "repository": "acme/{number % 5}"}}'
                connection.request(
                    "POST", "/webhooks/plain", body, signed("thing", guid)
                )
                response = connection.getresponse()
                response.read()
                if response.status == 202:
                    self.acked.append(guid)
                number += 1
        except (OSError, http.client.HTTPException):
            connection.close()


def test_two_hundred_kills_lose_no_acknowledged_delivery(
    servers: Any, tmp_path: Path
) -> None:
    path = tmp_path / "crash.db"
    seed = random.randrange(10**6)
    logger.info("seed %d", seed)
    chance = random.Random(seed)
    acked: set[str] = set()
    for kill in range(KILLS):
        process = servers.start(path)
        if chance.random() < 0.1:
            # While it starts: it may be migrating, or recovering from the kill before.
            threading.Event().wait(chance.uniform(0, 0.1))
            os.kill(process, signal.SIGKILL)
            servers.ended()
            continue
        port = servers.ready()
        senders = [Sender(port, f"{kill}-{i}") for i in range(SENDERS)]
        threading.Event().wait(chance.uniform(0, 0.15))
        os.kill(process, signal.SIGKILL)
        assert servers.ended() == -signal.SIGKILL
        for sender in senders:
            sender.join(30)
            acked.update(sender.acked)
    assert acked, "no delivery was acknowledged: nothing was proved"

    finish(servers, path)
    cut = expect_kept(path, acked)
    assert cut, "no run was cut short: the kills came too late to prove anything"


def test_kills_during_the_first_start_leave_a_database_that_opens(
    servers: Any, tmp_path: Path
) -> None:
    began = time.monotonic()
    process = servers.start(tmp_path / "whole.db")
    servers.ready()
    whole = time.monotonic() - began
    os.kill(process, signal.SIGKILL)
    servers.ended()
    cut = 0
    for number in range(FIRST_STARTS):
        path = tmp_path / f"{number}.db"
        process = servers.start(path)
        # Spread over all of a start, of which the migrations are the longest part.
        threading.Event().wait(whole * number / FIRST_STARTS)
        os.kill(process, signal.SIGKILL)
        servers.ended()
        cut += path.exists() and not is_migrated(path)
        process = servers.start(path)
        assert post(servers.ready(), "first", '{"n": "first"}') == 202
        os.kill(process, signal.SIGKILL)
        servers.ended()
    logger.info("%d of %d kills cut the migrations", cut, FIRST_STARTS)
    assert cut, "no kill came between the file and its tables: nothing was proved"


def is_migrated(path: Path) -> bool:
    """Whether a first start came as far as to say which version its tables have."""
    database = Database.open(f"sqlite:///{path}")
    try:
        return inspect(database.engine).has_table(VERSION_TABLE)
    finally:
        database.close()


def expect_kept(path: Path, acked: set[str]) -> int:
    """Acknowledged is recorded, all have run, each with one effect; runs cut short."""
    database = Database.open(f"sqlite:///{path}")
    try:
        with database.engine.connect() as connection:
            states = dict(
                connection.execute(select(deliveries.c.guid, deliveries.c.state)).all()
            )
            count = select(effects.c.subject, func.count()).group_by(effects.c.subject)
            told = dict(connection.execute(count).all())
            things = set(connection.execute(text("SELECT n FROM things")).scalars())
            how_many = select(func.count())
            unended = connection.execute(how_many.where(runs.c.ended_at.is_(None)))
            cut = connection.execute(how_many.where(runs.c.cause == INTERRUPTED))
            assert not unended.scalar()
            logger.info("%d acknowledged, %d recorded", len(acked), len(states))
            assert acked <= set(states), "acknowledged, and not in the journal"
            assert set(states.values()) == {DeliveryState.COMPLETED}
            assert things == set(states), "recorded, and without effect"
            assert told == {f"thing:{guid}": 1 for guid in states}, (
                "not one effect each"
            )
            return cut.scalar() or 0
    finally:
        database.close()


def finish(servers: Any, path: Path) -> None:
    """Serve once more, until nothing is left to do."""
    process = servers.start(path)
    servers.ready()
    database = Database.open(f"sqlite:///{path}")
    unended = select(func.count()).where(
        deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.RUNNING])
    )
    try:
        for _ in range(1_200):
            if not database.query(lambda c: c.execute(unended).scalar()):
                break
            threading.Event().wait(0.05)
        else:
            pytest.fail("deliveries are still waiting after a minute")
    finally:
        database.close()
    os.kill(process, signal.SIGTERM)
    assert servers.ended() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A folder on a disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only who may mount can have a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def post(port: int, guid: str, body: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request("POST", "/webhooks/plain", body, signed("thing", guid))
        response = connection.getresponse()
        response.read()
        return response.status


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200


def fill(port: int, kept: set[str], name: str, size: int = 20_000) -> None:
    """Post payloads that do not compress, until one is refused."""
    for number in range(2_000):
        guid = f"{name}-{number}"
        padding = random.randbytes(size).hex()
        status = post(port, guid, f'{{"n": "{guid}", "padding": "{padding}"}}')
        if status == 503:
            return
        assert status == 202
        kept.add(guid)
    pytest.fail("the disk was never full")


def expect_not_ready(port: int, kept: set[str]) -> None:
    """Not ready, once there is no room for the smallest of writes either."""
    for number in range(100):
        guid = f"full-{number}"
        if post(port, guid, f'{{"n": "{guid}"}}') == 202:
            kept.add(guid)
        elif not is_ready(port):
            return
    pytest.fail("ready to take deliveries, on a disk without room")


def recover(port: int, kept: set[str]) -> None:
    """Post until one is taken: the writes that wait are tried every second."""
    for number in range(100):
        if post(port, f"again-{number}", f'{{"n": "again-{number}"}}') == 202:
            kept.add(f"again-{number}")
            return
        threading.Event().wait(0.1)
    pytest.fail("still refused with room on the disk")


def test_files_that_may_not_grow_are_a_503_until_they_may(
    servers: Any, tmp_path: Path
) -> None:
    path, kept = tmp_path / "full.db", set[str]()
    process = servers.start(path, file_size=1_500_000)
    port = servers.ready()
    fill(port, kept, "first")
    fill(port, kept, "small", size=10)  # one may still fit where a large one did not
    expect_not_ready(port, kept)
    hard = resource.prlimit(process, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))
    recover(port, kept)
    os.kill(process, signal.SIGTERM)
    assert servers.ended() == 0
    finish(servers, path)
    expect_kept(path, kept)


def test_full_disk_is_a_503_until_there_is_room(servers: Any, small_disk: Path) -> None:
    path, kept = small_disk / "full.db", set[str]()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    process = servers.start(path)
    port = servers.ready()
    fill(port, kept, "first")
    fill(port, kept, "small", size=10)
    expect_not_ready(port, kept)
    ballast.unlink()
    recover(port, kept)
    assert is_ready(port)
    os.kill(process, signal.SIGTERM)
    assert servers.ended() == 0
    finish(servers, path)
    expect_kept(path, kept)
