"""HTTP to GitHub through githubkit, and its failures in our words.

Owns the one connection pool, and the translation of githubkit's exceptions. Importing
this imports githubkit, which takes a quarter of a second: ``client`` does it late.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from githubkit.auth import UnauthAuthStrategy
from githubkit.cache import MemCacheStrategy
from githubkit.core import GitHubCore
from githubkit.exception import (
    GitHubException,
    RateLimitExceeded,
    RequestFailed,
    RequestTimeout,
)
from githubkit.throttling import LocalThrottler
from msgspec import Struct

from callboard_github import errors

if TYPE_CHECKING:
    from githubkit.response import Response

_CONNECT = 10.0
_ANSWER = 30.0
"""Seconds; github.com itself gives up on a GraphQL query after 10."""


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes


class Wire(GitHubCore[UnauthAuthStrategy]):
    """githubkit with one client for all calls; who calls is said call by call."""

    def __init__(
        self,
        url: str,
        *,
        calls_at_once: int,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(
            UnauthAuthStrategy(),
            base_url=url,
            user_agent="callboard",
            timeout=httpx.Timeout(_ANSWER, connect=_CONNECT),
            async_transport=transport,
            cache_strategy=MemCacheStrategy(),
            http_cache=False,
            throttler=LocalThrottler(calls_at_once),
            auto_retry=False,
        )
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Connections are kept until the end of the block."""
        async with await self._create_async_client() as client:
            self._client = client
            try:
                yield
            finally:
                self._client = None

    @asynccontextmanager
    async def get_async_client(self) -> AsyncGenerator[httpx.AsyncClient]:
        """The open client, or one for this call alone."""
        if self._client is not None:
            yield self._client
            return
        async with await self._create_async_client() as client:
            yield client

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        parameters: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """One call, made once.

        Raises:
            GitHubError: It did not succeed.
        """
        try:
            response: Response[Any] = await self.arequest(  # pyright: ignore[reportUnknownMemberType] - its json is any dict
                method, url, params=parameters, content=content, headers=dict(headers)
            )
        except GitHubException as error:
            raise _translated(error, method, url) from error
        raw = response.raw_response
        return Answer(raw.status_code, raw.headers, raw.content)


_BY_STATUS = {
    401: errors.BadCredentialsError,
    403: errors.NotAllowedError,
    404: errors.NotFoundError,
    410: errors.NotFoundError,
    502: errors.TooMuchError,
    504: errors.TooMuchError,
}


def _translated(error: GitHubException, method: str, url: str) -> errors.GitHubError:
    what = f"{method} {url}"
    if isinstance(error, RateLimitExceeded):
        wait = error.retry_after.total_seconds()
        return errors.RateLimitedError(f"{what}: rate limit exceeded", wait)
    if isinstance(error, RequestFailed):
        status = error.response.status_code
        said = f"{what}: GitHub said {status} {_message(error.response.raw_response)}"
        other = errors.UnreachableError if status >= 500 else errors.GitHubError
        return _BY_STATUS.get(status, other)(said)
    if isinstance(error, RequestTimeout):
        return errors.TooMuchError(f"{what}: no answer in time")
    cause: Any = getattr(error, "exc", error)
    return errors.UnreachableError(f"{what}: {cause or type(cause).__name__}")


def _message(response: httpx.Response) -> str:
    try:
        document: Any = response.json()
        return str(document["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase
