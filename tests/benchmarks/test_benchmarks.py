"""Each benchmark runs at its smallest size; its figures count for nothing here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

folder = Path(__file__).resolve().parents[2] / "benchmarks"
programs = (
    "catalog",
    "durability",
    "journey",
    "memory",
    "open_loop",
    "servers",
    "supervision",
)


@pytest.mark.parametrize("name", programs)
def test_benchmark_runs_at_its_smallest_size(name: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(folder / f"{name}.py"), "--smoke"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "cores" in ended.stdout


@pytest.mark.parametrize("name", programs)
def test_benchmark_is_described(name: str) -> None:
    assert f"`{name}.py`" in (folder / "README.md").read_text("utf-8")
