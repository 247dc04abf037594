"""Settings that can not be meant are told, with and without credentials."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from callboard import Database, Settings, SettingsError
from callboard.registry import assemble
from callboard_github.setting_rules import check_values


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("github", "url", "http://[", "url: expected an address"),
        (
            "github",
            "organizations",
            ["acme", ""],
            "organizations[1]: expected the login",
        ),
        ("hooks", "url", "http://[", "url: expected an address"),
        ("hooks", "url", "callboard.example", "url: expected an address"),
        ("hooks", "repositories", ["acme"], "repositories[0]: expected owner/name"),
        ("workflows", "owner", "!!", "owner: expected an entity ref"),
        ("deployments", "owner", "", "owner: expected an entity ref"),
        ("deployments", "environments", [""], "environments[0]: expected a name"),
        ("repositories", "paths", [""], "paths[0]: expected the path of a file"),
    ],
)
def test_value_that_can_not_be_meant_is_told_by_its_key(
    section: str, key: str, value: Any, expected: str
) -> None:
    settings = Settings({section: {key: value}}, environment={})
    with pytest.raises(SettingsError) as told:
        check_values(settings)
    came = value if isinstance(value, str) else value[-1]
    assert str(told.value).startswith(f"callboard.toml: {section}.{expected}")
    assert str(told.value).endswith(f", got {came!r}")


def test_values_are_looked_at_when_a_callboard_is_put_together(tmp_path: Path) -> None:
    settings = Settings({"hooks": {"repositories": ["acme"]}}, environment={})
    settings.insecure = True
    database = Database.open(f"sqlite:///{tmp_path / 'callboard.db'}")
    with (
        closing(database),
        pytest.raises(SettingsError, match=r"hooks.repositories\[0\]"),
    ):
        assemble(settings, database)


def test_values_that_may_be_meant_are_taken() -> None:
    values: dict[str, Any] = {
        "github": {"url": "http://[::1]:8480", "organizations": ["acme-inc", "A_b"]},
        "hooks": {"url": "https://x.example/", "repositories": ["acme/a.b_c"]},
        "workflows": {"owner": "group:default/platform"},
        "deployments": {"owner": "Team.A"},
        "repositories": {"paths": ["/catalog-info.yaml", "**/*.yaml"]},
    }
    check_values(Settings(values, environment={}))
    check_values(Settings({}, environment={}))
