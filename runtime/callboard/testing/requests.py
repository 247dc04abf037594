"""Requests to an ASGI application, without a server."""

from collections.abc import Iterable, Mapping
from typing import Any

import anyio.lowlevel
import msgspec
from msgspec import Struct
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callboard.board import Callboard


class Answer(Struct, frozen=True):
    """How the intake answered."""

    status: int
    headers: dict[str, str]
    content: dict[str, Any]
    """The JSON document of its body."""


async def post(
    board: Callboard, source: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """``POST /webhooks/<source>``, without a server."""
    scope = scope_of(f"/webhooks/{source}", headers)
    return await exchange(board.webhooks, scope, [body])


def scope_of(
    path: str, headers: Mapping[str, str], *, method: str = "POST", root: str = ""
) -> Scope:
    """What an ASGI server tells of a request; ``root`` is where the application is."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "root_path": root,
        "query_string": b"",
        "headers": [
            (k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()
        ],
    }


async def exchange(app: ASGIApp, scope: Scope, body: Iterable[bytes]) -> Answer:
    """One request to an ASGI application that answers in JSON; the chunks of ``body``.

    When they are used up before the request ended, the client is gone.
    """
    chunks = list(body)
    requests: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": i + 1 < len(chunks)}
        for i, chunk in enumerate(chunks)
    ]
    answers: list[Message] = []

    async def receive() -> Message:
        await anyio.lowlevel.checkpoint()
        return requests.pop(0) if requests else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        answers.append(message)

    receiving: Receive = receive
    sending: Send = send
    await app(scope, receiving, sending)
    start = answers[0]
    return Answer(
        status=start["status"],
        headers={k.decode("latin-1"): v.decode("latin-1") for k, v in start["headers"]},
        content=msgspec.json.decode(b"".join(a.get("body", b"") for a in answers[1:])),
    )
