"""The inspector's web application: the page's files and the socket.

Owns what a browser is told about the page: what it may load, what it may keep, and that
nobody may frame it.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from msgspec import Struct
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from callboard import clock
from callboard_inspector.actions import Actions
from callboard_inspector.detail import Details
from callboard_inspector.feed import BEAT, Feed, FeedFullError
from callboard_inspector.gate import Gate, Visitor
from callboard_inspector.gatekeeper import Gatekeeper
from callboard_inspector.snapshots import NEWEST
from callboard_inspector.watcher import OPEN, SCOPES, Watcher
from callboard_inspector.wire import FRAME_LIMIT, PROTOCOL, Bye, Hello, Limits, encode

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DOCUMENTATION = re.compile(
    rb"/\*\*(?:(?!\*/).)*\*/|^[ \t]*//[^\n]*$", re.DOTALL | re.MULTILINE
)
"""What only readers of the source need; no text of the page's has such a thing in it."""
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Kept, but asked for again: a page and its modules are never of two versions.
    "cache-control": "no-cache",
    "vary": "accept-encoding",
}


class File(Struct, frozen=True):
    """A file of the page, ready to be sent."""

    type: str
    tag: str
    plain: bytes
    packed: bytes


def make_app(
    feed: Feed,
    *,
    gate: Gate,
    actions: Actions | None = None,
    words: Mapping[str, str] | None = None,
) -> Starlette:
    """The application for one feed; ``actions`` None: nobody may do anything."""
    details = Details(feed.watched)
    page = load_page()

    async def file(request: Request) -> Response:
        return _respond(request, page.get(request.path_params["path"] or "index.html"))

    async def socket(websocket: WebSocket) -> None:
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.close(1002, f"expected the subprotocol {PROTOCOL}")
            return
        await websocket.accept(PROTOCOL)
        visitor: Visitor = websocket.scope["visitor"]
        allowed, refused = None, None
        if actions is not None and visitor.act:
            allowed = actions.by(visitor.name)
        elif actions is not None:
            refused = f"You watch only. To act, {gate.hint}."
        connection = Connection(websocket)
        try:
            feed.enter()
        except FeedFullError as error:
            await connection.send(encode(Bye("full", str(error))))
            await connection.close(1013, "full")
            return
        try:
            await connection.send(encode(_hello(feed, allowed, refused, words or {})))
            await Watcher(feed, details, allowed, connection).serve()
        finally:
            feed.leave()

    return Starlette(
        routes=[WebSocketRoute("/ws", socket), Route("/{path:path}", file)],
        middleware=[Middleware(Gatekeeper, gate=gate)],
    )


class Connection:
    """A websocket as a watcher sees it."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def send(self, text: str) -> None:
        """See ``watcher.Socket``."""
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):
            return  # gone; the reader's end says so

    async def receive(self) -> str | None:
        """See ``watcher.Socket``."""
        try:
            message = await self._websocket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return None
        if message["type"] != "websocket.receive":
            return None
        text: str | None = message.get("text")
        return "" if text is None else text

    async def close(self, code: int, reason: str) -> None:
        """See ``watcher.Socket``."""
        try:
            await self._websocket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError):
            return


def _hello(
    feed: Feed, actions: Actions | None, refused: str | None, words: Mapping[str, str]
) -> Hello:
    return Hello(
        protocol=PROTOCOL,
        boot=feed.watched.trace.boot,
        time=clock.now() * 1000,
        limits=Limits(
            frame=FRAME_LIMIT, list=NEWEST, beat=BEAT, scopes=SCOPES, open=OPEN
        ),
        capabilities=[] if actions is None else actions.kinds,
        places=feed.watched.places,
        words=dict(words),
        who=None if actions is None else actions.who,
        refused=refused,
    )


def load_page() -> dict[str, File]:
    """Every file of the page, by its path below ``static``."""
    found: dict[str, File] = {}

    def walk(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            name = f"{prefix}{entry.name}"
            if entry.is_dir():
                walk(entry, f"{name}/")
                continue
            kind = _TYPES.get(name.rpartition(".")[2])
            if kind is not None:
                content = entry.read_bytes()
                if kind is _TYPES["js"]:
                    content = _DOCUMENTATION.sub(_only_lines, content)
                found[name] = File(
                    type=kind,
                    tag=f'"{hashlib.sha256(content).hexdigest()[:20]}"',
                    plain=content,
                    packed=gzip.compress(content, 9, mtime=0),
                )

    walk(files("callboard_inspector") / "static", "")
    return found


def _only_lines(comment: re.Match[bytes]) -> bytes:
    """Nothing to read; lines keep their numbers."""
    return b"\n" * comment[0].count(b"\n")


def _respond(request: Request, file: File | None) -> Response:
    if file is None:
        return PlainTextResponse("not found", 404, headers=_HEADERS)
    headers = {**_HEADERS, "etag": file.tag}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    content = file.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["content-encoding"] = file.packed, "gzip"
    return Response(content, headers=headers, media_type=file.type)
