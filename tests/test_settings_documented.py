"""Every setting is in docs/settings.md, with its default."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard import Database, Settings
from callboard.registry import assemble

_PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text("utf-8")
_TOML = "\n".join(re.findall(r"```toml\n(.*?)```", _PAGE, re.DOTALL))
_SETTINGS = Settings(
    environment={"CALLBOARD_GITHUB_WEBHOOK_SECRET": "s", "CALLBOARD_GITHUB_TOKEN": "t"}
)


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, type[Any]]:
    """What every installed room asks for."""
    file = tmp_path_factory.mktemp("settings") / "callboard.db"
    database = Database.open(f"sqlite:///{file}")
    try:
        assemble(_SETTINGS, database)
    finally:
        database.close()
    return _SETTINGS.sections


def test_page_shows_the_defaults(sections: dict[str, type[Any]]) -> None:
    page = tomllib.loads(_TOML)
    assert set(page) == set(sections)
    for name, kind in sections.items():
        shown: object = msgspec.convert(page[name], kind)
        assert shown == kind(), f"docs/settings.md: [{name}] shows other defaults"


def test_page_lists_every_key(sections: dict[str, type[Any]]) -> None:
    # A key without a default is shown as a comment.
    page = tomllib.loads(re.sub(r"(?m)^# (\w+ = )", r"\1", _TOML))
    missing = [
        f"{name}.{key}"
        for name, kind in sections.items()
        for key in _keys(msgspec.inspect.type_info(kind))
        if not _has(page[name], key)
    ]
    assert missing == []


def _keys(kind: msgspec.inspect.Type) -> list[str]:
    assert isinstance(kind, msgspec.inspect.StructType)
    found: list[str] = []
    for field in kind.fields:
        if isinstance(field.type, msgspec.inspect.StructType):
            found += [f"{field.encode_name}.{key}" for key in _keys(field.type)]
        else:
            found.append(field.encode_name)
    return found


def _has(table: Any, key: str) -> bool:
    first, _, rest = key.partition(".")
    return first in table and (not rest or _has(table[first], rest))


def test_page_lists_every_variable() -> None:
    root = Path(__file__).parents[1]
    code = "".join(
        file.read_text("utf-8")
        for room in ("runtime", "providers", "inspector")
        for file in (root / room).rglob("*.py")
        if "demo" not in file.parts
    )
    asked = {
        *re.findall(r"""(?:secrets|variable)\("([A-Z_]+)"\)""", code),
        *re.findall(r"""\nTOKEN = "([A-Z_]+)\"""", code),
        *re.findall(r"""\nPRIVATE_KEY = "([A-Z_]+)\"""", code),
    }
    assert len(asked) >= 5
    for name in asked:
        assert f"`CALLBOARD_{name}`" in _PAGE
