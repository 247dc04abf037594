"""docs/inspector-protocol.md names everything that a client may meet."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from callboard_inspector import wire
from callboard_inspector.bundle import FORMAT, Bundle
from callboard_inspector.pace import BATCH, BATCH_MANY, BATCH_SLOW, SHARE
from callboard_inspector.questions import Question
from callboard_inspector.rows import LABEL, LABELS, NAME, PREVIEW
from callboard_inspector.watcher import OPEN, SCOPES

PAGE = (Path(__file__).parents[2] / "docs" / "inspector-protocol.md").read_text("utf-8")


def cells(heading: str) -> set[str]:
    """What stands in code in the first column of the tables below ``heading``."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert section, f"there is no section {heading!r}"
    rows = re.findall(r"^\| ([^|]*) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def tags(union: Any) -> set[str]:
    return {str(kind.__struct_config__.tag) for kind in get_args(union)}


def test_every_frame_of_the_server_is_documented() -> None:
    assert cells("What the server sends") == tags(wire.ServerFrame)


def test_every_frame_and_command_of_a_client_is_documented() -> None:
    known = tags(wire.ClientFrame) | set(get_args(wire.CommandKind))
    assert cells("What a client sends") == known


def test_every_question_is_documented() -> None:
    assert cells("Questions") - {"of"} == tags(Question)


def test_every_part_of_a_file_is_documented() -> None:
    names = {field.name for field in msgspec.structs.fields(Bundle)}
    assert cells("A run as a file") == names
    assert FORMAT in PAGE


@pytest.mark.parametrize("kind", get_args(wire.ServerFrame), ids=lambda k: k.__name__)
def test_every_code_of_a_farewell_is_documented(kind: Any) -> None:
    for field in msgspec.structs.fields(kind):
        if field.name == "code":
            assert all(f"`{code}`" in PAGE for code in get_args(field.type))


def test_the_limits_are_those_that_are_kept() -> None:
    limits = PAGE.partition("\n## Limits\n")[2].partition("\n## ")[0]
    for said in (
        f"every {BATCH * 1000:.0f} ms",
        f"every {BATCH_SLOW * 1000:.0f} ms",
        f"{SHARE * 1000:.0f} ms for each of them, up to {BATCH_MANY * 1000:.0f} ms",
        f"`limits.scopes` ({SCOPES})",
        f"`limits.open` ({OPEN})",
        f"names {NAME} characters, previews {PREVIEW}, eight labels of {LABEL}",
        f"{wire.FRAME_LIMIT // 1024**2} MiB",
        f"{wire.FRAME_AIM // 1024} KiB",
    ):
        assert said in limits
    assert LABELS == 8
