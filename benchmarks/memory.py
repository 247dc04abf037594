"""Whether memory stays the same, however many deliveries have gone through.

    python benchmarks/memory.py [--deliveries N]

Drives intake, journal, dispatch and recorded runs in this process, without HTTP, and
prints the memory that it holds on the way. What counts is the last figure beside the one
after 10,000 deliveries, when everything that is bounded has come to its bound: they
should differ by no more than 10 %. The journal, on disk, grows all the while. A million
deliveries, the goal's number, take about an hour.
"""

import gc
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import anyio
import msgspec
import trio

sys.path.insert(0, str(Path(__file__).parent))

from measuring import machine, options, resident

from callboard import Callboard, Provider, Run, Untyped, on
from callboard.testing import THING, deliver, open_board, settled

_BASE = 10_000
_CHILDREN = 8
_SENDERS = 32
_REPOSITORIES = 500


class Parent(Provider):
    """Starts eight tasks; their names and labels differ from run to run."""

    name = "parent"

    @on(THING)
    async def handle(self, event: Untyped, run: Run) -> None:
        """Start them, and wait for all."""
        number = event.payload["number"]
        run.label(number=number, text=f"delivery {number}")
        async with trio.open_nursery() as nursery:
            for child in range(_CHILDREN):
                nursery.start_soon(trio.lowlevel.checkpoint, name=f"{child}-{number}")


async def send(board: Callboard, numbers: Iterator[int], end: int) -> None:
    """Send deliveries up to the number ``end``, thirty-two at once, and let them run."""

    async def sender() -> None:
        while (number := next(numbers)) < end:
            repository = f"acme/{number % _REPOSITORIES}"
            payload = {"number": number, "repository": repository, "text": "x" * 500}
            await deliver(board, "thing", payload)

    async with anyio.create_task_group() as group:
        for _ in range(_SENDERS):
            group.start_soon(sender)
    await settled(board)


def in_memory(board: Callboard) -> str:
    """What the trace holds."""
    trace = board.trace
    tasks = sum(len(tree.tasks) for tree in trace.trees.values())
    trees, deliveries = len(trace.trees), len(trace.deliveries)
    return f"{deliveries:,} deliveries, {trees:,} trees, {tasks:,} tasks"


async def measure(deliveries: int, base: int) -> None:
    """Send them in ten steps after the first ``base``, and print the memory at each."""
    steps = [base, *(base + (deliveries - base) * n // 10 for n in range(1, 11))]
    figures: list[int] = []
    async with open_board(Parent()) as board:
        begun, sent = time.perf_counter(), 0
        for step in steps:
            await send(board, count(sent), step)
            sent = step
            gc.collect()
            figures.append(resident())
            rate = sent / (time.perf_counter() - begun)
            print(
                f"{sent:>10,} deliveries {figures[-1] / 1e6:>8.1f} MB"
                f" {figures[-1] / figures[0]:>6.2f}   {rate:,.0f}/s",
                flush=True,
            )
        print(f"in memory at the end: {in_memory(board)}")
        failed = [v.id for v in board.trace.deliveries.values() if v.reason]
        assert not failed, f"expected runs that complete, got {failed[:3]}"
    print(f"last beside the first: {figures[-1] / figures[0]:.2f} (goal 0.90 to 1.10)")


def main() -> None:
    """Measure and print."""
    sizes = options(__doc__, deliveries=(100_000, 100, "deliveries in all"))
    base = min(_BASE, max(sizes.deliveries // 10, 1))
    print(f"{machine()}; msgspec {msgspec.__version__}, trio {trio.__version__}")
    anyio.run(measure, sizes.deliveries, base, backend="trio")


if __name__ == "__main__":
    main()
