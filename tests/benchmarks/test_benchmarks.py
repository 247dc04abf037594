"""Each benchmark runs at its smallest size; its figures count for nothing here."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

folder = Path(__file__).resolve().parents[2] / "benchmarks"
chromium = ("chromium", "chromium-browser", "google-chrome")
needs_chromium = pytest.mark.skipif(
    os.environ.get("CI") != "true" and not any(map(shutil.which, chromium)),
    reason=f"no Chromium: expected one of {', '.join(chromium)} on the path",
)
programs = (
    "backstage",
    "catalog",
    "durability",
    pytest.param("frames", marks=needs_chromium),
    "journey",
    "memory",
    "open_loop",
    "servers",
    "supervision",
    "watchers",
)


@pytest.mark.parametrize("name", programs)
def test_benchmark_runs_at_its_smallest_size(name: str) -> None:
    # Not pytest's own folder: its path is longer than a socket's of Chromium may be.
    with tempfile.TemporaryDirectory(prefix="smoke-") as place:
        ended = subprocess.run(
            [sys.executable, str(folder / f"{name}.py"), "--smoke"],
            cwd=place,
            env={**os.environ, "TMPDIR": place},
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
