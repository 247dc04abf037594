"""A served callboard whose one run never rests: ``python busy_server.py STALLED_MS``.

Prints the addresses of its two sides, then serves until a signal.
"""

import socket
import sys
import tempfile
from pathlib import Path

import anyio

from callboard import Callboard, Database, Provider, Run, Settings, Untyped, on, serving
from callboard.testing import THING, PlainSource, deliver
from callboard_inspector.mounts import make_mounts

TASKS = 200


class Busy(Provider):
    name = "busy"
    timeout = None

    @on(THING)
    async def work(self, _event: Untyped, run: Run) -> None:
        async with anyio.create_task_group() as group:
            for n in range(TASKS):
                group.start_soon(self._label, run, n)

    async def _label(self, run: Run, n: int) -> None:
        turn = 0
        while True:
            turn += 1
            run.label(**{f"label{k}": f"{n} {turn} {'x' * 50}" for k in range(8)})
            await anyio.sleep(0.05)


def main() -> None:
    serving._STALLED_MS = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        database = Database.open(f"sqlite:///{Path(folder, 'callboard.db')}")
        settings = {"runtime": {"grace": 0.1 if len(sys.argv) < 3 else 60.0}}
        board = Callboard(Settings(settings, environment={}), database)
        board.add(sources=[PlainSource()], mounts=make_mounts(board))
        board.add(providers=[Busy()] if settings["runtime"]["grace"] < 1 else [])
        front = serving.listen("127.0.0.1", 0)
        inspector = serving.listen("127.0.0.1", 0)
        # What is sent and not read stays small, so that a send soon waits.
        inspector.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        places = serving.address(front), serving.address(inspector)

        async def beside() -> None:
            await ready.wait()
            delivery = await deliver(board, "thing")
            sys.stdout.write(f"{places[0]} {places[1]} {delivery}\n")
            sys.stdout.flush()

        ready = anyio.Event()
        serving.run(
            board, front=front, inspector=inspector, started=ready.set, beside=beside
        )


if __name__ == "__main__":
    main()
