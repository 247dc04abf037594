"""Who may read the catalog over HTTP.

Owns the rule: with a token configured, whoever sends it; without one, programs on this
machine alone, unless the settings say that the catalog is public. A proxy needs a token.
"""

from collections.abc import Sequence
from hmac import compare_digest

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard.nearness import is_near
from callboard_catalog.api.errors import ApiError, answer


class Guard:
    """An application that lets through what may read."""

    def __init__(
        self,
        app: ASGIApp,
        tokens: Sequence[str],
        *,
        public: bool,
        public_paths: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._tokens = [token.encode() for token in tokens]
        self._public = public
        self._public_paths = tuple(public_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http":
            request = Request(scope)
            refusal = self._refusal(request)
            if refusal is not None:
                response = answer(request, ApiError(401, refusal))
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> str | None:
        # Where this is mounted is no part of the paths.
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        if self._public or path in self._public_paths:
            return None
        if self._tokens:
            return None if self._has_token(request) else "Missing or illegal token"
        if is_near(request.scope, request.headers):
            return None
        return (
            "No token is configured, so only this machine is answered: "
            "set CALLBOARD_CATALOG_TOKEN, or [catalog] public = true"
        )

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        sent = given.strip().encode()
        # Every token is compared, so that the time tells nothing of which.
        return sum(compare_digest(sent, token) for token in self._tokens) > 0
