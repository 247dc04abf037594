"""A simulated GitHub as a process of its own, and as its document shows it."""

import ast
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from callboard_github import signature

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"
SECRET = "a secret"
COMMAND = (sys.executable, "-m", "callboard_github.simulator", "--port", "0")
SMALL = ("--people", "4", "--teams", "2", "--repositories", "2", "--pace", "0.02")


@contextmanager
def simulator(*options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The process, and what it said at its start."""
    environment = {**os.environ, "CALLBOARD_GITHUB_WEBHOOK_SECRET": SECRET}
    with subprocess.Popen(
        (*COMMAND, *SMALL, *options),
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if "Ctrl-C" in line:
                    break
            yield process, said
        finally:
            process.kill()


@contextmanager
def receiver() -> Generator[tuple[str, "queue.Queue[tuple[dict[str, str], bytes]]"]]:
    """An address for webhooks, and those that came there."""
    came: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.put(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhooks/github", came
    finally:
        server.shutdown()
        server.server_close()


def test_it_answers_where_it_says_with_the_token_it_names() -> None:
    with simulator("--latency", "0") as (process, said):
        url = re.search(r'url = "(\S+)"', said)
        token = re.search(r"CALLBOARD_GITHUB_TOKEN=(\S+)", said)
        assert url is not None
        assert token is not None
        headers = {"authorization": f"Bearer {token[1]}"}
        answer = httpx.get(f"{url[1]}/orgs/acme/teams", headers=headers, timeout=10)
        assert {team["name"] for team in answer.json()} >= {"Engineering"}
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_callboard_works_with_what_it_says(tmp_path: Path) -> None:
    with simulator("--latency", "0") as (_, said):
        token = re.search(r"CALLBOARD_GITHUB_TOKEN=(\S+)", said)
        assert token is not None
        _, _, settings = said.partition("callboard.toml\n")
        lines = settings.partition("Ctrl-C")[0].splitlines()
        (tmp_path / "callboard.toml").write_text("\n".join(map(str.strip, lines)))
        environment = {
            "CALLBOARD_GITHUB_TOKEN": token[1],
            "CALLBOARD_GITHUB_WEBHOOK_SECRET": SECRET,
        }
        checked = subprocess.run(
            (sys.executable, "-m", "callboard", "check"),
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert "github organization acme" in checked.stdout
    assert checked.returncode == 0, checked.stdout


def test_what_happens_there_arrives_as_signed_webhooks() -> None:
    with receiver() as (url, came), simulator("--webhooks", url):
        events: set[str] = set()
        while not events - {"ping"}:
            headers, body = came.get(timeout=20)
            assert headers[signature.header] == signature.sign(body, SECRET)
            events.add(headers["x-github-event"])


@pytest.mark.parametrize(
    ("options", "secret", "message"),
    [
        (["--webhooks", "http://127.0.0.1:9"], "", "expected the secret to sign"),
        (["--lost", "2"], SECRET, "--lost"),
        (["--webhooks", "127.0.0.1:9"], SECRET, "expected an address with http://"),
    ],
)
def test_what_it_can_not_do_is_said(
    options: list[str], secret: str, message: str
) -> None:
    environment = {**os.environ, "CALLBOARD_GITHUB_WEBHOOK_SECRET": secret}
    ended = subprocess.run(
        (*COMMAND, *SMALL, *options),
        capture_output=True,
        text=True,
        timeout=30,
        env=environment,
        check=False,
    )
    assert ended.returncode != 0
    assert message in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_example_of_the_document_holds() -> None:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    code = compile(example, PAGE.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    async def main() -> None:
        names: dict[str, Any] = {}
        await eval(code, names)

    trio.run(main)
