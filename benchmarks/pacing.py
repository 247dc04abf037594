"""Signed webhooks at their own pace, whatever the server does: an open loop.

    python benchmarks/pacing.py HOST PORT RATE SECONDS SIZE

Deliveries come at random moments (Poisson) that are fixed before the first is sent. The
time of an answer counts from the moment its delivery was due, so that a server which
stops for a while pays for all that came due meanwhile. Prints one JSON object.

Raw sockets and one loop: a delivery costs the client little beside the server. How late
it was itself is told too; figures below that are not to be trusted.
"""

import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from itertools import accumulate, cycle, islice
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parent))

from loading import head, push
from server import Served

_BOTTOM = b"\r\n\r\n"
_REPOSITORIES = 200
_CONNECTIONS = 500
"""At most; a delivery that is due when all are busy waits, and its time runs."""
_IDLE = 2.0
"""Seconds after which a connection is not used again; servers close them after some."""
_PATIENCE = 30.0
"""Seconds to wait for the last answers."""


class Paced(msgspec.Struct, frozen=True):
    """What came of it."""

    answers: list[float]
    """Seconds from the moment that a delivery was due to its answer."""
    late: list[float]
    """Seconds from that moment until the client began to send."""
    statuses: dict[str, int]
    unanswered: int
    connections: int


class Pacing:
    """A client in another process, which has begun to send."""

    def __init__(self, served: Served, *, rate: int, seconds: int, size: int) -> None:
        """``rate`` deliveries a second, of about ``size`` bytes."""
        command = [sys.executable, __file__, served.host, str(served.port)]
        command += [str(rate), str(seconds), str(size)]
        # A file: nobody reads a pipe while it runs.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `result`
        self._process = subprocess.Popen(command, stdout=self._said)  # noqa: S603 - a command of our own

    @property
    def sends(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def result(self) -> Paced:
        """What came of it, once it has ended.

        Raises:
            RuntimeError: It failed; it said why on standard error.
        """
        if self._process.wait() != 0:
            raise RuntimeError(f"the client ended with {self._process.returncode}")
        with self._said as said:
            said.seek(0)
            return msgspec.json.decode(said.read(), type=Paced)


def requests(host: str, size: int) -> Iterator[bytes]:
    """Pushes to two hundred repositories in turn; each has a GUID of its own."""
    document = msgspec.json.decode(push(size))
    parts: list[tuple[bytes, bytes]] = []
    for number in range(_REPOSITORIES):
        document["repository"]["full_name"] = f"Codertocat/Hello-{number}"
        parts.append(head(msgspec.json.encode(document), host))
    guids = (str(UUID(int=random.getrandbits(128))).encode() for _ in cycle([None]))
    for (before, after), guid in zip(cycle(parts), guids, strict=False):
        yield before + guid + after


class _Connection:
    """A keep-alive connection, and the delivery that is on its way over it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = self.used = 0.0
        self._answer = b""

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self._answer = b""
        self.socket.sendall(request)

    def read(self) -> str | None:
        """The status, once the answer is complete.

        Raises:
            EOFError: The server closed the connection.
        """
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise EOFError("the server closed the connection")
        self._answer += chunk
        top, found, body = self._answer.partition(_BOTTOM)
        if not found:
            return None
        lines = (line.lower().partition(b":") for line in top.split(b"\r\n")[1:])
        length = next(int(v) for name, _, v in lines if name == b"content-length")
        return top.split(b" ", 2)[1].decode() if len(body) >= length else None


class Client:
    """Sends each delivery when it is due, over a free connection or a new one."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.idle: list[_Connection] = []
        self.busy: set[_Connection] = set()
        self.answers: list[float] = []
        self.late: list[float] = []
        self.statuses: Counter[str] = Counter()

    def run(self, gaps: list[float], wanted: Iterator[bytes]) -> Paced:
        """Send one request after each gap, and wait for the answers."""
        ready = list(islice(wanted, len(gaps)))
        begun = time.perf_counter()
        due = deque(begun + moment for moment in accumulate(gaps))
        ready.reverse()
        while due:
            # With every connection busy, only an answer lets the next one go.
            self._read(due[0] - time.perf_counter() if self._free else _PATIENCE)
            while due and self._free and due[0] <= time.perf_counter():
                self._send(ready.pop(), due.popleft())
        last = time.perf_counter() + _PATIENCE
        while self.busy and (left := last - time.perf_counter()) > 0:
            self._read(left)
        return Paced(
            answers=self.answers,
            late=self.late,
            statuses=dict(self.statuses),
            unanswered=len(gaps) - len(self.answers),
            connections=len(self.idle) + len(self.busy),
        )

    @property
    def _free(self) -> bool:
        return len(self.busy) < _CONNECTIONS

    def _send(self, request: bytes, due: float) -> None:
        connection = self._connection()
        self.late.append(time.perf_counter() - due)
        connection.send(request, due)
        self.busy.add(connection)

    def _connection(self) -> _Connection:
        """The one that was used last, for the others grow old; else a new one."""
        if self.idle and self.idle[-1].used < time.perf_counter() - _IDLE:
            while self.idle:
                self.idle.pop().socket.close()
        return self.idle.pop() if self.idle else _Connection(self.address)

    def _read(self, patience: float) -> None:
        readable, _, _ = select.select(self.busy, (), (), max(patience, 0))
        for connection in readable:
            status = connection.read()
            if status is not None:
                self.answers.append(time.perf_counter() - connection.due)
                self.statuses[status] += 1
                self.busy.remove(connection)
                connection.used = time.perf_counter()
                self.idle.append(connection)


def main() -> None:
    """Send, and print what came of it."""
    host, *numbers = sys.argv[1:]
    port, rate, seconds, size = map(int, numbers)
    gaps = [random.expovariate(rate) for _ in range(rate * seconds)]
    paced = Client((host, port)).run(gaps, requests(f"{host}:{port}", size))
    sys.stdout.buffer.write(msgspec.json.encode(paced))


if __name__ == "__main__":
    main()
