"""The page about providers tells what the handlers do."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_table_of_events_is_generated_from_the_handlers() -> None:
    script = ROOT / "scripts" / "generate_provider_table.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False)
    assert done.returncode == 0, "run scripts/generate_provider_table.py"
