"""Signed webhooks at full speed, from a process of its own.

Owns a client that costs little beside the server: raw sockets, requests made of a few
bytes that differ, answers looked at only as far as their status.

    python benchmarks/loading.py HOST PORT CONNECTIONS REQUESTS SIZE

prints one JSON object: the seconds that all took, how often each status came, and how
long each answer took.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path
from uuid import UUID

import msgspec
import trio

from callboard_github.signature import header, sign

sys.path.insert(0, str(Path(__file__).parent))

from server import SECRET, Served

_BOTTOM = b"\r\n\r\n"


class Load(msgspec.Struct, frozen=True):
    """What came of a load."""

    seconds: float
    statuses: dict[str, int]
    answers: list[float]
    """Seconds from sending each to its answer; the next waits for that (closed loop)."""

    @property
    def rate(self) -> float:
        """Deliveries per second that were taken."""
        return self.statuses.get("202", 0) / self.seconds


def load(served: Served, *, connections: int, requests: int, size: int) -> Load:
    """Send ``requests`` deliveries of about ``size`` bytes over keep-alive connections."""
    command = [sys.executable, __file__, served.host, str(served.port)]
    command += [str(connections), str(requests), str(size)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - a command of our own
    return msgspec.json.decode(ended.stdout, type=Load)


def push(size: int) -> bytes:
    """A push payload of about ``size`` bytes."""
    here = Path(__file__).resolve().parents[1]
    document = json.loads(
        (here / "tests" / "github" / "payloads" / "push.json").read_bytes()
    )
    commit = document["commits"][0]
    body = json.dumps(document).encode()
    while len(body) < size:
        document["commits"].append(commit)
        body = json.dumps(document).encode()
    return body


def head(body: bytes, host: str) -> tuple[bytes, bytes]:
    """A request before and after the delivery's GUID."""
    lines = [
        "POST /webhooks/github HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-GitHub-Event: push",
        "X-GitHub-Hook-ID: 1",
        f"{header}: {sign(body, SECRET)}",
        "X-GitHub-Delivery: ",
    ]
    return "\r\n".join(lines).encode(), _BOTTOM + body


async def _send(
    host: str, port: int, connections: int, requests: int, size: int
) -> Load:
    before, after = head(push(size), f"{host}:{port}")
    numbers = count()
    prefix = int.from_bytes(os.urandom(8)) << 64
    statuses: Counter[str] = Counter()
    answers: list[float] = []

    async def client() -> None:
        stream = await trio.open_tcp_stream(host, port)
        async with stream:
            while (number := next(numbers)) < requests:
                guid = str(UUID(int=prefix + number)).encode()
                sent = time.perf_counter()
                await stream.send_all(before + guid + after)
                statuses[await _status(stream)] += 1
                answers.append(time.perf_counter() - sent)

    started = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(connections):
            nursery.start_soon(client)
    return Load(time.perf_counter() - started, dict(statuses), answers)


async def _status(stream: trio.SocketStream) -> str:
    """The status of one answer, which is read whole.

    Raises:
        EOFError: The server closed the connection.
    """
    answer = b""
    while _BOTTOM not in answer:
        answer += await _some(stream)
    top, _, body = answer.partition(_BOTTOM)
    fields = dict(line.lower().split(b": ", 1) for line in top.split(b"\r\n")[1:])
    left = int(fields[b"content-length"]) - len(body)
    while left > 0:
        left -= len(await _some(stream))
    return top.split(b" ", 2)[1].decode()


async def _some(stream: trio.SocketStream) -> bytes:
    chunk = await stream.receive_some()
    if not chunk:
        raise EOFError("the server closed the connection")
    return bytes(chunk)


def main() -> None:
    """Send what the command line says."""
    host, *rest = sys.argv[1:]
    port, connections, requests, size = map(int, rest)
    made = trio.run(_send, host, port, connections, requests, size)
    sys.stdout.buffer.write(msgspec.json.encode(made))


if __name__ == "__main__":
    main()
