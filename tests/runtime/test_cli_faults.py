"""What the commands say of a database or an argument that will not do: one line."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from callboard import Database, DeliveryState, SettingsError
from callboard.cli import main
from callboard.cli.runs import runs as list_runs
from callboard.journal import PACKAGE, VERSION_TABLE, Arrival, Journal
from callboard.testing import sample


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with a journal's tables, in the folder of the command."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "INSPECTOR_TOKEN"):
        monkeypatch.delenv(f"CALLBOARD_{name}", raising=False)
    database = Database.open(f"sqlite:///{tmp_path / 'callboard.db'}")
    Journal(database).migrate()
    database.close()
    return tmp_path / "callboard.db"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    """The exit code, and the one line on standard error beside the log's."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    err = capsys.readouterr().err
    assert "Traceback" not in err
    (line,) = [line for line in err.splitlines() if line.startswith("callboard: ")]
    return ended.value.code, line


STRANGE = {
    "long": (("show", "a" * 5_000), "cannot be read"),
    "no text": (("show", "\udcff\udcfe"), "expected text in UTF-8"),
    "no provider": (("runs", "--provider", "a\udcff"), "expected text in UTF-8"),
    "folder": (("show", "/"), "/: cannot be read"),
    "this folder": (("show", "."), ".: cannot be read"),
    "no catalog": (("why", "component:default/a"), "the database: no such table"),
}


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(("arguments", "words"), STRANGE.values(), ids=STRANGE.keys())
def test_strange_argument_is_one_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = said(capsys, *arguments)
    assert code == 1
    assert words in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("send", "push", "--url", "::"), "--url: expected an address such as"),
        (("send", "\xe4", "--file", "p.json"), "expected an event such as push"),
        (("demo", "--keep", "p.json"), "--keep: expected a folder"),
        (("demo", "--keep", "worn"), "expected a number in worn/demo-runs, got b'x"),
        (("demo", "--keep", "full"), "got full/demo-runs: Is a directory"),
    ],
)
@pytest.mark.usefixtures("file")
def test_argument_that_will_not_do_is_one_line(
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALLBOARD_GITHUB_WEBHOOK_SECRET", "the-secret-of-this-test")
    (tmp_path / "p.json").write_text("{}")
    (tmp_path / "full" / "demo-runs").mkdir(parents=True)
    (tmp_path / "worn").mkdir()
    (tmp_path / "worn" / "demo-runs").write_bytes(b"x\xff")
    if arguments[0] == "demo":
        arguments += ("--port", "0", "--inspector-port", "0", "--no-open")
    code, line = said(capsys, *arguments)
    assert code == 2
    assert words in line


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (f"component:default/{'a' * 100_000}", "each part at most 63 characters"),
        ("website", "<kind>:[<namespace>/]<name>"),
        ("component:", "[<kind>:][<namespace>/]<name>"),
        ("component:/website", "[<kind>:][<namespace>/]<name>"),
        ("", "<kind>:[<namespace>/]<name>"),
    ],
)
def test_ref_that_is_none_is_told_with_what_was_expected(
    ref: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = said(capsys, "why", ref)
    assert code == 2
    assert f"expected an entity ref, {expected}" in line
    assert len(line) < 250


@pytest.mark.parametrize("command", ["runs", "show", "why", "serve"])
def test_damaged_database_is_one_line(
    command: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(file.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    file.write_bytes(content)
    arguments = {
        "show": ["none"],
        "why": ["component:a"],
        "serve": ["--port", "0", "--inspector-port", "0", "--no-open", "--insecure"],
    }
    _, line = said(capsys, command, *arguments.get(command, []))
    assert "malformed" in line


def test_database_of_a_newer_version_is_named_and_left_as_it_is(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE callboard_version SET version_num = '9999'")
    connection.close()
    ports = ("--port", "0", "--inspector-port", "0", "--no-open", "--insecure")
    code, line = said(capsys, "serve", *ports)
    assert code == 2
    assert "newer callboard" in line
    assert "got 9999" in line
    with pytest.raises(SystemExit):
        main(["check"])
    assert "got 9999" in capsys.readouterr().out
    database = Database.open(f"sqlite:///{file}")
    try:
        with pytest.raises(SettingsError, match="expected at most revision 0"):
            database.migrate(PACKAGE, VERSION_TABLE)
    finally:
        database.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg2://x/y", "got postgresql+psycopg2"),
        ("postgresql+asyncpg://x/y", "got postgresql+asyncpg"),
        ("sqlite+aiosqlite:///x.db", "got sqlite+aiosqlite"),
        ("sqlite:///callboard.db?timeout=abc", "cannot open"),
    ],
)
@pytest.mark.usefixtures("file")
def test_address_that_no_driver_takes_is_one_line(
    url: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALLBOARD_DATABASE_URL", url)
    code, line = said(capsys, "runs")
    assert code == 2
    assert words in line


@pytest.mark.usefixtures("file")
def test_runs_says_when_there_is_none_and_when_none_matches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for more in ([], ["--json"]):
        list_runs(json_=bool(more))
        assert capsys.readouterr().err == "callboard: no delivery yet\n"
        list_runs(json_=bool(more), event="nope")
        assert capsys.readouterr().err == "callboard: no delivery matches\n"


@pytest.mark.usefixtures("file")
def test_settings_that_are_not_there_are_not_named_and_a_circle_of_links_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["check"])
    assert "(no callboard.toml: defaults)" in capsys.readouterr().out
    (tmp_path / "callboard.toml").symlink_to("callboard.toml")
    assert "callboard.toml: cannot be read" in said(capsys, "runs")[1]


@pytest.mark.anyio
async def test_a_delivery_of_another_year_is_listed_with_its_year(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database.open(f"sqlite:///{file}")
    delivery = structs.replace(sample("push", {}), received_at=1_000_000_000.0)
    await Journal(database).append(Arrival(delivery, state=DeliveryState.COMPLETED))
    database.close()
    list_runs()
    assert "2001-09-09 01:46:40" in capsys.readouterr().out


@pytest.mark.usefixtures("file")
def test_check_makes_no_database_and_says_who_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(tmp_path.iterdir())
    for name, words in (
        ("other.db", "✓ ok    database            other.db: no such file yet;"),
        ("no/other.db", "✗ fail  database            no/other.db: expected a folder"),
    ):
        monkeypatch.setenv("CALLBOARD_DATABASE_URL", f"sqlite:///{name}")
        with pytest.raises(SystemExit):
            main(["check"])
        said = capsys.readouterr().out
        assert words in said
        assert "CALLBOARD_GITHUB_WEBHOOK_SECRET" in said
        assert sorted(tmp_path.iterdir()) == before


@pytest.mark.usefixtures("file")
def test_check_tells_each_fault_once_and_where_it_belongs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLBOARD_GITHUB_WEBHOOK_SECRET", raising=False)
    monkeypatch.setenv("CALLBOARD_INSPECTOR_TOKEN", "short")
    settings = tmp_path / "callboard.toml"
    for content, where in (
        ('[organizations]\nenabled = "no"', "organizations.enabled: expected"),
        ("[github]\nurl = 3", "github.url: expected text, got 3"),
        ("[runtime]\nattempts = 0", "runtime.attempts: expected"),
    ):
        settings.write_text(content)
        with pytest.raises(SystemExit):
            main(["check"])
        said = capsys.readouterr()
        faults = [line for line in said.out.splitlines() if where in line]
        assert len(faults) == 1, said.out
        assert faults[0].split()[:4] == ["✗", "fail", "settings", "callboard.toml:"]
        assert "✓ ok    settings" not in said.out
        assert said.err == ""
    settings.write_text("")
    with pytest.raises(SystemExit):
        main(["check"])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "✓ ok settings callboard.toml"
    secret = "✗ fail source github CALLBOARD_GITHUB_WEBHOOK_SECRET: expected the secret"
    for start in (
        secret,
        "✗ fail mount inspector CALLBOARD_INSPECTOR_TOKEN: expected at least",
        "✗ fail github credentials none",
    ):
        assert [line for line in lines if line.startswith(start)], lines


FAULTY = """
from callboard import Provider, SettingsError
from sqlalchemy.exc import IntegrityError, OperationalError

class HostileError(Exception):
    def __str__(self):
        raise LookupError

class Faulty(Provider):
    name = "faulty"

    def opened(self):
        {raises}

def make(board):
    return [Faulty()]
"""
FAILED = 'Error("INSERT", {}, Exception("UNIQUE constraint failed"))'
SECRET = "the-secret-of-this-test"
FAULTS = {
    "database": (f"Operational{FAILED}", 1, "the database: UNIQUE constraint failed"),
    "settings": (f"SettingsError('no {SECRET}')", 2, "no [redacted]"),
}
SURPRISES = {
    "database": (f"Integrity{FAILED}", "sqlalchemy.exc.IntegrityError: (builtins."),
    "secret": (f"OSError('no {SECRET}')", "OSError: no [redacted]"),
    "hostile": ("HostileError", "mine.HostileError: <its __str__ raised LookupError>"),
}


@pytest.fixture
def faulty(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[str, ...]]:
    """The arguments that serve a provider whose opening raises what is given."""
    monkeypatch.setenv("CALLBOARD_INSPECTOR_TOKEN", SECRET)
    ports = ("--port", "0", "--inspector-port", "0", "--no-open", "--insecure")

    def arguments(error: str) -> tuple[str, ...]:
        content = FAULTY.format(raises=f"raise {error}")
        file.with_name("mine.py").write_text(content)
        return ("serve", *ports, "--with", "mine.py:make")

    return arguments


@pytest.mark.parametrize("fault", FAULTS)
def test_provider_that_cannot_be_opened_is_one_line_where_that_tells_all(
    fault: str,
    faulty: Callable[[str], tuple[str, ...]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    error, code, words = FAULTS[fault]
    assert said(capsys, *faulty(error)) == (code, f"callboard: {words}")


@pytest.mark.parametrize("fault", SURPRISES)
def test_provider_that_cannot_be_opened_is_named_with_its_traceback_and_no_secret(
    fault: str,
    faulty: Callable[[str], tuple[str, ...]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    error, words = SURPRISES[fault]
    with pytest.raises(SystemExit) as ended:
        main(faulty(error))
    assert ended.value.code == 1
    err = capsys.readouterr().err
    assert "provider `faulty` cannot be opened" in err
    assert err.count("Traceback") == 1
    assert 'mine.py", line 13, in opened' in err
    assert "trio" not in err.partition("Traceback")[2]
    assert err.splitlines()[-1].startswith(f"callboard: {words}")
    assert SECRET not in err


def test_command_line_starts_without_the_runtime() -> None:
    asked = "import sys, callboard.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "callboard.settings" in loaded
    assert not loaded & {"sqlalchemy", "trio", "rich", "callboard.backstage"}
