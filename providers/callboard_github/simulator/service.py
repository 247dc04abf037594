"""The simulated GitHub as an ASGI application.

Owns what stands around every call: tokens, rate limits, faults, entity tags, error
bodies. What a call means is in `rest` and `graphql`.
"""

import functools
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import anyio
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from callboard_github.simulator.budget import Budgets
from callboard_github.simulator.errors import SimulatorError
from callboard_github.simulator.faults import Faults
from callboard_github.simulator.pages import page
from callboard_github.simulator.responses import (
    DOCS,
    error_response,
    http_error_response,
    json_body,
    json_response,
)
from callboard_github.simulator.rest import ROUTES, Call, RedirectTo, Reply
from callboard_github.simulator.rest.call import Handler
from callboard_github.simulator.tokens import Tokens

if TYPE_CHECKING:
    from callboard_github.simulator.documents import Document
    from callboard_github.simulator.state import State
    from callboard_github.simulator.tokens import Identity

_FREE = frozenset({"/rate_limit", "/api/v3/rate_limit"})
_API_PREFIX = "/api/v3"


class Service:
    """Answers REST and GraphQL calls out of a state.

    REST is at ``/`` as on api.github.com and at ``/api/v3`` as on Enterprise Server;
    GraphQL at ``/graphql`` and ``/api/graphql``.

    Attributes:
        app: The ASGI application.
        faults: What goes wrong.
        budgets: The rate limits.
        tokens: Who may call.
        clock: Unix seconds, for limits, tokens and deliveries.
    """

    def __init__(
        self, state: "State", faults: Faults, clock: Callable[[], float]
    ) -> None:
        self.state = state
        self.faults = faults
        self.clock = clock
        self.budgets = Budgets(clock)
        self.tokens = Tokens(state, clock)
        routes = [
            Route(path, self._endpoint(handler), methods=[method])
            for method, path, handler in (*_SERVICE_ROUTES, *ROUTES)
        ]
        self._starlette = Starlette(
            routes=[
                Route("/graphql", self._graphql, methods=["POST"]),
                Route("/api/graphql", self._graphql, methods=["POST"]),
                Mount(_API_PREFIX, routes=routes),
                *routes,
            ],
            exception_handlers={HTTPException: http_error_response},
        )
        self.app = _Addressed(self._starlette, state)

    def _endpoint(self, handler: Handler) -> "Callable[[Request], Awaitable[Response]]":
        async def endpoint(request: Request) -> Response:
            return await self._guarded(request, functools.partial(self._rest, handler))

        return endpoint

    async def _guarded(self, request: Request, respond: "Respond") -> Response:
        """Answer a call with what stands around it, whatever it is."""
        try:
            raw = await request.body()
        except ClientDisconnect:
            return Response()  # nobody is left to answer
        try:
            identity = self.tokens.identify(request.headers.get("authorization"))
            self.budgets.enter(identity.who)
        except SimulatorError as error:
            return error_response(error)
        try:
            failure = await self._faulty(request)
            return failure or respond(request, raw, identity)
        except SimulatorError as error:
            return error_response(error)
        finally:
            self.budgets.leave(identity.who)

    def _rest(
        self, handler: Handler, request: Request, raw: bytes, identity: "Identity"
    ) -> Response:
        free = request.url.path in _FREE
        points = 1 if request.method in {"GET", "HEAD"} else 5
        window = self.budgets.check(identity.who, "core")
        self.budgets.spend_minute(identity.who, "core", points)
        reply = self._handle(request, raw, identity, handler)
        response = self._response(request, reply)
        # A conditional request that finds nothing new costs nothing.
        unchanged = response.status_code == HTTPStatus.NOT_MODIFIED
        if not free and not (unchanged and identity.kind != "anonymous"):
            window.used += 1
        response.headers.update(window.headers())
        return response

    def _handle(
        self, request: Request, raw: bytes, identity: "Identity", handler: Handler
    ) -> Reply:
        call = Call(
            self,
            identity,
            str(request.url.replace(query="")),
            cast("dict[str, str]", request.path_params),
            request.query_params,
            json_body(raw),
            request.headers.get("accept", ""),
        )
        try:
            with self.state.lock:
                reply = handler(call)
                document = reply.document
                if document is not None and not isinstance(document, bytes):
                    # Inside the lock: the document may still look at the state.
                    content = msgspec.json.encode(document)
                    return Reply(content, reply.status, reply.headers)
                return reply
        except RedirectTo as redirect:
            document = {
                "message": "Moved Permanently",
                "url": redirect.path,
                "documentation_url": DOCS,
            }
            headers = {"location": redirect.path}
            return Reply(msgspec.json.encode(document), 301, headers)

    def _response(self, request: Request, reply: Reply) -> Response:
        content = reply.document if isinstance(reply.document, bytes) else b""
        headers = {"content-type": "application/json; charset=utf-8", **reply.headers}
        headers["x-github-media-type"] = "github.v3; format=json"
        status = reply.status
        if request.method == "GET" and status == HTTPStatus.OK:
            digest = hashlib.sha256(content + headers.get("link", "").encode())
            tag = f'W/"{digest.hexdigest()}"'
            headers["etag"] = tag
            headers["cache-control"] = "private, max-age=60, s-maxage=60"
            headers["vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP"
            asked = request.headers.get("if-none-match", "")
            if tag.removeprefix("W/") in asked:
                content, status = b"", HTTPStatus.NOT_MODIFIED
        if content and self.faults.drops():
            content = content[: len(content) // 2]
        return Response(content, status, headers)

    async def _faulty(self, request: Request) -> Response | None:
        if (seconds := self.faults.delay()) > 0:
            await anyio.sleep(seconds)
        failure = self.faults.failure(request.url.path)
        if failure is None:
            return None
        body = {"message": failure.message, "documentation_url": DOCS}
        return json_response(body, failure.status, failure.headers)

    async def _graphql(self, request: Request) -> Response:
        from callboard_github.simulator.graphql.endpoint import answer

        def respond(_request: Request, raw: bytes, identity: "Identity") -> Response:
            return answer(self, raw, identity)

        return await self._guarded(request, respond)


class _Addressed:
    """Answers pages, and lets ``/repositories/{id}`` stand for the present name."""

    def __init__(self, app: Starlette, state: "State") -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        before, found, rest = path.partition("/repositories/")
        if found and before in {"", _API_PREFIX}:
            number, slash, below = rest.partition("/")
            repository = None
            if slash and number.isdecimal():
                repository = self._state.repositories.get(int(number))
            if repository is not None:
                path = f"{before}/repos/{repository.full_name}/{below}"
                scope = {**scope, "path": path, "raw_path": path.encode()}
        shown = page(self._state, path) if _wants_page(scope, path) else None
        await (shown or self._app)(scope, receive, send)


def _wants_page(scope: Scope, path: str) -> bool:
    if scope["type"] != "http" or path.startswith("/api/"):
        return False
    # Where the API's ``download_url`` leads, any client may go.
    if path.count("/") > 3 and path.split("/")[3] == "raw":
        return True
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return any(name == b"accept" and b"text/html" in value for name, value in headers)


def _rate_limit(call: Call) -> Reply:
    def shown(resource: str) -> "Document":
        window = call.service.budgets.window(call.identity.who, resource)
        return {
            "limit": window.limit,
            "used": window.used,
            "remaining": window.remaining,
            "reset": window.reset,
        }

    resources = {
        name: shown(name) for name in ("core", "search", "graphql", "code_search")
    }
    return Reply({"resources": resources, "rate": resources["core"]})


def _meta(_call: Call) -> Reply:
    return Reply(
        {"verifiable_password_authentication": False, "installed_version": "3.19.0"}
    )


def _zen(_call: Call) -> Reply:
    headers = {"content-type": "text/plain; charset=utf-8"}
    return Reply(b"Non-blocking is better than blocking.", headers=headers)


_SERVICE_ROUTES = (
    ("GET", "/rate_limit", _rate_limit),
    ("GET", "/meta", _meta),
    ("GET", "/zen", _zen),
)


Respond = Callable[[Request, bytes, "Identity"], Response]
