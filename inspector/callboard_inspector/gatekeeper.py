"""The door: a gate's checks before everything that an application answers.

Owns what somebody is told who may not come in, and the two ways to a session: the launch
link and the form that asks for the key.
"""

from contextlib import aclosing
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard_inspector.gate import COOKIE, TOKEN, Gate

_LOGIN = "/session"
_FORM_LIMIT = 4_096
_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>callboard</title>
<h1>callboard</h1>
"""
_ASK = f"""{_HEAD}<form method="post" action="session">
<p><label>Key <input type="password" name="key" autocomplete="current-password" autofocus>
</label></p>
<p><label>Your name <input name="name" maxlength="64" autocomplete="username"></label>
<button>Watch</button></p>
<p>What you do here is recorded under your name. The key is the one that the server was started with, in CALLBOARD_INSPECTOR_TOKEN.</p>
</form>
"""
_ASK_AGAIN = _ASK.replace("<form", '<p role="alert">That is not the key.</p>\n<form')
_USED = f"""{_HEAD}<p>This link was used already, or is not this server's: it opens one session, once.</p>
"""
_BY_KEY = """<p>For another session <a href="./">enter the key</a>.</p>
"""
_BY_START = """<p>For another session start the server again: it prints a new link.</p>
"""
_WATCH = """<p><a href="./">Watch only</a>: everything is shown, and nothing can be done.</p>
"""
_ASK_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


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
                await self._launch(query, scope, headers)(scope, receive, send)
                return
        if scope["type"] == "http" and self._is_login(scope):
            await self._login(Request(scope, receive), scope, receive, send)
            return
        visitor = self._gate.visitor(scope, headers)
        if not visitor.watch:
            if self._gate.keyed and "text/html" in headers.get("accept", ""):
                await HTMLResponse(_ASK, 401, headers=_ASK_HEADERS)(
                    scope, receive, send
                )
                return
            await _refuse(scope, receive, send, 401, f"no session: {self._gate.hint}")
            return
        scope["visitor"] = visitor
        await self._app(scope, receive, send)

    def _launch(
        self, query: dict[str, list[str]], scope: Scope, headers: Headers
    ) -> ASGIApp:
        session = self._gate.redeem(query.pop(TOKEN)[0])
        rest = urlencode(query, doseq=True)
        where = f"./?{rest}" if rest else "./"
        if session is not None:
            return _begin(session, where)
        visitor = self._gate.visitor(scope, headers)
        if visitor.act:
            return _redirect(where)  # opened again, as from the browser's history
        if "text/html" in headers.get("accept", ""):
            page = _USED + (_BY_KEY if self._gate.keyed else _BY_START)
            page += _WATCH if visitor.watch else ""
            return HTMLResponse(page, 401, headers=_ASK_HEADERS)
        message = "this launch link was used already, or is not this server's"
        return PlainTextResponse(message, 401, headers={"cache-control": "no-store"})

    def _is_login(self, scope: Scope) -> bool:
        return (
            self._gate.keyed
            and scope["method"] == "POST"
            and scope["path"].endswith(_LOGIN)
        )

    async def _login(
        self, request: Request, scope: Scope, receive: Receive, send: Send
    ) -> None:
        body = b""
        try:
            async with aclosing(request.stream()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > _FORM_LIMIT:
                        await _refuse(scope, receive, send, 413, "expected a key")
                        return
        except ClientDisconnect:
            return
        form = parse_qs(body.decode("utf-8", "replace"))
        session = self._gate.enter(form.get("key", [""])[0], form.get("name", [""])[0])
        if session is None:
            answer = HTMLResponse(_ASK_AGAIN, 401, headers=_ASK_HEADERS)
            await answer(scope, receive, send)
            return
        await _begin(session, "./")(scope, receive, send)


def _redirect(where: str) -> RedirectResponse:
    """Away from an address that has a token in it."""
    response = RedirectResponse(where, 303)
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    return response


def _begin(session: str, where: str) -> RedirectResponse:
    response = _redirect(where)
    response.set_cookie(COOKIE, session, httponly=True, samesite="strict")
    return response


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, reason: str
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:100]})
        return
    await PlainTextResponse(reason, status)(scope, receive, send)
