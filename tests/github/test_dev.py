"""``callboard dev`` as a person starts it: GitHub's webhooks through a relay."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from callboard.testing.relay import Relay
from callboard_github import signature
from callboard_github.samples import samples

SECRET = "a secret for this test"
PUSH = samples()["push"].body
TEAM = samples()["team.created"].body


def environment(folder: Path, secret: str = SECRET) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CALLBOARD_")}
    database = f"sqlite:///{folder / 'callboard.db'}"
    clean |= {"CALLBOARD_DATABASE_URL": database, "PYTHONUNBUFFERED": "1"}
    return clean | ({"CALLBOARD_GITHUB_WEBHOOK_SECRET": secret} if secret else {})


class Dev:
    """A ``callboard dev`` that runs, and what it says."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said = ""
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, pattern: str) -> str:
        """Read on, until a line has this; gives the line."""
        while True:
            line = self._lines.get(timeout=60)
            assert line, f"it ended: {self.said}"
            self.said += line
            if re.search(pattern, line):
                return line

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def dev(folder: Path, *options: str) -> Generator[Dev]:
    command = [sys.executable, "-m", "callboard", "dev", "--no-open", *options]
    command += ["--port", "0", "--inspector-port", "0"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Dev(process)
        finally:
            process.kill()


@pytest.fixture
def relay() -> Generator[Relay]:
    with Relay().served() as served:
        yield served


def post(relay: Relay, event: str, body: bytes, secret: str = SECRET) -> str:
    """As GitHub does; the delivery's GUID."""
    guid = str(uuid4())
    headers = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": guid,
        "x-github-hook-id": "1",
        signature.header: signature.sign(body, secret),
    }
    relay.until_heard()
    answer = httpx.post(relay.channel, content=body, headers=headers, timeout=20)
    assert answer.status_code in {200, 202}
    return guid


def recorded(folder: Path) -> dict[str, str]:
    """State by GUID, as ``callboard runs`` tells it."""
    command = [sys.executable, "-m", "callboard", "runs", "--json", "--limit", "0"]
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    return {row["guid"]: row["state"] for row in rows}


def test_signed_webhooks_arrive_over_restarts_of_the_relay(
    tmp_path: Path, relay: Relay
) -> None:
    provider = tmp_path / "mine.py"
    provider.write_text(
        "from callboard import Provider, on\n"
        "from callboard_github.events import TeamCreated\n"
        "class Mine(Provider):\n"
        "    name = 'mine'\n"
        "    @on(TeamCreated)\n"
        "    async def created(self, event, run): ...\n"
        "def make_providers(board): return [Mine()]\n"
    )
    with dev(
        tmp_path, "--channel", relay.channel, "--with", f"{provider}:make_providers"
    ) as running:
        running.until("connected to the relay")
        assert re.search(rf"Payload URL +{relay.channel}\n", running.said)
        assert re.search(r"Content type +application/json", running.said)
        assert re.search(r"Events +team\n", running.said)
        team = post(relay, "team", TEAM)
        line = running.until("✓ team.created  acme")
        link = line.split()[-1]
        assert httpx.get(link, timeout=20).status_code == 200
        relay.hang_up()
        running.until("no connection: the relay closed the connection")
        running.until("connected to the relay")
        running.until("What was sent in the last .* did not arrive")
        push = post(relay, "push", PUSH)
        running.until("✓ push  acme/sample")
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
    assert recorded(tmp_path) == {team: "completed", push: "completed"}


def test_what_is_not_genuine_is_told_and_what_follows_arrives(
    tmp_path: Path, relay: Relay
) -> None:
    with dev(tmp_path, "--channel", relay.channel) as running:
        running.until("connected to the relay")
        relay.say(b"data: nonsense\n\n")
        running.until("✗ a message of the relay: expected a JSON object")
        forged = post(relay, "push", PUSH, "another secret")
        running.until(f"✗ {forged}: 401 the signature is wrong")
        running.until("The sender has another secret; or the relay changed the body")
        # Written anew its escape has small digits: GitHub writes capital ones.
        escaped = post(relay, "push", rb'{"ref":"\u001B"}')
        running.until("✓ push")
        lost = post(relay, "push", rb'{"ref":1.0}')
        running.until(f"✗ {lost}: 401 the signature is wrong")
        running.until("Earlier ones were genuine, so the relay changed the body")
        assert set(recorded(tmp_path)) == {escaped}


def test_channel_of_the_settings_may_be_a_new_one(tmp_path: Path, relay: Relay) -> None:
    settings = f'[relay]\nchannel = "{relay.url}/new"\n'
    settings += '[github]\norganizations = ["acme"]\n'
    (tmp_path / "callboard.toml").write_text(settings)
    with dev(tmp_path) as running:
        running.until("connected to the relay")
    kept = re.search(r'channel = "(\S+)"', running.said)
    assert kept is not None
    assert re.search(rf"Payload URL +{kept[1]}\n", running.said)
    assert "https://github.com/organizations/acme/settings/hooks/new" in running.said
    relay.until_heard(0, kept[1].rpartition("/")[2])


@pytest.mark.parametrize(
    ("options", "secret", "message"),
    [
        ([], SECRET, "callboard.toml: relay.channel: expected the address"),
        (["--channel", "smee.io/a"], SECRET, "--channel: expected the address"),
        (["--channel", "http://127.0.0.1:9/new"], SECRET, "no answer"),
        (
            ["--channel", "https://smee.io/a"],
            "",
            "export CALLBOARD_GITHUB_WEBHOOK_SECRET=",
        ),
    ],
)
def test_what_is_missing_is_told(
    tmp_path: Path, options: list[str], secret: str, message: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "callboard", "dev", "--no-open", *options],
        cwd=tmp_path,
        env=environment(tmp_path, secret),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
