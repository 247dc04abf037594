"""Acked means kept: a real server, killed at random moments, loses nothing."""

import http.client
import logging
import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from callboard import Database, DeliveryState
from callboard.journal import INTERRUPTED
from callboard.tables import deliveries, effects, runs
from callboard.testing import signed

logger = logging.getLogger(__name__)

KILLS = 200
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
    database = Database.open(f"sqlite:///{path}")
    try:
        with database.engine.connect() as connection:
            states = dict(
                connection.execute(select(deliveries.c.guid, deliveries.c.state)).all()
            )
            count = select(effects.c.subject, func.count()).group_by(effects.c.subject)
            told = dict(connection.execute(count).all())
            things = set(connection.execute(text("SELECT n FROM things")).scalars())
            open_runs = connection.execute(
                select(func.count()).where(runs.c.ended_at.is_(None))
            ).scalar()
            cut = connection.execute(
                select(func.count()).where(runs.c.cause == INTERRUPTED)
            ).scalar()
    finally:
        database.close()
    logger.info("%d acknowledged, %d recorded", len(acked), len(states))
    assert acked <= set(states), "acknowledged, and not in the journal"
    assert set(states.values()) == {DeliveryState.COMPLETED}
    assert things == set(states), "recorded, and without effect"
    assert told == {f"thing:{guid}": 1 for guid in states}, "not exactly one effect"
    assert not open_runs
    assert cut, "no run was cut short: the kills came too late to prove anything"


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
