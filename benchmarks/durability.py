"""What it costs to have a delivery on disk before it is acknowledged.

    python benchmarks/durability.py

Acknowledged deliveries per second of ``callboard serve`` (SQLite, no provider) beside the
same server without a journal, whose runs start from memory: the share should be at least
80 %. And beside two that do less: that server without any run, and an endpoint that only
reads the body, checks the signature and forgets it. Beside it, how long this disk's fsync
takes.
"""

import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from loading import Load, load
from measuring import fsyncs, interleaved, machine, options, ratio, spread
from server import Served, callboard, started

_SIZE = 18_000


@contextmanager
def beside(program: str, *arguments: str) -> Generator[Served]:
    """One of the servers that keep nothing."""
    command = [sys.executable, str(Path(__file__).with_name(program)), *arguments]
    with (
        tempfile.TemporaryDirectory(prefix="callboard-benchmark-") as folder,
        started(command, Path(folder), {}) as served,
    ):
        yield served


def main() -> None:
    """Print acknowledgements per second, and their ratio."""
    sizes = options(
        __doc__,
        requests=(4000, 64, "deliveries a round"),
        rounds=(5, 1, "rounds"),
        connections=(32, 4, "connections"),
    )
    loads: list[Load] = []

    def contestant(
        serve: Callable[[], AbstractContextManager[Served]],
    ) -> Callable[[], float]:
        def one() -> float:
            with serve() as served:
                made = load(
                    served,
                    connections=sizes.connections,
                    requests=sizes.requests,
                    size=_SIZE,
                )
            loads.append(made)
            return made.rate

        return one

    rates = interleaved(
        {
            "durable (callboard serve)": contestant(callboard),
            "the same without a journal": contestant(
                partial(beside, "forgetful_server.py")
            ),
            "without a journal or runs": contestant(
                partial(beside, "forgetful_server.py", "idle")
            ),
            "signature only": contestant(partial(beside, "signature_only.py")),
        },
        sizes.rounds,
    )
    print(f"{sizes.connections} connections, push of {_SIZE:,} bytes; {machine()}")
    for name, figures in rates.items():
        print(f"{name:28} {median(figures):8.0f} acknowledgements/s")
    durable, *others = rates.values()
    for name, theirs in zip([*rates][1:], others, strict=True):
        print(f"durable as a share of {name}: {ratio(durable, theirs):.0%}")
    refused = sum(sum(one.statuses.values()) for one in loads) - sum(
        one.statuses.get("202", 0) for one in loads
    )
    print("goal: 80% of the same without a journal")
    print(f"not acknowledged: {refused}")
    with tempfile.TemporaryDirectory() as folder:
        print(f"fsync of 20 KB: {spread(fsyncs(Path(folder), 200))}")


if __name__ == "__main__":
    main()
