"""The real server over real sockets: its end, and clients that behave badly."""

import http.client
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from callboard import Database, DeliveryState, history, serving
from callboard.delivery import DeliveryView
from callboard.journal import INTERRUPTED
from callboard.testing import signed

GRACE = 0.3
"""Seconds that the servers here give their runs."""


def post(
    port: int, guid: str = "a", body: bytes = b'{"n": 1}'
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request("POST", "/webhooks/plain", body, signed("thing", guid))
        response = connection.getresponse()
        response.read()
        return response


def until(condition: Callable[[], object]) -> None:
    """Look again until ``condition`` holds, for at most ten seconds."""
    for _ in range(1_000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it has not come to be within ten seconds")


def recorded(path: Path) -> tuple[DeliveryView, list[history.RunSummary]]:
    """The only delivery, and its runs."""
    database = Database.open(f"sqlite:///{path}")
    try:
        wanted = history.DeliveryFilter()
        (view,) = database.query(lambda c: history.list_deliveries(c, wanted, None))
        return view, database.query(lambda c: history.list_runs(c, view.id))
    finally:
        database.close()


class Serving:
    """A server with a run of a provider of some temper in progress."""

    def __init__(
        self, servers: Any, path: Path, temper: str, backend: str, grace: float = GRACE
    ) -> None:
        self.servers = servers
        self.process: int = servers.start(
            path,
            provider=temper,
            backend=backend,
            settings={"runtime": {"grace": grace}},
        )
        self.port: int = servers.ready()
        assert post(self.port).status == 202
        until(lambda: "begun 1" in self.log)

    @property
    def log(self) -> str:
        return str(self.servers.errors.read_text())

    def terminate(self) -> None:
        os.kill(self.process, signal.SIGTERM)
        until(lambda: "SIGTERM" in self.log)

    def ended_within(self, seconds: float) -> int:
        """The exit code; the kernel's timer is what bounds the wait."""
        timer = threading.Timer(seconds, os.kill, (self.process, signal.SIGKILL))
        timer.start()
        code = int(self.servers.ended())
        timer.cancel()
        assert code != -signal.SIGKILL, f"still running after {seconds} s: {self.log}"
        return code


BACKENDS = pytest.mark.parametrize("backend", ["trio", "asyncio"])


@BACKENDS
def test_run_that_ends_within_the_grace_completes(
    servers: Any, tmp_path: Path, backend: str
) -> None:
    server = Serving(servers, tmp_path / "a.db", "ends soon", backend, grace=10)
    server.terminate()
    assert server.ended_within(10) == 0
    view, runs = recorded(tmp_path / "a.db")
    assert view.state is DeliveryState.COMPLETED
    assert [run.state for run in runs] == ["completed"]


@BACKENDS
def test_run_beyond_the_grace_is_halted_and_queued_again(
    servers: Any, tmp_path: Path, backend: str
) -> None:
    server = Serving(servers, tmp_path / "a.db", "waits", backend)
    server.terminate()
    assert server.ended_within(GRACE + serving.HARD_LIMIT + 1) == 0
    view, runs = recorded(tmp_path / "a.db")
    assert view.state is DeliveryState.QUEUED
    assert [(run.state, run.cause) for run in runs] == [("halted", "shutdown")]


@BACKENDS
@pytest.mark.parametrize("temper", ["ignores cancellation", "blocks the loop"])
def test_provider_that_does_not_stop_delays_the_end_by_two_seconds_at_most(
    servers: Any, tmp_path: Path, backend: str, temper: str
) -> None:
    server = Serving(servers, tmp_path / "a.db", temper, backend)
    server.terminate()
    server.ended_within(GRACE + serving.HARD_LIMIT + 1)
    assert "`tempered` does not stop" in server.log
    view, runs = recorded(tmp_path / "a.db")
    assert view.state is DeliveryState.RUNNING
    # The next start finds what was left behind, and runs it again.
    again = servers.start(tmp_path / "a.db", provider="ends soon", backend=backend)
    servers.ready()
    until(lambda: recorded(tmp_path / "a.db")[0].state is DeliveryState.COMPLETED)
    view, runs = recorded(tmp_path / "a.db")
    assert runs[0].cause == "interrupted: the process ended during the run"
    os.kill(again, signal.SIGTERM)
    assert servers.ended() == 0


def test_deliveries_are_refused_with_503_while_runs_use_up_their_grace(
    servers: Any, tmp_path: Path
) -> None:
    server = Serving(servers, tmp_path / "a.db", "waits", "trio", grace=30)
    server.terminate()
    until(lambda: post(server.port, "b").status == 503)
    response = post(server.port, "c")
    assert response.status == 503
    assert response.getheader("retry-after") == "5"
    os.kill(server.process, signal.SIGTERM)
    assert server.ended_within(5) == 1
    view, _ = recorded(tmp_path / "a.db")
    assert view.guid == "a"


def test_second_signal_ends_at_once(servers: Any, tmp_path: Path) -> None:
    server = Serving(servers, tmp_path / "a.db", "waits", "trio", grace=60)
    server.terminate()
    os.kill(server.process, signal.SIGINT)
    assert server.ended_within(5) == 1
    assert "second signal: ending now" in server.log


def test_client_that_never_reads_does_not_hold_up_the_end(
    servers: Any, tmp_path: Path
) -> None:
    process = servers.start(tmp_path / "a.db", settings={"runtime": {"grace": 0}})
    port = servers.ready()
    head = "\r\n".join(f"{k}: {v}" for k, v in signed("thing", "x").items())
    body = b'{"n": 1}'
    one = (
        f"POST /webhooks/plain HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n"
        f"{head}\r\n\r\n"
    ).encode() + body
    stalled = socket.create_connection(("127.0.0.1", port))
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    stalled.setblocking(False)
    sent = 0
    try:
        # Answers pile up until the server's side is full, and it reads no further.
        while sent < 50_000_000:
            sent += stalled.send(one * 100)
    except BlockingIOError:
        pass
    os.kill(process, signal.SIGTERM)
    timer = threading.Timer(10, os.kill, (process, signal.SIGKILL))
    timer.start()
    code = servers.ended()
    timer.cancel()
    stalled.close()
    assert code in {0, 1}


def raw(port: int, data: bytes) -> tuple[int, dict[str, Any]]:
    """What comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(data)
        response = http.client.HTTPResponse(sock)
        response.begin()
        return response.status, json.loads(response.read() or b"{}")


HEAD = "\r\n".join(
    ["POST /webhooks/plain HTTP/1.1", "host: a"]
    + [f"{name}: {value}" for name, value in signed("thing", "z").items()]
)


def test_bodies_may_come_in_chunks_and_slowly(servers: Any, tmp_path: Path) -> None:
    process = servers.start(tmp_path / "a.db")
    port = servers.ready()
    chunked = f"{HEAD}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    body = b'4\r\n{"n"\r\n4\r\n: 1}\r\n0\r\n\r\n'
    assert raw(port, chunked + body)[0] == 202
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        head = HEAD.replace("delivery: z", "delivery: slow")
        sock.sendall(f"{head}\r\ncontent-length: 8\r\n\r\n".encode())
        for byte in b'{"n": 2}':
            sock.sendall(bytes([byte]))
            # Others are answered meanwhile.
        assert post(port, "between").status == 202
        response = http.client.HTTPResponse(sock)
        response.begin()
        assert response.status == 202
    os.kill(process, signal.SIGTERM)
    assert servers.ended() == 0


def test_client_that_goes_away_midway_leaves_no_delivery(
    servers: Any, tmp_path: Path
) -> None:
    process = servers.start(tmp_path / "a.db")
    port = servers.ready()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(f"{HEAD}\r\ncontent-length: 100\r\n\r\n{{".encode())
    assert post(port, "only").status == 202
    os.kill(process, signal.SIGTERM)
    assert servers.ended() == 0
    assert recorded(tmp_path / "a.db")[0].guid == "only"
    assert "Traceback" not in servers.errors.read_text()


def test_too_large_a_body_is_refused_before_it_is_sent(
    servers: Any, tmp_path: Path
) -> None:
    process = servers.start(tmp_path / "a.db")
    port = servers.ready()
    announced = f"{HEAD}\r\ncontent-length: 26214401\r\n\r\n".encode()
    status, answer = raw(port, announced)
    assert status == 413
    assert answer["error"] == "expected at most 26,214,400 bytes, got 26,214,401"
    os.kill(process, signal.SIGTERM)
    assert servers.ended() == 0


def test_head_that_is_no_http_is_a_400(servers: Any, tmp_path: Path) -> None:
    process = servers.start(tmp_path / "a.db")
    port = servers.ready()
    assert raw(port, b"NONSENSE\r\n\r\n")[0] == 400
    os.kill(process, signal.SIGTERM)
    assert servers.ended() == 0
    assert "Traceback" not in servers.errors.read_text()


def test_address_that_is_taken_is_one_clear_message() -> None:
    taken = serving.listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    try:
        with pytest.raises(serving.SettingsError, match=f"127.0.0.1:{port}: Address"):
            serving.listen("127.0.0.1", port)
    finally:
        taken.close()


def test_process_ends_when_the_loop_of_the_runs_has_broken(
    servers: Any, tmp_path: Path
) -> None:
    server = Serving(servers, tmp_path / "a.db", "breaks the loop", "trio")
    assert server.ended_within(10) == 1
    assert "out of nowhere" in server.log
    assert "BackstageError: the runs' event loop has ended" in server.log
    view, runs = recorded(tmp_path / "a.db")
    assert view.state is DeliveryState.QUEUED  # for the next start
    assert [(run.state, run.cause) for run in runs] == [("halted", INTERRUPTED)]
