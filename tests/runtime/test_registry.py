"""What other packages add, and what is told when they add it wrongly."""

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from callboard import Callboard, Database, Mount, Provider, Settings, SettingsError
from callboard import registry as rooms
from callboard.checks import Finding
from callboard.testing import Gate, PlainSource

pytestmark = pytest.mark.anyio


def make_source(_board: Callboard) -> PlainSource:
    return PlainSource()


def make_no_source(_board: Callboard) -> None: ...


def make_providers(_board: Callboard) -> Iterable[Provider]:
    return [Gate()]


async def nothing(*_: Any) -> None: ...


def make_mounts(_board: Callboard) -> Iterable[Mount]:
    return [Mount("/x", nothing)]


def break_down(_board: Callboard) -> Any:
    raise OSError("no such host")


def refuse(_board: Callboard) -> Any:
    raise SettingsError("callboard.toml: x: expected y, got z")


def tell_secret(board: Callboard) -> Any:
    (secret,) = board.settings.secrets("TOKEN")
    raise ValueError(f"the token {secret} will not do")


async def tell_secret_too(board: Callboard) -> list[Finding]:
    return list(tell_secret(board))


async def works(_board: Callboard) -> Iterable[Finding]:
    return [Finding("toy", ok=True, detail="works")]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    yield opened
    opened.close()


def installed(monkeypatch: pytest.MonkeyPatch, **groups: dict[str, str]) -> None:
    """Have these entry points, by group and name, and no others."""

    def entry_points(*, group: str) -> list[EntryPoint]:
        named = groups.get(group.removeprefix("callboard."), {})
        return [
            EntryPoint(name, f"{__name__}:{function}", group)
            for name, function in named.items()
        ]

    monkeypatch.setattr(rooms, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", load)


async def encode(board: Callboard) -> list[Finding]:
    assert board
    "\ufeffSECRET".encode("ascii")
    return []


def load(point: EntryPoint) -> Any:
    found = globals().get(point.attr)
    if found is None:
        raise AttributeError(f"no {point.attr}")
    return found


async def test_everything_that_is_installed_is_taken_in(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    installed(
        monkeypatch,
        sources={"plain": "make_source", "absent": "make_no_source"},
        providers={"toy": "make_providers"},
        mounts={"toy": "make_mounts"},
        checks={"toy": "works"},
    )
    board = rooms.assemble(Settings(environment={}), database)
    assert list(board.sources) == ["plain"]
    assert [provider.name for provider in board.providers] == ["gate"]
    assert [mount.path for mount in board.mounts] == ["/x"]
    assert [f.detail for f in await rooms.findings(board)] == ["works"]


@pytest.mark.parametrize("group", ["sources", "providers", "mounts"])
async def test_entry_point_that_fails_is_named(
    monkeypatch: pytest.MonkeyPatch, database: Database, group: str
) -> None:
    for function, said in (
        ("break_down", "OSError: no such host"),
        ("misspelt", "AttributeError"),
    ):
        installed(monkeypatch, **{group: {"toy": function}})
        message = (
            rf"entry point callboard\.{group}: toy \(.*{function}\) failed: {said}"
        )
        with pytest.raises(SettingsError, match=message):
            rooms.assemble(Settings(environment={}), database)


async def test_what_a_room_says_of_its_settings_is_told_as_it_is(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    installed(monkeypatch, providers={"toy": "refuse"})
    with pytest.raises(SettingsError) as told:
        rooms.assemble(Settings(environment={}), database)
    assert str(told.value) == "callboard.toml: x: expected y, got z"


async def test_secret_in_what_a_package_raises_is_masked(
    monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path
) -> None:
    settings = Settings(environment={"CALLBOARD_TOKEN": "s3cret-words"})
    installed(monkeypatch, checks={"toy": "tell_secret_too"})
    board = rooms.assemble(settings, database)
    said = [finding.detail for finding in await rooms.findings(board)]
    file = tmp_path / "mine.py"
    file.write_text(
        "def make(board):\n"
        "    (secret,) = board.settings.secrets('TOKEN')\n"
        "    raise ValueError(f'the token {secret} will not do')\n"
    )
    with pytest.raises(SettingsError) as with_one:
        rooms.providers_from(f"{file}:make", board)
    installed(monkeypatch, providers={"toy": "tell_secret"})
    with pytest.raises(SettingsError) as installed_one:
        rooms.assemble(settings, database)
    for words in (*said, str(with_one.value), str(installed_one.value)):
        assert words.endswith("ValueError: the token [redacted] will not do")


async def test_section_that_no_room_asked_for_is_an_error(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    installed(monkeypatch)
    with pytest.raises(SettingsError, match="githup: expected one of"):
        rooms.assemble(Settings({"githup": {}}, environment={}), database)


async def test_channel_of_a_relay_that_is_no_address_is_an_error(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    installed(monkeypatch)
    message = (
        r"relay\.channel: expected the address of a relay's channel.*got 'http://\['"
    )
    with pytest.raises(SettingsError, match=message):
        rooms.assemble(
            Settings({"relay": {"channel": "http://["}}, environment={}), database
        )


async def test_check_that_fails_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    installed(monkeypatch, checks={"broken": "break_down", "fine": "works"})
    board = Callboard(Settings(environment={}), database)
    found = await rooms.findings(board)
    assert [(f.subject, f.ok) for f in found] == [("broken", False), ("toy", True)]
    assert "no such host" in found[0].detail


async def test_check_that_fails_on_a_text_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    installed(monkeypatch, checks={"broken": "encode"})
    board = Callboard(Settings(environment={}), database)
    found = await rooms.findings(board)
    assert "can't encode character '\\ufeff'" in found[0].detail
    assert "SECRET" not in found[0].detail
