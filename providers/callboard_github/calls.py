"""What stands around every call to GitHub.

Owns the span under the task that makes it, with what is left of the budget; the wait for
a rate limit, which people see; the second try after a hiccup; tokens that are replaced.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

import anyio
from msgspec import Struct

from callboard import clock
from callboard_github.errors import (
    BadCredentialsError,
    NotAllowedError,
    RateLimitedError,
    TooMuchError,
    UnreachableError,
)
from callboard_github.limits import Limits

if TYPE_CHECKING:
    from callboard_github.access import Access
    from callboard_github.wire import Answer

_TRIES = 3
_FIRST_WAIT = 0.5


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


class Calls:
    """All calls with one set of credentials."""

    def __init__(self, access: "Access", patience: float) -> None:
        self._access = access
        self._patience = patience
        self._limits = Limits()

    async def make(
        self,
        run: Caller,
        name: str,
        payer: Payer,
        send: "Callable[[str], Awaitable[Answer]]",
        *,
        insist: bool = True,
        again: bool = True,
    ) -> "Answer":
        """Make one call, with the waits and further tries that it needs.

        Args:
            run: Under whose current task it is shown.
            name: Of its span.
            payer: Whose budget it is taken from.
            send: Makes it once; takes the header that authorizes it.
            insist: Whether to ask again when GitHub gives up on it.
            again: Whether to ask again after any failure that leaves open whether it
                was done.

        Raises:
            GitHubError: It failed.
        """
        async with run.span(name):
            tried = 0
            while True:
                await self._turn(run, payer)
                if payer.signs:
                    authorization = await self._access.signed()
                else:
                    authorization = await self._access.authorization(run, payer.account)
                try:
                    answer = await send(authorization)
                except RateLimitedError as error:
                    self._limited(payer, error)
                    continue
                except UnreachableError as error:
                    tried += 1
                    too_much = isinstance(error, TooMuchError)
                    if not again or tried >= _TRIES or (too_much and not insist):
                        raise
                    run.label(tried=tried, failed=str(error))
                    await self._pause(run, _FIRST_WAIT * 4 ** (tried - 1), "a retry")
                    continue
                except BadCredentialsError:
                    # An installation's token may have been revoked before its time.
                    if payer.signs or not self._access.forget(payer.account):
                        raise
                    continue
                except NotAllowedError:
                    if payer.signs or not await self._access.moved(run, payer.account):
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
