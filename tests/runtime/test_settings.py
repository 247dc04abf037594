"""Every wrong setting is one message: file, key, what was expected, what came."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from callboard import Settings, SettingsError
from callboard.policy import Policy


class Door(Struct, forbid_unknown_fields=True, frozen=True):
    open: bool = True


class Room(Struct, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1)] = 3
    names: list[str] = []
    light: Literal["on", "off"] = "on"
    door: Door = Door()
    signs: dict[str, str] = {}


def read(tmp_path: Path, content: str) -> Settings:
    path = tmp_path / "callboard.toml"
    path.write_text(content)
    return Settings.read(path, {})


def test_defaults_hold_where_nothing_is_said(tmp_path: Path) -> None:
    assert read(tmp_path, "").section("room", Room).size == 3
    assert Settings(environment={}).section("runtime", Policy).grace == 10.0


@pytest.mark.parametrize(
    ("content", "key", "expected", "came"),
    [
        ('[room]\nsize = "big"', "room.size", "expected int", "'big'"),
        ("[room]\nsize = 0", "room.size", "expected int >= 1", "0"),
        ("[room]\nnames = [1]", "room.names[0]", "expected text", "1"),
        ('[room]\nnames = "a"', "room.names", "expected a list", "'a'"),
        ('[room]\nlight = "dim"', "room.light", "one of 'off', 'on'", "'dim'"),
        (
            "[room]\nsise = 4",
            "room",
            "one of size, names, light, door, signs",
            "'sise'",
        ),
        ("[room.door]\nopen = 1", "room.door.open", "expected true or false", "1"),
        ("[room.door]\nopne = 1", "room.door", "one of open", "'opne'"),
        ("room = 3", "room", "expected a table", "3"),
        (
            '[room.signs]\nexit = "left"\nstage = 3\nattic = 4',
            "room.signs.stage",
            "expected text",
            "3",
        ),
    ],
)
def test_wrong_value_names_file_key_expected_and_came(
    tmp_path: Path, content: str, key: str, expected: str, came: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, content).section("room", Room)
    place, _, problem = str(caught.value).partition(": ")
    assert place == str(tmp_path / "callboard.toml")
    assert problem.startswith(f"{key}: ")
    assert expected in problem
    assert problem.endswith(f", got {came}")


def test_unknown_section_names_those_that_are_known(tmp_path: Path) -> None:
    settings = read(tmp_path, "[rooom]\nsize = 1")
    settings.section("room", Room)
    with pytest.raises(SettingsError, match=r"rooom: expected one of room"):
        settings.check_sections()


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"callboard\.toml: expected TOML.*line 2"):
        read(tmp_path, "[room]\nsize = \n")


def test_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml: cannot be read"):
        Settings.read(tmp_path / "absent.toml", {})


def test_file_that_was_not_named_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.read(None, {}).place == "callboard.toml"


def test_secrets_come_from_a_variable_or_a_file_and_are_masked_from_then_on(
    tmp_path: Path,
) -> None:
    file = tmp_path / "secret"
    file.write_text("old secret\nnew secret\n")
    settings = Settings(
        environment={"CALLBOARD_A": "one, two ,", "CALLBOARD_B_FILE": str(file)}
    )
    assert settings.secrets("A") == ("one", "two")
    assert settings.secrets("B") == ("old secret", "new secret")
    assert settings.secrets("C") == ()
    assert "new secret" not in settings.redactor.text("it is the new secret!")


def test_variable_and_file_at_once_are_an_error(tmp_path: Path) -> None:
    both = {"CALLBOARD_A": "x", "CALLBOARD_A_FILE": str(tmp_path)}
    with pytest.raises(SettingsError, match="CALLBOARD_A and CALLBOARD_A_FILE"):
        Settings(environment=both).secrets("A")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "binary"])
def test_secret_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    settings = Settings(environment={"CALLBOARD_A_FILE": str(file)})
    with pytest.raises(SettingsError) as caught:
        settings.secrets("A")
    assert f"CALLBOARD_A_FILE: expected a readable text file, got {file}" in str(
        caught.value
    )


def test_mark_at_the_beginning_of_a_secret_file_is_no_part_of_the_secret(
    tmp_path: Path,
) -> None:
    file = tmp_path / "secret"
    file.write_text("a secret\n", "utf-8-sig")
    settings = Settings(environment={"CALLBOARD_A_FILE": str(file)})
    assert settings.secrets("A") == ("a secret",)


def test_secret_that_no_header_can_hold_is_refused_by_its_variable_alone() -> None:
    settings = Settings(environment={"CALLBOARD_A": "ghp_SEC\u200bRET"})
    with pytest.raises(SettingsError) as caught:
        settings.header_secrets("A")
    expected = "CALLBOARD_A: expected printable ASCII characters alone"
    assert str(caught.value) == f"{expected}, got another one as character 8 of 11"
