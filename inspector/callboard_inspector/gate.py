"""Who may come in.

Owns the checks that every request passes before anything else sees it: the Host, the
Origin, and the session. Watching over loopback needs no session; anything else does, and
actions always do. A session begins with a launch link, which works once.
"""

import secrets
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_COOKIE = "callboard_session"
_TOKENS = 16
_SESSIONS = 256
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
TOKEN = "token"  # noqa: S105 - the parameter's name
"""The query parameter of a launch link."""


class Visitor(Struct, frozen=True):
    """What the one who asks may do."""

    watch: bool
    act: bool


class Gate:
    """The checks, and the tokens and sessions of one process."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        """``hosts``: further Host headers to answer to, with their port if any."""
        self._hosts = frozenset(host.lower() for host in hosts)
        self._tokens: list[str] = []
        self._sessions: list[str] = []

    def launch_token(self) -> str:
        """A token that opens one session."""
        token = secrets.token_urlsafe(24)
        self._tokens = [*self._tokens[1 - _TOKENS :], token]
        return token

    def redeem(self, token: str) -> str | None:
        """The session that ``token`` opens; None if it never did, or already has."""
        for known in self._tokens:
            if secrets.compare_digest(known.encode(), token.encode()):
                self._tokens.remove(known)
                session = secrets.token_urlsafe(24)
                self._sessions = [*self._sessions[1 - _SESSIONS :], session]
                return session
        return None

    def refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why nobody may ask like this; None if the Host and the Origin are right."""
        host = headers.get("host", "").lower()
        if host not in self._hosts and _name(host) not in _LOOPBACK_NAMES:
            return f"this inspector does not answer to the host {host[:80]!r}"
        origin = headers.get("origin")
        must = scope["type"] == "websocket" or scope["method"] not in {"GET", "HEAD"}
        if must and origin is not None and urlsplit(origin).netloc.lower() != host:
            return "the page that asks is not the inspector's own"
        if must and origin is None and headers.get("sec-fetch-site") is not None:
            return "a browser's request must say where it comes from"
        return None

    def visitor(self, scope: Scope, headers: Headers) -> Visitor:
        """What the one who asks may do."""
        session = cookie_parser(headers.get("cookie", "")).get(_COOKIE, "").encode()
        known = any(secrets.compare_digest(s.encode(), session) for s in self._sessions)
        server = scope.get("server") or ("", None)
        near = _is_loopback(server[0]) and _name(headers["host"]) in _LOOPBACK_NAMES
        return Visitor(watch=known or near, act=known)


class Gatekeeper:
    """Puts a gate before an application; ``scope["visitor"]`` says who came in."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._gate.refusal(scope, headers)
        if refusal is not None:
            await _refuse(scope, receive, send, 403, refusal)
            return
        if scope["type"] == "http" and scope["method"] == "GET":
            query = parse_qs(scope["query_string"].decode("latin-1"))
            if TOKEN in query:
                await self._launch(query)(scope, receive, send)
                return
        visitor = self._gate.visitor(scope, headers)
        if not visitor.watch:
            hint = "open the launch link that the server printed"
            await _refuse(scope, receive, send, 401, f"no session: {hint}")
            return
        scope["visitor"] = visitor
        await self._app(scope, receive, send)

    def _launch(self, query: dict[str, list[str]]) -> ASGIApp:
        session = self._gate.redeem(query.pop(TOKEN)[0])
        if session is None:
            message = "this launch link was used already, or is not this server's"
            return PlainTextResponse(
                message, 401, headers={"cache-control": "no-store"}
            )
        rest = urlencode(query, doseq=True)
        response = RedirectResponse(f"./?{rest}" if rest else "./", 303)
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "no-referrer"
        response.set_cookie(_COOKIE, session, httponly=True, samesite="strict")
        return response


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, reason: str
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:100]})
        return
    await PlainTextResponse(reason, status)(scope, receive, send)


def _name(host: str) -> str:
    """The host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
