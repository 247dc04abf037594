"""GitHub's API, as providers call it.

Owns the forms that calls have: REST, its pages, GraphQL; what they cost, and conditional
requests. Calls that change something say whether they may be made twice. What stands
around every call is ``calls``'.
"""

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.to_thread
import msgspec

from callboard_github.access import Access, access_with
from callboard_github.calls import Caller, Calls, Payer
from callboard_github.conditional import Conditional
from callboard_github.errors import (
    TooMuchError,
)
from callboard_github.graphql import Query, decoded, unwrapped
from callboard_github.settings import Credentials

if TYPE_CHECKING:
    import httpx

    from callboard_github.wire import Answer, Wire

T = TypeVar("T")

_SMALLEST_PAGE = 5
_NEXT = re.compile(r'<([^>]*)>; *rel="next"')


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
        self._transport = transport
        self._calls = Calls(self.access, patience)
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
        as_app: bool = False,
        **parameters: str | int,
    ) -> T:
        """``GET path``, decoded.

        Args:
            run: Under whose current task it is shown.
            path: From the base, such as ``/orgs/acme``.
            kind: What the answer is.
            account: In whose name: an organization's login; an app calls as its
                installation there.
            as_app: Whether the app calls as itself, and not as an installation.
            **parameters: The query.

        Raises:
            GitHubError: It failed.
        """
        payer = Payer("core", account, signs=as_app)
        answer = await self._get(run, path, payer, parameters)
        return decoded(answer.body, kind, f"GET {path}")

    async def pages(
        self,
        run: Caller,
        path: str,
        kind: type[T],
        *,
        account: str | None = None,
        as_app: bool = False,
    ) -> list[T]:
        """Everything that a paged list holds. See ``get``."""
        payer = Payer("core", account, signs=as_app)
        found: list[T] = []
        page = 1
        while True:
            asked = {"per_page": 100, "page": page}
            answer = await self._get(run, path, payer, asked)
            found += decoded(answer.body, list[kind], f"GET {path}")
            if 'rel="next"' not in answer.headers.get("link", ""):
                return found
            page += 1

    async def cursor_pages(
        self,
        run: Caller,
        path: str,
        kind: type[T],
        *,
        account: str | None = None,
        as_app: bool = False,
        enough: Callable[[list[T]], bool] = lambda _page: False,
    ) -> list[T]:
        """What a list holds whose pages are found by cursors. See ``get``.

        Args:
            run: Under whose current task it is shown.
            path: From the base.
            kind: What one entry is.
            account: In whose name.
            as_app: Whether the app calls as itself.
            enough: Whether no page after this one is wanted.
        """
        payer = Payer("core", account, signs=as_app)
        found: list[T] = []
        asked: dict[str, str | int] = {"per_page": 100}
        while True:
            answer = await self._get(run, path, payer, asked)
            page = decoded(answer.body, list[kind], f"GET {path}")
            found += page
            cursor = _next_cursor(answer.headers.get("link", ""))
            if cursor is None or enough(page):
                return found
            asked["cursor"] = cursor

    async def post(
        self, run: Caller, path: str, kind: type[T], *, as_app: bool = False
    ) -> T:
        """``POST path`` without a body: for tokens, which change nothing on GitHub."""
        body = await self.change(run, "POST", path, as_app=as_app, again=True)
        return decoded(body, kind, f"POST {path}")

    async def change(
        self,
        run: Caller,
        method: Literal["POST", "PATCH"],
        path: str,
        document: Mapping[str, Any] | None = None,
        *,
        account: str | None = None,
        as_app: bool = False,
        again: bool,
    ) -> bytes:
        """Change something on GitHub; returns the answer's body.

        Args:
            run: Under whose current task it is shown.
            method: POST or PATCH.
            path: From the base.
            document: What is sent, as JSON; None for no body.
            account: In whose name.
            as_app: Whether the app calls as itself.
            again: Whether it may be sent again after a failure that does not tell
                whether it was done: say so only where twice does what once does.

        Raises:
            GitHubError: It failed.
        """
        content = None if document is None else msgspec.json.encode(document)
        kind = {} if document is None else {"content-type": "application/json"}

        async def send(authorization: str) -> "Answer":
            headers = {"authorization": authorization, **kind}
            return await self.wire.call(method, path, headers=headers, content=content)

        payer = Payer("core", account, signs=as_app)
        answer = await self._calls.make(
            run, f"{method} {path}", payer, send, again=again
        )
        return answer.body

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

        await self._calls.make(
            run, name, Payer("graphql", account), send, insist=insist
        )
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
        payer: Payer,
        parameters: Mapping[str, str | int],
    ) -> "Answer":
        async def send(authorization: str) -> "Answer":
            headers = {"authorization": authorization}
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

        return await self._calls.make(run, f"GET {path}", payer, send)


def _next_cursor(link: str) -> str | None:
    """The cursor of the next page, out of a ``Link`` header.

    Only the cursor: behind a proxy the address there may be another than ours.
    """
    found = _NEXT.search(link)
    if found is None:
        return None
    return parse_qs(urlsplit(found[1]).query).get("cursor", [None])[0]
