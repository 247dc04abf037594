"""``callboard send`` as a person meets it: what it says, and its exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from callboard import Untyped
from callboard_github.events import decode
from callboard_github.samples import samples

_SECRET = "CALLBOARD_GITHUB_WEBHOOK_SECRET"


def send(*arguments: str, secret: str = "s") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callboard", "send", *arguments],
        env={**os.environ, _SECRET: secret},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serving(folder: Path) -> Generator[tuple[str, dict[str, str]]]:
    """A server with a secret and no credentials; its address and its environment."""
    environment = {
        **os.environ,
        _SECRET: "s",
        "CALLBOARD_DATABASE_URL": f"sqlite:///{folder / 'callboard.db'}",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "callboard", "serve", "--no-open"]
    command += ["--port", "0", "--inspector-port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder
    ) as process:
        try:
            assert process.stdout is not None
            line = next(line for line in process.stdout if "/webhooks/github" in line)
            yield line.split()[1].removesuffix("/webhooks/github"), environment
        finally:
            process.terminate()
            process.communicate(timeout=20)


def runs(environment: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-m", "callboard", "runs", "--json", "--limit", "0"],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_sample_is_taken_recorded_and_run(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, environment):
        sent = send("push", "--url", url)
        assert sent.returncode == 0, sent.stderr
        assert "push was taken" in sent.stdout
        assert httpx.get(f"{url}/readyz").status_code == 200
        wrong = send("push", "--url", url, secret="another")
        assert wrong.returncode == 1
        assert "401" in wrong.stderr
        assert "another" not in wrong.stderr
        payload = tmp_path / "payload.json"
        payload.write_bytes(samples()["team.created"].body)
        own = send("team.created", "--file", str(payload), "--url", url)
        assert own.returncode == 0, own.stderr
    other, run = runs(environment, tmp_path)
    assert (other["event"], other["action"]) == ("team", "created")
    assert run["event"] == "push"
    assert run["state"] == "completed"
    assert run["attempts"] == 1


def test_unknown_event_names_one_that_is_alike() -> None:
    answer = send("team.create")
    assert answer.returncode == 2
    assert "did you mean team.created?" in answer.stderr


def test_payload_that_is_no_json_is_not_sent(tmp_path: Path) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text("{")
    answer = send("push", "--file", str(payload))
    assert answer.returncode == 2
    assert f"{payload}: expected JSON" in answer.stderr


def test_server_that_is_not_there_is_told_in_a_line() -> None:
    answer = send("push", "--url", "http://127.0.0.1:9")
    assert answer.returncode == 2
    assert "http://127.0.0.1:9/webhooks/github: no answer" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_missing_secret_is_told_with_its_variable() -> None:
    answer = send("push", secret="")
    assert answer.returncode == 2
    assert f"{_SECRET}: expected the webhook's secret" in answer.stderr


@pytest.mark.parametrize("name", samples())
def test_every_sample_is_what_github_documents(name: str) -> None:
    sample = samples()[name]
    event = decode(sample.event, sample.body)
    assert not isinstance(event, Untyped), event.reason


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("foo", "no sample of 'foo'. Known are "),
        ("team.creatd", "no sample of 'team.creatd'; did you mean team.created? Known"),
    ],
)
def test_event_without_a_sample_is_told_those_that_have_one(
    event: str, said: str
) -> None:
    assert said in " ".join(send(event).stderr.split())
