"""How long GitHub waits for an answer while runs go on.

    python benchmarks/open_loop.py

Sends deliveries (pushes of 18 KB) at random moments, 500 a second on average, whether
earlier ones were answered or not. Each makes a run of one provider with eight tasks. The
time counts from the moment that a delivery was due. The goal is a p99 of 25 ms where the
disk allows it, so the disk's own fsync is measured meanwhile; then the same with a disk
whose fsync takes 5 ms longer.
"""

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measuring import fsyncs, machine, options, percentile, spread
from pacing import Pacing
from server import started

_SIZE = 18_000
_SLOW = 5
_LOOK = 0.1


def journal(folder: Path) -> dict[str, int]:
    """How many deliveries stand how."""
    file = folder / "callboard.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        query = "SELECT state, count(*) FROM deliveries GROUP BY state ORDER BY state"
        return dict(connection.execute(query).fetchall())


def measure(rate: int, seconds: int, slower: int) -> None:
    """One open loop against a fresh server, and print what came of it."""
    command = [sys.executable, str(Path(__file__).with_name("busy_server.py"))]
    command += [str(slower)] if slower else []
    with tempfile.TemporaryDirectory(prefix="callboard-benchmark-") as name:
        folder = Path(name)
        with started(command, folder, {}) as served:
            client = Pacing(served, rate=rate, seconds=seconds, size=_SIZE)
            disk: list[float] = []
            while client.sends:
                # On the same disk, at the same time, and seldom enough not to matter.
                disk += fsyncs(folder, 1)
                time.sleep(_LOOK)
            paced = client.result()
            states = journal(folder)
    title = f"fsync {slower} ms longer" if slower else "this disk"
    statuses = ", ".join(f"{n} x {status}" for status, n in paced.statuses.items())
    stood = ", ".join(f"{n} {state}" for state, n in states.items())
    print(f"\n{title}: {rate}/s for {seconds} s, {machine()}")
    print(f"  answers      {spread(paced.answers)}", end="")
    print(f", longest {max(paced.answers) * 1e3:.0f} ms; goal p99 25 ms")
    print(f"  fsync        {spread(disk)} ({len(disk)} times meanwhile)", end="")
    print(f", and {slower} ms more for the journal" if slower else "")
    print(f"  client late  {spread(paced.late)}; {paced.connections} connections")
    print(f"  answered     {statuses}; {paced.unanswered} unanswered")
    print(f"  runs         {stood} when the last answer came")
    within = percentile(paced.answers, 0.99) <= 0.025
    print(f"  goal         {'reached' if within else 'missed'}")


def main() -> None:
    """Measure with the disk as it is, then with a slower one."""
    sizes = options(
        __doc__,
        rate=(500, 20, "deliveries a second"),
        seconds=(20, 1, "seconds of each loop"),
    )
    for slower in (0, _SLOW):
        measure(sizes.rate, sizes.seconds, slower)


if __name__ == "__main__":
    main()
