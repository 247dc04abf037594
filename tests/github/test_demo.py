"""The demo as a user starts it: a process, its ports, its end and its return."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from msgspec import Struct

from callboard_github import signature
from callboard_github.demo.world import SECRET

_BODY = json.dumps(
    {
        "action": "created",
        "starred_at": None,
        "repository": {"full_name": "elsewhere/thing", "id": 1},
        "organization": {"login": "elsewhere"},
    }
).encode()
_ACKED_BEFORE_THE_KILL = 40


class Demo(Struct):
    """A demo that runs, and where it answers."""

    process: subprocess.Popen[str]
    front: str
    inspector: str


@contextmanager
def demo(folder: Path) -> Generator[Demo]:
    """Run the demo on free ports, until it has said where it is reached."""
    command = [sys.executable, "-m", "callboard", "demo", "--no-open"]
    command += ["--port", "0", "--inspector-port", "0", "--keep", str(folder)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "Ctrl-C" in line:
                    break
            yield Demo(
                process=process,
                front=_link(said, r"webhooks +(http://[^/\s]+)/"),
                inspector=_link(said, r"inspector +(http://[^/\s]+)/"),
            )
        finally:
            process.kill()


def _link(said: str, pattern: str) -> str:
    found = re.search(pattern, said)
    assert found is not None, said
    return found[1]


def post(client: httpx.Client, front: str) -> str | None:
    """Send a delivery; its GUID when it was acknowledged."""
    guid = str(uuid4())
    headers = {
        "content-type": "application/json",
        "x-github-event": "star",
        "x-github-delivery": guid,
        "x-github-hook-id": "77",
        signature.header: signature.sign(_BODY, SECRET),
    }
    try:
        answer = client.post(f"{front}/webhooks/github", content=_BODY, headers=headers)
    except httpx.TransportError:
        return None
    return guid if answer.status_code == 202 else None


def recorded(folder: Path) -> dict[str, str]:
    """State by GUID, as ``callboard runs`` tells it."""
    environment = {
        **os.environ,
        "CALLBOARD_DATABASE_URL": f"sqlite:///{folder / 'callboard.db'}",
    }
    command = [sys.executable, "-m", "callboard", "runs", "--json", "--limit", "0"]
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, env=environment, check=True
    )
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    return {row["guid"]: row["state"] for row in rows}


def test_demo_fills_its_catalog_and_ends_on_a_signal(tmp_path: Path) -> None:
    with demo(tmp_path) as running, httpx.Client(timeout=30) as client:
        assert client.get(f"{running.front}/healthz").status_code == 200
        assert client.get(f"{running.front}/readyz").status_code == 200
        changes = f"{running.front}/api/catalog/changes"
        asked: dict[str, str | int] = {"wait": 20}
        kinds: set[str] = set()
        while not {"User", "Group", "Component"} <= kinds:
            entities = client.get(f"{running.front}/api/catalog/entities").json()
            kinds = {entity["kind"] for entity in entities}
            # Answered as soon as there is a change.
            page = client.get(changes, params=asked).json()
            assert page["position"] != asked.get("after"), "no change for 20 s"
            asked["after"] = page["position"]
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_killed_demo_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    with (
        demo(tmp_path) as running,
        httpx.Client(timeout=30) as client,
        ThreadPoolExecutor(8) as senders,
    ):
        acked: list[str] = []

        def burst() -> None:
            while (guid := post(client, running.front)) is not None:
                acked.append(guid)
                if len(acked) == _ACKED_BEFORE_THE_KILL:
                    running.process.kill()

        for sender in [senders.submit(burst) for _ in range(8)]:
            sender.result(60)
    assert len(acked) >= _ACKED_BEFORE_THE_KILL
    assert set(acked) <= set(recorded(tmp_path))
    with demo(tmp_path) as again, httpx.Client(timeout=30) as client:
        assert post(client, again.front) is not None
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(10) == 0
    states = recorded(tmp_path)
    assert all(guid in states for guid in acked)
