"""The commands as a person calls them: processes, exit codes, what they print."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from callboard import Database, DeliveryState, clock
from callboard.cli.console import own_command
from callboard.cli.runs import runs as list_runs
from callboard.delivery import Delivery
from callboard.journal import Arrival, Journal
from callboard.testing import sample

SECRET = "the-secret-of-this-test"


def environment(folder: Path, **others: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CALLBOARD_")}
    database = f"sqlite:///{folder / 'callboard.db'}"
    return clean | {"CALLBOARD_DATABASE_URL": database, "COLUMNS": "200"} | others


def callboard(
    folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callboard", *arguments],
        cwd=folder,
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def served(
    folder: Path, *arguments: str, **variables: str
) -> Generator[tuple[int, "subprocess.Popen[str]"]]:
    """A server on free ports; ends it by SIGTERM."""
    command = [sys.executable, "-m", "callboard", "serve", "--port", "0"]
    command += ["--inspector-port", "0", "--no-open", *arguments]
    with (
        (folder / "stderr.txt").open("w") as errors,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment(folder, **variables),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("webhooks"):
                    yield int(line.split("/webhooks")[0].rpartition(":")[2]), process
                    break
            else:
                pytest.fail((folder / "stderr.txt").read_text())
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def get(port: int, path: str) -> tuple[int, Any]:
    with closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    ) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


class Wrong(Struct):
    """A configuration that cannot work, and what the message must name."""

    key: str
    came: str = ""
    content: str | None = None
    """Of ``callboard.toml``."""
    arguments: tuple[str, ...] = ()
    variables: dict[str, str] = {}


WRONG = {
    "unknown key": Wrong(
        "runtime", "run_at_once", content="[runtime]\nrun_at_once = 3"
    ),
    "wrong type": Wrong("runtime.attempts", "many", "[runtime]\nattempts = 'many'"),
    "out of range": Wrong("runtime.attempts", "0", "[runtime]\nattempts = 0"),
    "unknown section": Wrong("runtim", "expected one of", "[runtim]"),
    "no TOML": Wrong("callboard.toml", "expected TOML", "[runtime"),
    "missing file": Wrong(
        "none.toml", "cannot be read", None, ("--config", "none.toml")
    ),
    "no secret": Wrong(
        "CALLBOARD_GITHUB_WEBHOOK_SECRET",
        variables={"CALLBOARD_GITHUB_WEBHOOK_SECRET": ""},
    ),
    "database of another kind": Wrong(
        "CALLBOARD_DATABASE_URL",
        "mysql",
        variables={"CALLBOARD_DATABASE_URL": "mysql://root:pw@x/y"},
    ),
    "database in no folder": Wrong(
        "CALLBOARD_DATABASE_URL",
        "/no/such/folder/a.db",
        variables={"CALLBOARD_DATABASE_URL": "sqlite:////no/such/folder/a.db"},
    ),
    "insecure for all": Wrong(
        "--insecure", "0.0.0.0", arguments=("--insecure", "--host", "0.0.0.0")
    ),
    "inspector for all": Wrong(
        "--inspector-host",
        "CALLBOARD_INSPECTOR_TOKEN",
        arguments=("--inspector-host", "0.0.0.0"),
    ),
    "inspector at no address": Wrong(
        "inspector.url", "'a.example'", '[inspector]\nurl = "a.example"'
    ),
    "foreign address": Wrong(
        "192.0.2.1", "cannot listen", arguments=("--host", "192.0.2.1")
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_wrong_configuration_is_one_clear_message_and_exit_code_2(
    tmp_path: Path, wrong: Wrong
) -> None:
    if wrong.content is not None:
        (tmp_path / "callboard.toml").write_text(wrong.content)
    variables = {"CALLBOARD_GITHUB_WEBHOOK_SECRET": SECRET} | wrong.variables
    ports = ("--port", "0", "--inspector-port", "0", "--no-open")
    done = callboard(tmp_path, "serve", *ports, *wrong.arguments, **variables)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("callboard: ")]
    assert len(said) == 1
    assert wrong.key in said[0]
    assert wrong.came in said[0]
    assert SECRET not in done.stderr + done.stdout
    assert ":pw@" not in done.stderr


def test_server_without_credentials_starts_warns_and_records(tmp_path: Path) -> None:
    variables = {"CALLBOARD_GITHUB_WEBHOOK_SECRET": SECRET}
    with served(tmp_path, **variables) as (port, process):
        assert get(port, "/healthz") == (200, {"status": "ok"})
        status, ready = get(port, "/readyz")
        assert (status, ready["intake"]) == (200, True)
        sent = callboard(
            tmp_path, "send", "push", "--url", f"http://127.0.0.1:{port}", **variables
        )
        assert sent.returncode == 0, sent.stderr
        # Asked while the server runs, and again when it does not.
        live = runs(tmp_path)
        assert [run["event"] for run in live] == ["push"]
    assert process.returncode == 0
    (run,) = runs(tmp_path)
    assert (run["state"], run["attempts"]) == ("completed", 1)
    errors = (tmp_path / "stderr.txt").read_text()
    assert SECRET not in errors
    assert "Traceback" not in errors


def test_links_lead_to_where_people_reach_the_inspector(tmp_path: Path) -> None:
    url = "https://board.example/on"
    (tmp_path / "callboard.toml").write_text(f'[inspector]\nurl = "{url}/"')
    variables = {"CALLBOARD_GITHUB_WEBHOOK_SECRET": SECRET}
    with served(tmp_path, **variables) as (port, _):
        sent = callboard(
            tmp_path, "send", "push", "--url", f"http://127.0.0.1:{port}", **variables
        )
    assert f"{url}/?delivery=" in sent.stdout


def runs(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = callboard(folder, "runs", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
async def recorded(tmp_path: Path) -> list[Delivery]:
    """Sixty deliveries in the journal: things, pushes and one that is parked."""
    database = Database.open(f"sqlite:///{tmp_path / 'callboard.db'}")
    journal = Journal(database)
    journal.migrate()
    made: list[Delivery] = []
    for number in range(60):
        event = "thing" if number % 2 else "push"
        delivery = sample(event, {"action": "added", "n": number})
        state = DeliveryState.PARKED if number == 7 else DeliveryState.COMPLETED
        await journal.append(Arrival(delivery, state=state))
        made.append(delivery)
    database.close()
    return made


@pytest.mark.anyio
async def test_runs_are_listed_newest_first_as_json_lines(
    tmp_path: Path, recorded: list[Delivery]
) -> None:
    found = runs(tmp_path)
    assert [run["guid"] for run in found] == [d.guid for d in reversed(recorded)][:50]
    assert len(runs(tmp_path, "--limit", "0")) == 60
    assert len(runs(tmp_path, "--limit", "3")) == 3
    first = found[0]
    assert first["event"] == "thing"
    assert first["action"] == "added"
    assert first["state"] == "completed"
    assert first["attempts"] == 0
    assert first["received_at"] == clock.isoformat(recorded[-1].received_at)


@pytest.mark.anyio
async def test_runs_are_filtered(tmp_path: Path, recorded: list[Delivery]) -> None:
    assert len(runs(tmp_path, "--limit", "0", "--event", "push")) == 30
    (parked,) = runs(tmp_path, "--state", "parked")
    assert parked["guid"] == recorded[7].guid
    assert runs(tmp_path, "--provider", "nobody") == []
    assert runs(tmp_path, "--since", "2999-01-01T00:00") == []
    assert len(runs(tmp_path, "--since", "2001-01-01", "--limit", "0")) == 60
    assert runs(tmp_path, "--until", "2001-01-01") == []
    assert len(runs(tmp_path, "--until", "2999-01-01", "--limit", "0")) == 60


@pytest.mark.anyio
async def test_runs_are_read_a_page_at_a_time(
    recorded: list[Delivery],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"sqlite:///{tmp_path / 'callboard.db'}"
    monkeypatch.setenv("CALLBOARD_DATABASE_URL", url)
    monkeypatch.setattr("callboard.cli.runs._PAGE", 20)
    newest_first = [delivery.guid for delivery in reversed(recorded)]
    for limit in (0, 19, 20, 41, 60, 61):
        list_runs(limit=limit, json_=True)
        lines = capsys.readouterr().out.splitlines()
        guids = [json.loads(line)["guid"] for line in lines]
        assert guids == newest_first[: limit or None]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "--since: expected a time such as"),
        (("--until", "tomorrow"), "--until: expected a time such as"),
        (("--limit", "-1"), "--limit"),
        ((), "expected a database at"),
    ],
)
def test_runs_says_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = callboard(tmp_path, "runs", "--json", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "callboard.db").exists()


def test_check_names_what_does_not_work(tmp_path: Path) -> None:
    done = callboard(tmp_path, "check")
    assert done.returncode == 1
    assert "fail" in done.stdout
    assert "CALLBOARD_GITHUB_WEBHOOK_SECRET" in done.stdout
    assert "Traceback" not in done.stderr


def test_help_lists_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callboard", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    for command in ("serve", "check", "runs", "demo", "send"):
        assert command in done.stdout


@pytest.mark.anyio
@pytest.mark.usefixtures("recorded")
async def test_reader_that_has_enough_ends_the_list_without_a_word(
    tmp_path: Path,
) -> None:
    assert said_to_a_closed_pipe(tmp_path, "runs", "--json") == b""


def said_to_a_closed_pipe(folder: Path, *arguments: str) -> bytes:
    """What goes to standard error when nobody reads standard output."""
    with subprocess.Popen(
        [sys.executable, "-m", "callboard", *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        return process.stderr.read()


def test_server_whose_output_nobody_reads_ends_without_a_word(tmp_path: Path) -> None:
    ports = ("--port", "0", "--inspector-port", "0")
    assert said_to_a_closed_pipe(tmp_path, "demo", "--no-open", *ports) == b""


def test_hints_name_the_command_as_this_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    beside = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(beside))
    monkeypatch.chdir(tmp_path)
    assert own_command() == ".venv/bin/callboard"
    monkeypatch.chdir("/")
    assert own_command() == str(beside.with_name("callboard")).removeprefix("/")
    found = tmp_path / "callboard"
    found.touch(0o755)
    assert own_command() == "callboard"
