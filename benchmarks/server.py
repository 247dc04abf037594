"""A server in a process of its own, as a user starts it.

Owns its folder, its ports and its end.
"""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from msgspec import Struct

_TRY = Path(__file__).parent.parent / "examples" / "backstage" / "try.py"
SECRET = "benchmark"  # noqa: S105 - guards a server on loopback


class Served(Struct, frozen=True):
    """Where a server answers."""

    host: str
    port: int
    pid: int
    folder: Path

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://{self.host}:{self.port}"


@contextmanager
def callboard(
    settings: str = "", environment: Mapping[str, str] | None = None
) -> Generator[Served]:
    """``callboard serve`` on free ports and a fresh SQLite file.

    Args:
        settings: The content of its ``callboard.toml``.
        environment: Further variables, such as a token.
    """
    command = [sys.executable, "-m", "callboard", "serve", "--no-open"]
    command += ["--port", "0", "--inspector-port", "0"]
    with tempfile.TemporaryDirectory(prefix="callboard-benchmark-") as name:
        folder = Path(name)
        (folder / "callboard.toml").write_text(settings, "utf-8")
        with started(command, folder, environment or {}) as served:
            yield served


@contextmanager
def started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Generator[Served]:
    """A server that says where its webhooks go; ended when the block is left.

    Raises:
        RuntimeError: It ended before it said so.
    """
    variables = {
        **os.environ,
        "CALLBOARD_GITHUB_WEBHOOK_SECRET": SECRET,
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    with (
        (folder / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603 - a command of our own
            command,
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                found = re.search(r"http://([\d.]+):(\d+)/webhooks/github", line)
                if found is not None:
                    break
            else:
                said = (folder / "log").read_text("utf-8")
                raise RuntimeError(f"{' '.join(command)} ended: {said}")
            yield Served(found[1], int(found[2]), process.pid, folder)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def trying() -> ModuleType:
    """``examples/backstage/try.py``, which knows how to start both."""
    spec = importlib.util.spec_from_file_location("trying_backstage", _TRY)
    if spec is None or spec.loader is None:
        raise ImportError(f"expected a module at {_TRY}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
