"""What the benchmarks share: rounds, percentiles, and what the machine is.

Owns the way figures are taken. Contestants take turns within every round, so that other
work on the machine hits all of them alike, and only their ratio is to be trusted.
"""

import argparse
import math
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

Contestant = Callable[[], float]
"""Does its work once and returns its figure."""


def interleaved(
    contestants: Mapping[str, Contestant], rounds: int
) -> dict[str, list[float]]:
    """The figures of each contestant, one for every round."""
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(rounds):
        # Another one begins each round: whoever is first pays for cold caches.
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            figures[name].append(contestants[name]())
    return figures


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' own ratios, which a slow round moves little."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def speed() -> float:
    """How fast this machine is now: millions of turns of a bare loop in a second.

    One that is shared may be half as fast a moment later; a rate divided by the speed
    before and after it swings less.
    """
    turns = 2_000_000
    begun = time.perf_counter()
    for _ in range(turns):
        pass
    return turns / (time.perf_counter() - begun) / 1e6


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that ``share`` of all do not exceed (nearest rank).

    Raises:
        ValueError: There are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("percentile: expected at least one value, got none")
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def spread(seconds: Iterable[float]) -> str:
    """``p50 1.2 ms, p99 3.4 ms`` of times in seconds."""
    found = list(seconds)
    if not found:
        return "nothing measured"
    halfway, late = percentile(found, 0.5) * 1e3, percentile(found, 0.99) * 1e3
    return f"p50 {halfway:.2f} ms, p99 {late:.2f} ms"


def fsyncs(folder: Path, count: int) -> list[float]:
    """Seconds that the disk below ``folder`` takes to keep 20 KB, ``count`` times."""
    block = os.urandom(20_000)
    seconds: list[float] = []
    path = folder / "fsync"
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            file.write(block)
            started = time.perf_counter()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - started)
    path.unlink()
    return seconds


def resident(pid: int | None = None) -> int:
    """Bytes of memory that a process holds now (Linux); its own for None."""
    status = Path(f"/proc/{pid or 'self'}/statm").read_text(encoding="ascii")
    return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def weight(pid: int) -> int:
    """Bytes of memory that a process and its children hold now (Linux).

    What they share is counted once.
    """
    own = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in own.split("\n") if "Pss:" in line)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return int(kilobytes) * 1024 + sum(weight(int(child)) for child in children.split())


def machine() -> str:
    """What the figures were taken on, and how busy it was."""
    load = os.getloadavg()[0]
    version = platform.python_version()
    return f"{os.cpu_count()} cores, load {load:.1f}, Python {version}"


def options(
    description: str | None, **sizes: tuple[int, int, str]
) -> argparse.Namespace:
    """The command line: each size with its usual value, its smallest, and its meaning.

    ``--smoke`` runs with the smallest, to see that a benchmark still works.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--smoke", action="store_true", help="the smallest sizes; no figure counts"
    )
    for name, (usual, _, meaning) in sizes.items():
        parser.add_argument(
            f"--{name}", type=int, metavar="N", help=f"{meaning} ({usual:,})"
        )
    chosen = parser.parse_args()
    for name, (usual, smallest, _) in sizes.items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, smallest if chosen.smoke else usual)
    return chosen
