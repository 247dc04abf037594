"""What watching costs: fifty watchers, one of which never reads.

    python benchmarks/watchers.py [--rounds N] [--deliveries N]

Prints the runs per second of a served callboard with nobody watching and with fifty who
follow the list of deliveries, interleaved, and the ratio, of the rates and of the
processor time that the server takes for a run, each beside the machine's speed at that
time; how the server's memory grows meanwhile; the time from a task's change of state to
the frame at a client; and what a task takes on the wire. The watchers are a process of
their own.
"""

import base64
import gc
import os
import selectors
import socket
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import anyio
import trio

sys.path.insert(0, str(Path(__file__).parent))

from measuring import machine, options, percentile, ratio, resident, speed

from callboard import Callboard, Provider, Run, Trace, Untyped, on
from callboard.ids import new_id
from callboard.serving import settle_in
from callboard.testing import THING, deliver
from callboard.wake import Wake
from callboard_inspector.batches import split
from callboard_inspector.client import Client, connect
from callboard_inspector.feed import Feed
from callboard_inspector.mounts import feed_of
from callboard_inspector.rows import Rows
from callboard_inspector.testing import served
from callboard_inspector.wire import (
    PROTOCOL,
    Beat,
    Delta,
    Scope,
    Subscribe,
    decode_server,
    encode,
)

WATCHERS = 50
SENDERS = 20
WARMING = 3
"""Rounds until the ring is full, and memory no longer grows by its being filled."""
CHILDREN = 8
SAMPLES = 300
_SETTLING = 6.0


class Figures(NamedTuple):
    """What a round came to."""

    rate: float
    """Runs per second."""
    cost: float
    """Milliseconds of processor time for each run."""
    speed: float
    """Of the machine meanwhile."""


class Work(Provider):
    """One task with eight children, as a small provider has them."""

    name = "work"

    def __init__(self) -> None:
        self.left = 0
        self.wake = Wake()

    @on(THING)
    async def work(self, _event: Untyped, _run: Run) -> None:
        """Start the children."""
        async with anyio.create_task_group() as group:
            for n in range(CHILDREN):
                group.start_soon(anyio.sleep, 0.001 * (n % 3), name=f"child {n}")
        self.left -= 1
        if not self.left:
            self.wake()

    async def round(self, board: Callboard, deliveries: int) -> Figures:
        """Send so many, and wait until all have run."""
        self.left, self.wake = deliveries, Wake()
        before = speed()
        begun, used = time.perf_counter(), time.process_time()
        numbers = iter(range(deliveries))

        async def send() -> None:
            for _ in numbers:
                await deliver(board, "thing")

        async with anyio.create_task_group() as group:
            for _ in range(SENDERS):
                group.start_soon(send)
        await self.wake.wait()
        took, used = time.perf_counter() - begun, time.process_time() - used
        return Figures(
            deliveries / took, used / deliveries * 1e3, (before + speed()) / 2
        )


def held() -> float:
    """This process's memory in megabytes, without what is only garbage."""
    gc.collect()
    return resident() / 1e6


async def throughput(rounds: int, deliveries: int) -> None:
    """Rounds with nobody watching and with fifty, interleaved."""
    work = Work()
    alone: list[Figures] = []
    watched: list[Figures] = []
    async with served(work) as board:
        feed = feed_of(board)
        for _ in range(WARMING):
            await work.round(board, deliveries)
        settle_in()
        memory = [held()]
        for _ in range(rounds):
            alone.append(await work.round(board, deliveries))
            command = [sys.executable, __file__, "--watch", str(board.inspector_url)]
            async with await anyio.open_process(command, stdout=None) as process:
                await _present(feed, WATCHERS)
                await anyio.sleep(_SETTLING)  # until each has its first snapshot
                watched.append(await work.round(board, deliveries))
                process.kill()
            await _present(feed, 0)
            await anyio.sleep(_SETTLING)  # until the server lets go of connections
            memory.append(held())
    print(f"runs per second, nobody watching    {median(f.rate for f in alone):7.0f}")
    print(
        f"runs per second, {WATCHERS} watching        {median(f.rate for f in watched):7.0f}"
    )
    left = ratio(*([f.rate / f.speed for f in some] for some in (watched, alone)))
    print(f"what watching leaves                {left:7.2f}  (goal 0.90)")
    left = ratio(*([f.cost * f.speed for f in some] for some in (alone, watched)))
    print(f"the same by processor time          {left:7.2f}")
    grown = " ".join(f"{m - memory[0]:+.0f}" for m in memory[1:])
    print(f"MB beyond the first {memory[0]:.0f}, by round    {grown}")


async def _present(feed: Feed, count: int) -> None:
    """Wait until so many watch; nobody tells, so it is asked."""
    while feed.watchers != count:  # noqa: ASYNC110 - a feed has no such event
        await anyio.sleep(0.05)


def watch(address: str) -> None:
    """Fifty watchers; one of them never reads.

    What the others read is thrown away as it comes: the clients' own work would be
    measured as the server's, on a machine of few processors.
    """
    stalled, *others = [_tab(address) for _ in range(WATCHERS)]
    with selectors.DefaultSelector() as selector:
        for tab in others:
            tab.setblocking(False)
            selector.register(tab, selectors.EVENT_READ)
        while stalled.fileno() >= 0:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.recv(65_536)


def _tab(address: str) -> socket.socket:
    """A connection as a browser makes it, that has asked for the list."""
    host, port = address.removeprefix("http://").split(":")
    tab = socket.create_connection((host, int(port)))
    tab.sendall(
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
    )
    tab.recv(12)
    asked = encode(Subscribe()).encode().ljust(200)
    length = len(asked).to_bytes(2, "big")
    tab.sendall(bytes([0x81, 0xFE]) + length + bytes(4) + asked)
    return tab


async def latency() -> None:
    """From a change of a task to its frame at a client."""
    async with served() as board:
        assert board.inspector_url is not None
        for name, pause in (("after a silence", 0.06), ("amid many", 0.003)):
            async with connect(board.inspector_url) as client:
                found = [t async for t in _changes(board.trace, client, pause)]
            p50, p95 = percentile(found, 0.5), percentile(found, 0.95)
            print(f"change to frame, {name:<16} p50 {p50:6.1f}  p95 {p95:6.1f} ms")


async def _changes(trace: Trace, client: Client, pause: float) -> AsyncGenerator[float]:
    root = trace.open_tree(new_id(), new_id(), "measured").root
    root.start()
    await client.say(Subscribe([Scope(root.tree.delivery)]))
    while not isinstance(await client.next(), Beat):
        pass
    made: list[float] = []

    async def change() -> None:
        for n in range(SAMPLES):
            await anyio.sleep(pause)
            made.append(time.perf_counter())
            root.label({"n": n})

    async with anyio.create_task_group() as group:
        group.start_soon(change)
        seen = -1
        while seen < SAMPLES - 1:
            frame = decode_server(await client.next_text())
            if not isinstance(frame, Delta):
                continue
            now = time.perf_counter()
            for row in frame.tasks:
                newest = row.rest.labels["n"] if row.rest else None
                assert isinstance(newest, int)
                # What a batch supersedes was shown with it, and waited longer.
                for n in range(seen + 1, newest + 1):
                    yield (now - made[n]) * 1000
                seen = newest


def size() -> None:
    """Bytes of a task in a snapshot of a run with ten thousand."""
    trace = Trace()
    tree = trace.open_tree(new_id(), new_id(), "github:push")
    tree.root.start()
    for n in range(10_000):
        task = tree.add(tree.root, f"repository {n % 500}", "task")
        task.start()
        if n % 10 == 0:
            task.label({"page": n})
        task.complete()
    total = 0
    for rows in split(tree.tasks.values(), Rows.add_task, time.time() * 1000):
        frame = Delta("d", 0, 0, 0.0, **rows.fields())
        total += len(encode(frame).encode())
    print(f"bytes of a task on the wire, of 10,000  {total / len(tree.tasks):7.1f}")


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--watch"]:
        watch(sys.argv[2])
        return
    sizes = options(
        __doc__,
        rounds=(6, 1, "rounds with nobody watching, and with fifty"),
        deliveries=(2_000, 100, "deliveries in a round"),
    )
    print(machine())
    size()
    trio.run(latency)
    trio.run(throughput, sizes.rounds, sizes.deliveries)


if __name__ == "__main__":
    main()
