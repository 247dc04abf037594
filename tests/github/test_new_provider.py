"""What ``callboard new provider`` writes, used as somebody would who has just got it."""

import subprocess
import sys
from pathlib import Path

import pytest

from callboard.cli import main


def write(folder: Path, name: str) -> object:
    """How the command ended."""
    with pytest.raises(SystemExit) as ended:
        main(["new", "provider", name, "--into", str(folder)])
    return ended.value.code


def test_written_provider_passes_its_own_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write(tmp_path, "on-call") == 0
    said = capsys.readouterr().out
    assert str(tmp_path / "on_call.py") in said.replace("\n", "")
    written = (tmp_path / "on_call.py").read_text("utf-8")
    assert "class OnCall(EntityProvider)" in written
    assert 'name = "on-call"' in written
    assert "emplate" not in written + (tmp_path / "test_on_call.py").read_text("utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_on_call.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("On Call", "lower case letters and digits"),
        ("../evil", "lower case letters and digits"),
        ("class", "no keyword"),
        ("repositories", "a name that no provider has"),
        ("json", "a name that no installed module has"),
    ],
)
def test_name_that_will_not_do_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, expected: str
) -> None:
    assert write(tmp_path, name) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert f"got {name!r}" in said
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_on_call.py").write_text("mine", "utf-8")
    assert write(tmp_path, "on-call") == 2
    assert (
        "exists: remove it, or write elsewhere with --into" in capsys.readouterr().err
    )
    assert [file.name for file in tmp_path.iterdir()] == ["test_on_call.py"]
    assert (tmp_path / "test_on_call.py").read_text("utf-8") == "mine"
