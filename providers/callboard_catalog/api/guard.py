"""Who may read the catalog over HTTP.

Owns the rule: with a token configured, whoever sends it; without one, programs on this
machine alone, unless the settings say that the catalog is public.
"""

from collections.abc import Sequence
from hmac import compare_digest
from ipaddress import ip_address

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard_catalog.api.errors import ApiError, answer

_LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))
_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip")


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
        if self._public or request.url.path.endswith(self._public_paths or ("\0",)):
            return None
        if self._tokens:
            return None if self._has_token(request) else "Missing or illegal token"
        if _is_local(request):
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


def _is_local(request: Request) -> bool:
    """Whether a program on this machine asks, and not a proxy for somebody else."""
    if any(name in request.headers for name in _FORWARDING):
        return False
    # A page of a foreign site that resolves to this machine sends its own name.
    host = request.headers.get("host", "").rpartition(":")
    name = host[0] if host[2].isdecimal() else "".join(host)
    if name not in _LOCAL_NAMES:
        return False
    client = request.client
    if client is None:
        return True
    try:
        return ip_address(client.host).is_loopback
    except ValueError:
        return False
