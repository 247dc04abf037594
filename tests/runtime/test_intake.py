"""What the intake takes, what it refuses, and that it says why; no server needed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import sniffio
from msgspec import Struct
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.routing import Mount as StarletteMount
from starlette.types import Message

from callboard import (
    Callboard,
    Database,
    DeliveryState,
    Provider,
    Received,
    Request,
    Run,
    Settings,
    Untyped,
    history,
    on,
)
from callboard.admission import Admission
from callboard.board import Mount
from callboard.intake import BODY_LIMIT, read_body
from callboard.source import Refused
from callboard.testing import (
    THING,
    Answer,
    PlainSource,
    deliver,
    exchange,
    open_board,
    post,
    scope_of,
    settled,
    signed,
    view,
)

Virtually = Callable[[Callable[[], Awaitable[Any]]], Any]
pytestmark = pytest.mark.anyio


async def count(board: Callboard) -> int:
    wanted = history.DeliveryFilter()
    found = await board.database.read(
        lambda c: history.list_deliveries(c, wanted, None)
    )
    return len(found)


class Refusal(Struct):
    """A request that must not be taken."""

    status: int
    error: str
    """How the reason begins."""
    body: bytes = b"{}"
    path: str = "/webhooks/plain"
    method: str = "POST"
    headers: dict[str, str | None] = {}
    """In place of those of a good request; None leaves one out."""


REFUSALS = {
    "no signature": Refusal(401, "x-plain-token: ", headers={"x-plain-token": None}),
    "wrong signature": Refusal(401, "x-plain-token: ", headers={"x-plain-token": "x"}),
    "no event": Refusal(400, "expected the headers", headers={"x-plain-event": None}),
    "broken JSON": Refusal(400, "expected a JSON object", body=b'{"n": '),
    "no object": Refusal(400, "expected a JSON object", body=b"[]"),
    "empty body": Refusal(400, "expected a JSON object", body=b""),
    "nested 100,000 deep": Refusal(
        400,
        "expected a JSON object",
        body=b'{"n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ),
    "invalid UTF-8": Refusal(400, "expected", body=b'{"action": "\xff\xfe"}'),
    "lone surrogate": Refusal(400, "expected", body=b'{"organization": "\\ud800"}'),
    "NUL": Refusal(400, "organization: expected text", body=b'{"organization": "\\u0000"}'),
    "NUL in a header": Refusal(400, "guid: expected", headers={"x-plain-delivery": "\0"}),
    "other method": Refusal(405, "expected POST, got GET", method="GET"),
    "unknown source": Refusal(404, "expected a webhook source (plain)", path="/webhooks/x"),
    "announced too large": Refusal(
        413, "expected at most 26,214,400", headers={"content-length": "26214401"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_bad_request_is_refused_said_and_recorded_nowhere(
    refusal: Refusal, caplog: pytest.LogCaptureFixture
) -> None:
    headers = signed("thing", "guid-7") | refusal.headers
    given = {name: value for name, value in headers.items() if value is not None}
    async with open_board() as board:
        scope = scope_of(refusal.path, given, method=refusal.method)
        answer = await exchange(board.front, scope, [refusal.body])
        assert await count(board) == 0
    assert answer.status == refusal.status
    assert answer.content["error"].startswith(refusal.error)
    (line,) = [r.getMessage() for r in caplog.records if r.name == "callboard.intake"]
    named = {"NUL in a header": "'\\x00'", "unknown source": "without an id"}
    name = next((v for k, v in named.items() if REFUSALS[k] is refusal), "guid-7")
    assert line.startswith(f"refused delivery {name}: {refusal.status} ")
    if refusal.status == 405:
        assert answer.headers["allow"] == "POST"


async def test_refusal_names_no_secret_in_answer_or_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = "the-secret-of-this-test"

    class Careless(PlainSource):
        def receive(self, request: Request) -> Received:
            raise Refused(401, f"{request.headers['x-token']} is not {secret}")

    async with open_board(sources=[Careless("careless")]) as board:
        board.settings.redactor.add(secret)
        headers = {"x-plain-delivery": secret, "x-token": secret}
        answer = await post(board, "careless", b"{}", headers)
    assert answer.status == 401
    assert secret not in str(answer.content)
    assert secret not in caplog.text
    assert "refused delivery [redacted]: 401" in caplog.text


async def test_ids_that_would_break_a_log_line_are_escaped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    headers = signed("thing", "a\r\nINFO all is well" + "x" * 1_000, token="wrong")
    async with open_board() as board:
        assert (await post(board, "plain", b"{}", headers)).status == 401
    (record,) = [r for r in caplog.records if r.name == "callboard.intake"]
    assert "\n" not in record.getMessage()
    assert len(record.getMessage()) < 300


async def test_nothing_is_read_once_a_body_is_too_large() -> None:
    read = [0]

    async def receive() -> Message:
        read[0] += 1
        return {"type": "http.request", "body": bytes(10**6), "more_body": True}

    with Admission().share() as share, pytest.raises(Refused) as refused:
        await read_body({}, receive, share)
    assert refused.value.status == 413
    assert read[0] == BODY_LIMIT // 10**6 + 1


async def test_body_of_the_largest_size_is_taken() -> None:
    async with open_board() as board:
        padding = BODY_LIMIT - len(b'{"n": ""}')
        body = b'{"n": "' + b"x" * padding + b'"}'
        with anyio.fail_after(20):
            answer = await post(board, "plain", body, signed("thing"))
            assert answer.status == 202
            assert (
                await post(board, "plain", body + b" ", signed("thing"))
            ).status == 413


async def test_body_may_come_in_any_chunks() -> None:
    async with open_board() as board:
        scope = scope_of("/webhooks/plain", signed("thing"))
        answer = await exchange(board.front, scope, [b"", b'{"n', b'"', b": 1}", b""])
        kept = await board.journal.load(answer.content["id"])
    assert kept is not None
    assert kept.body == b'{"n": 1}'


def test_body_that_does_not_come_to_its_end_is_given_up(virtually: Virtually) -> None:
    async def receive() -> Message:
        await anyio.sleep(5)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def main() -> None:
        with Admission().share() as share, pytest.raises(Refused) as refused:
            await read_body({}, receive, share)
        assert refused.value.status == 408

    virtually(main)


async def test_sender_that_goes_away_midway_is_not_answered() -> None:
    sent: list[Message] = []
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async with open_board() as board:
        await board.webhooks(
            scope_of("/webhooks/plain", signed("thing")), receive, send
        )
        assert await count(board) == 0
    assert sent == []


async def test_bodies_beyond_what_memory_may_hold_wait_outside() -> None:
    admission = Admission(limit=100)

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(60), "more_body": False}

    with admission.share() as first:
        await read_body({}, receive, first)
        with admission.share() as other, pytest.raises(Refused) as refused:
            await read_body({}, receive, other)
        assert refused.value.status == 503
        assert refused.value.reason.endswith("60 of 100 bytes are taken")
    assert admission.held == 0
    with admission.share() as later:
        await read_body({}, receive, later)


async def test_journal_that_takes_nothing_is_a_503_and_no_id(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(*_: Any, **__: Any) -> Any:
        raise OperationalError("INSERT", {}, OSError("disk I/O error"))

    async with open_board() as board:
        with monkeypatch.context() as patched:
            patched.setattr(board.journal, "append", full)
            answer = await post(board, "plain", b"{}", signed("thing", "g"))
            patched.setattr(board.journal, "probe", full)
            not_ready = await exchange(
                board.front, scope_of("/readyz", {}, method="GET"), [b""]
            )
        assert not_ready.status == 503
        assert not_ready.content["journal"] is False
        ready = await exchange(
            board.front, scope_of("/readyz", {}, method="GET"), [b""]
        )
        assert ready.status == 200
        assert answer.status == 503
        assert answer.headers["retry-after"] == "5"
        assert "id" not in answer.content
        # The same delivery, sent again, is taken as if for the first time.
        again = await post(board, "plain", b"{}", signed("thing", "g"))
        assert (again.status, again.content.get("duplicate")) == (202, None)
    assert "delivery g: the journal did not take it" in caplog.text


async def test_closed_callboard_takes_nothing() -> None:
    async with open_board() as board:
        intake = board.webhooks
    answer = await exchange(
        intake, scope_of("/webhooks/plain", signed("thing")), [b"{}"]
    )
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"


async def test_answer_names_the_delivery_and_where_to_watch_it() -> None:
    async with open_board() as board:
        board.inspector_url = "http://127.0.0.1:8471"
        answer = await post(board, "plain", b"{}", signed("thing"))
    id_ = answer.content["id"]
    assert answer.status == 202
    assert answer.content["inspector"] == f"http://127.0.0.1:8471/?delivery={id_}"
    assert answer.headers["content-type"] == "application/json"


async def test_answer_never_waits_for_a_run() -> None:
    class Slow(Provider):
        name = "slow"

        @on(THING)
        async def handle(self, _event: Untyped, _run: Run) -> None:
            await anyio.sleep_forever()

    settings = {"runtime": {"grace": 0}}
    async with open_board(Slow(), settings=settings) as board:
        with anyio.fail_after(5):
            for _ in range(100):
                await deliver(board, "thing")


async def test_event_that_no_provider_wants_is_recorded_and_completes() -> None:
    async with open_board() as board:
        id_ = await deliver(board, "never heard of", {"n": 1})
        with anyio.fail_after(5):
            await settled(board)
        assert (await view(board, id_)).state is DeliveryState.COMPLETED


@pytest.mark.parametrize("prefix", ["", "/hooks", "/a/b"])
async def test_intake_serves_in_somebody_elses_application(prefix: str) -> None:
    """Starlette says the path whole; other routers cut what they have matched."""
    async with open_board() as board:
        app = Starlette(routes=[StarletteMount(prefix or "/", board.webhooks)])
        answer = await exchange(
            app, scope_of(f"{prefix}/plain", signed("thing")), [b"{}"]
        )
        assert answer.status == 202
        bare = scope_of("/plain", signed("thing"), root=prefix)
        assert (await exchange(board.webhooks, bare, [b"{}"])).status == 202


async def test_board_opens_in_the_lifespan_of_another_application(
    tmp_path: Path,
) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    board = Callboard(Settings(environment={}), database).add(sources=[PlainSource()])
    board.backend = sniffio.current_async_library()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with board.opened():
            yield

    app = Starlette(
        routes=[StarletteMount("/hooks", board.webhooks)], lifespan=lifespan
    )

    async def send() -> int:
        scope = scope_of("/hooks/plain", signed("thing"))
        return (await exchange(app, scope, [b"{}"])).status

    assert await send() == 503
    async with app.router.lifespan_context(app):
        assert await send() == 202
    database.close()


async def test_intake_refuses_what_is_not_http() -> None:
    async with open_board() as board:

        async def nothing(*_: Any) -> Any: ...

        with pytest.raises(RuntimeError, match="expected http, got lifespan"):
            await board.webhooks({"type": "lifespan"}, nothing, nothing)


async def test_websocket_is_closed_before_it_opens() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any: ...

    async with open_board() as board:
        await board.webhooks({"type": "websocket"}, nothing, send)
    assert sent == [{"type": "websocket.close"}]


async def test_front_says_that_it_lives_and_that_it_is_ready() -> None:
    async def get(path: str) -> Answer:
        return await exchange(front, scope_of(path, {}, method="GET"), [b""])

    async with open_board() as board:
        front = board.front
        assert (await get("/healthz")).status == 200
        ready = await get("/readyz")
        assert (ready.status, ready.content) == (
            200,
            {"backstage": True, "intake": True, "journal": True},
        )
    assert (await get("/healthz")).status == 200
    assert (await get("/readyz")).status == 503


async def test_mounts_are_found_on_the_side_that_they_name() -> None:
    async def hello(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'"hello"'})

    mounts = [Mount("/api", hello), Mount("/watch", hello, side="inspector")]
    async with open_board(mounts=mounts) as board:
        assert await status_of(board.front, "/api") == 200
        assert await status_of(board.front, "/watch") == 404
        assert await status_of(board.inspector, "/api") == 404
        assert await status_of(board.inspector, "/watch") == 200


async def status_of(app: Any, path: str) -> int:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope_of(f"{path}/", {}, method="GET"), receive, send)
    return int(sent[0]["status"])
