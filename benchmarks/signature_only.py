"""A server that checks a delivery's signature, answers, and forgets it.

The limit that ``durability.py`` compares with: the same server, protocol and check,
without a journal.
"""

import anyio
import trio
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard import Settings, serving
from callboard.source import Refused, Request
from callboard_github.source import GitHubSource

_TAKEN = b'{"id":"0000000000000","state":"queued"}'


def make_app(source: GitHubSource) -> ASGIApp:
    """The endpoint."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        chunks: list[bytes] = []
        more = True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        try:
            source.receive(Request(headers=headers, body=b"".join(chunks)))
            status, answer = 202, _TAKEN
        except Refused as refused:
            status, answer = refused.status, b"{}"
        length = str(len(answer)).encode()
        kind = (b"content-type", b"application/json")
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [kind, (b"content-length", length)],
            }
        )
        await send({"type": "http.response.body", "body": answer})

    return app


async def main() -> None:
    """Serve until killed."""
    secrets = Settings().secrets("GITHUB_WEBHOOK_SECRET")
    listener = serving.listen("127.0.0.1", 0)
    print(f"{serving.address(listener)}/webhooks/github", flush=True)
    await serving.serve_app(make_app(GitHubSource(secrets)), listener, trio.Event())


if __name__ == "__main__":
    anyio.run(main, backend="trio")
