"""Which server to put before the intake: the same application under each.

    pip install -e '.[bench]'
    python benchmarks/servers.py

Acknowledged deliveries per second at 32 connections with pushes of 18 KB (on disk before
the answer, no provider), how long an answer took, and the memory that the server's
processes hold afterwards. Servers take turns. ``callboard serve`` itself is hypercorn on
trio; the others are for who mounts the intake in an application of their own.
"""

import socket
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from any_server import HOST, SERVERS
from loading import Load, load
from measuring import fsyncs, interleaved, machine, options, ratio, spread, weight
from server import Served, started

_SIZE = 18_000
_REFERENCE = "hypercorn-trio"
_PATIENCE = 10.0


class Contest:
    """The loads of one server, and its memory after each."""

    def __init__(self, name: str, *, connections: int, requests: int) -> None:
        self.name = name
        self.connections = connections
        self.requests = requests
        self.loads: list[Load] = []
        self.weights: list[int] = []

    def __call__(self) -> float:
        """One load against a fresh server; deliveries a second."""
        script = str(Path(__file__).with_name("any_server.py"))
        command = [sys.executable, script, self.name, str(free_port())]
        with (
            tempfile.TemporaryDirectory(prefix="callboard-benchmark-") as folder,
            started(command, Path(folder), {}) as served,
        ):
            reached(served)
            made = load(
                served,
                connections=self.connections,
                requests=self.requests,
                size=_SIZE,
            )
            self.weights.append(weight(served.pid))
        self.loads.append(made)
        return made.rate


def free_port() -> int:
    """A port that nobody listens on now; not every server takes 0."""
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def reached(served: Served) -> None:
    """Wait until it listens: most do so only after the application's start.

    Raises:
        TimeoutError: It does not.
    """
    last = time.monotonic() + _PATIENCE
    while time.monotonic() < last:
        try:
            socket.create_connection((served.host, served.port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"{served.url}: expected it to listen")


def installed(name: str) -> bool:
    """Whether all that a server is made of can be imported."""
    parts = (part for part in name.split("-") if part != "asyncio")
    return all(find_spec(part) is not None for part in parts)


def main() -> None:
    """Measure and print."""
    sizes = options(
        __doc__,
        requests=(4000, 32, "deliveries a round"),
        rounds=(5, 1, "rounds"),
        connections=(32, 4, "connections"),
    )
    missing = [name for name in SERVERS if not installed(name)]
    if missing:
        print(f"not installed: {', '.join(missing)} (pip install -e '.[bench]')")
    found = [name for name in SERVERS if name not in missing]
    make = partial(Contest, connections=sizes.connections, requests=sizes.requests)
    contests = {name: make(name) for name in found}
    rates = interleaved(contests, sizes.rounds)
    print(f"{sizes.connections} connections, push of {_SIZE:,} bytes; {machine()}")
    print(f"{'server':<26}{'per s':>8}{'ratio':>7}{'memory':>10}  answer")
    for name, contest in contests.items():
        answers = [seconds for made in contest.loads for seconds in made.answers]
        print(
            f"{name:<26}{median(rates[name]):>8.0f}"
            f"{ratio(rates[name], rates[_REFERENCE]):>7.2f}"
            f"{median(contest.weights) / 1e6:>7.0f} MB  {spread(answers)}"
        )
        lost = sum(n for made in contest.loads for n in made.statuses.values())
        lost -= sum(made.statuses.get("202", 0) for made in contest.loads)
        if lost:
            print(f"{'':<26}{lost} not acknowledged")
    with tempfile.TemporaryDirectory() as folder:
        print(f"fsync of 20 KB: {spread(fsyncs(Path(folder), 200))}")


if __name__ == "__main__":
    main()
