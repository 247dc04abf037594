"""GitHub's API, as providers call it.

Owns what stands around every call: a span under the task that makes it, with cost and
remaining budget; the wait for a rate limit, which people see; the second try after a
hiccup; conditional requests. Every call here only reads.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import anyio
import anyio.to_thread
import msgspec
from msgspec import Struct

from callboard import clock
from callboard_github.access import Access, access_with
from callboard_github.conditional import Conditional
from callboard_github.errors import (
    BadCredentialsError,
    NotAllowedError,
    RateLimitedError,
    TooMuchError,
    UnreachableError,
)
from callboard_github.graphql import Query, decoded, unwrapped
from callboard_github.limits import Limits
from callboard_github.settings import Credentials

if TYPE_CHECKING:
    import httpx

    from callboard_github.wire import Answer, Wire

T = TypeVar("T")

_TRIES = 3
_FIRST_WAIT = 0.5
_SMALLEST_PAGE = 5


class Caller(Protocol):
    """The part of a ``Run`` that a call needs."""

    def span(
        self, name: str, **labels: str | float | bool | None
    ) -> AbstractAsyncContextManager[None]:
        """A node of its own for what runs inside."""
        ...

    def label(self, **labels: str | float | bool | None) -> None:
        """Set labels on the current node."""
        ...


class Payer(Struct, frozen=True):
    """Whose budget a call is taken from."""

    resource: str
    """``core`` or ``graphql``."""
    account: str | None
    signs: bool = False
    """Whether it is an app itself that calls, not one of its installations."""

    @property
    def who(self) -> str:
        """Names the budget."""
        return "app" if self.signs else (self.account or "").lower()


class GitHub:
    """One GitHub, seen with one set of credentials.

    Args:
        url: Base of REST calls; GraphQL is found from it.
        credentials: A token or an app.
        calls_at_once: Calls in progress at most.
        patience: Seconds that one call waits for a rate limit.
        transport: How to reach GitHub, instead of by network.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        calls_at_once: int = 16,
        patience: float = 300.0,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.credentials = credentials
        self.access: Access = access_with(credentials, self)
        self._calls_at_once = calls_at_once
        self._patience = patience
        self._transport = transport
        self._limits = Limits()
        self._conditional = Conditional()
        self._wire: Wire | None = None
        self._users = 0

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Connections are kept until the end of the block; may be entered again."""
        if self._users:
            yield
            return
        self._users = 1
        try:
            # The import takes a quarter of a second, which no loop should stand still.
            wire = await anyio.to_thread.run_sync(self._made)
            async with wire.opened():
                yield
        finally:
            self._users = 0

    @property
    def wire(self) -> "Wire":
        """githubkit, imported at the first use."""
        return self._wire or self._made()

    def _made(self) -> "Wire":
        from callboard_github.wire import Wire

        if self._wire is None:
            self._wire = Wire(
                self.url, calls_at_once=self._calls_at_once, transport=self._transport
            )
        return self._wire

    async def get(
        self,
        run: Caller,
        path: str,
        kind: type[T],
        *,
        account: str | None = None,
        authorization: str | None = None,
        **parameters: str | int,
    ) -> T:
        """``GET path``, decoded.

        Args:
            run: Under whose current task it is shown.
            path: From the base, such as ``/orgs/acme``.
            kind: What the answer is.
            account: In whose name: an organization's login; an app calls as its
                installation there.
            authorization: Instead of the account's.
            **parameters: The query.

        Raises:
            GitHubError: It failed.
        """
        answer = await self._get(run, path, account, authorization, parameters)
        return decoded(answer.body, kind, f"GET {path}")

    async def pages(
        self,
        run: Caller,
        path: str,
        kind: type[T],
        *,
        account: str | None = None,
        authorization: str | None = None,
    ) -> list[T]:
        """Everything that a paged list holds. See ``get``."""
        found: list[T] = []
        page = 1
        while True:
            asked = {"per_page": 100, "page": page}
            answer = await self._get(run, path, account, authorization, asked)
            found += decoded(answer.body, list[kind], f"GET {path}")
            if 'rel="next"' not in answer.headers.get("link", ""):
                return found
            page += 1

    async def post(
        self, run: Caller, path: str, kind: type[T], *, authorization: str
    ) -> T:
        """``POST path`` without a body: for tokens, which change nothing on GitHub."""

        async def send(_authorization: str) -> "Answer":
            headers = {"authorization": authorization}
            return await self.wire.call("POST", path, headers=headers)

        payer = Payer("core", None, signs=True)
        answer = await self._call(run, f"POST {path}", payer, send)
        return decoded(answer.body, kind, f"POST {path}")

    async def query(
        self,
        run: Caller,
        query: Query[T],
        variables: Mapping[str, Any],
        *,
        account: str | None = None,
        insist: bool = True,
    ) -> T:
        """Run a GraphQL query in the name of ``account``.

        Args:
            run: Under whose current task it is shown.
            query: What to ask.
            variables: Its variables.
            account: In whose name.
            insist: Whether to ask again when GitHub gives up on it.

        Raises:
            TooMuchError: GitHub gave up on it: ask for less.
            GitHubError: It failed otherwise.
        """
        content = msgspec.json.encode({"query": query.text, "variables": variables})
        name = f"graphql {query.name}"
        found: T | None = None

        async def send(authorization: str) -> "Answer":
            nonlocal found
            headers = {
                "authorization": authorization,
                "content-type": "application/json",
            }
            wire = self.wire
            answer = await wire.call(
                "POST", self.graphql_url, headers=headers, content=content
            )
            found, cost = unwrapped(query, answer, name)
            if cost is not None:
                run.label(cost=cost)
            return answer

        await self._call(run, name, Payer("graphql", account), send, insist=insist)
        assert found is not None  # noqa: S101 - `send` sets it or raises
        return found

    async def query_pages(
        self,
        run: Caller,
        query: Query[T],
        variables: Mapping[str, Any],
        more: Callable[[T], str | None],
        *,
        account: str | None = None,
        first: int = 100,
        each: Callable[[T], None] = lambda _page: None,
    ) -> list[T]:
        """Run a query page by page, with ever smaller pages where GitHub gives up.

        Args:
            run: Under whose current task it is shown.
            query: Takes ``first`` and ``after`` beside its variables.
            variables: The others.
            more: The cursor after an answer; None when that was the last.
            account: In whose name.
            first: Size of a page.
            each: Called with every page as soon as it is there.
        """
        pages: list[T] = []
        after: str | None = None
        while True:
            try:
                page = await self.query(
                    run,
                    query,
                    {**variables, "first": first, "after": after},
                    account=account,
                    insist=first <= _SMALLEST_PAGE,
                )
            except TooMuchError:
                if first <= _SMALLEST_PAGE:
                    raise
                first = max(first // 2, _SMALLEST_PAGE)
                continue
            pages.append(page)
            each(page)
            after = more(page)
            if after is None:
                return pages

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is."""
        if self.url.endswith("/api/v3"):
            return self.url.removesuffix("/v3") + "/graphql"
        return f"{self.url}/graphql"

    async def _get(
        self,
        run: Caller,
        path: str,
        account: str | None,
        authorization: str | None,
        parameters: Mapping[str, str | int],
    ) -> "Answer":
        payer = Payer("core", account, signs=authorization is not None)

        async def send(found: str) -> "Answer":
            headers = {"authorization": authorization or found}
            key = (payer.who, path, tuple(parameters.items()))
            headers.update(self._conditional.headers(key))
            answer = await self.wire.call(
                "GET", path, headers=headers, parameters=parameters
            )
            if answer.status == 304:
                run.label(unchanged=True, cost=0)
            else:
                run.label(cost=1)
            return self._conditional.resolved(key, answer)

        return await self._call(run, f"GET {path}", payer, send)

    async def _call(
        self,
        run: Caller,
        name: str,
        payer: Payer,
        send: "Callable[[str], Awaitable[Answer]]",
        *,
        insist: bool = True,
    ) -> "Answer":
        async with run.span(name):
            tried = 0
            while True:
                await self._turn(run, payer)
                authorization = ""
                if not payer.signs:
                    authorization = await self.access.authorization(run, payer.account)
                try:
                    answer = await send(authorization)
                except RateLimitedError as error:
                    self._limited(payer, error)
                    continue
                except UnreachableError as error:
                    tried += 1
                    too_much = isinstance(error, TooMuchError)
                    if tried >= _TRIES or (too_much and not insist):
                        raise
                    run.label(tried=tried, failed=str(error))
                    await self._pause(run, _FIRST_WAIT * 4 ** (tried - 1), "a retry")
                    continue
                except BadCredentialsError:
                    # An installation's token may have been revoked before its time.
                    if payer.signs or not self.access.forget(payer.account):
                        raise
                    continue
                except NotAllowedError:
                    if payer.signs or not await self.access.moved(run, payer.account):
                        raise
                    continue
                budget = self._limits.note(
                    payer.who,
                    payer.resource,
                    answer.headers,
                    now=anyio.current_time(),
                    unix=clock.now(),
                )
                if budget is not None:
                    run.label(remaining=budget.remaining, limit=budget.limit)
                return answer

    async def _turn(self, run: Caller, payer: Payer) -> None:
        while True:
            now = anyio.current_time()
            owed = self._limits.owed(payer.who, payer.resource, now=now)
            if owed <= 0:
                return
            if owed > self._patience:
                message = f"the rate limit ({payer.resource}) is used up"
                raise RateLimitedError(f"{message} for another {owed:.0f} s", owed)
            await self._pause(run, owed, "the rate limit")

    def _limited(self, payer: Payer, error: RateLimitedError) -> None:
        wait = max(error.retry_after or 0.0, 1.0)
        self._limits.pause(payer.who, wait, now=anyio.current_time())
        if wait > self._patience:
            message = f"{error} ({payer.resource}), for another {wait:.0f} s"
            raise RateLimitedError(message, wait) from error

    async def _pause(self, run: Caller, seconds: float, what: str) -> None:
        async with run.span(f"waiting {seconds:.3g} s for {what}"):
            await anyio.sleep(seconds)
