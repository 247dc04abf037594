"""In whose name calls are made.

Owns tokens: one personal token for everything, or an app's token for each installation,
asked for when needed and again before it expires.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from callboard import clock
from callboard_github.errors import (
    BadCredentialsError,
    NotAllowedError,
    NotFoundError,
    NotInstalledError,
)
from callboard_github.settings import App, Credentials, Token
from callboard_github.signing import Signature

if TYPE_CHECKING:
    from callboard_github.calls import Caller
    from callboard_github.client import GitHub

_EARLY = 120.0
"""Seconds before its end that a token is not used any more."""


class Access(Protocol):
    """What the client needs to know about credentials."""

    async def authorization(self, run: "Caller", account: str | None) -> str:
        """The header for calls about an account."""
        ...

    async def signed(self) -> str:
        """The header for calls that an app makes as itself.

        Raises:
            NotAllowedError: These are the credentials of no app, or of a wrong one.
        """
        ...

    def forget(self, account: str | None) -> bool:
        """Whether a token that was refused can be replaced; it is not used again."""
        ...

    async def moved(self, run: "Caller", account: str | None) -> bool:
        """Whether an account's token, which was not allowed something, is another now.

        An organization may have taken the name that another one had.
        """
        ...

    async def organizations(self, run: "Caller") -> list[str]:
        """The logins of all organizations that can be read."""
        ...


class _Account(Struct, frozen=True):
    login: str
    type: str = "Organization"


class _Installation(Struct, frozen=True):
    id: int
    account: _Account | None = None
    suspended_at: str | None = None


class _Issued(Struct, frozen=True):
    token: str
    expires_at: str


class TokenAccess:
    """A personal token: the same for all."""

    def __init__(self, token: Token, github: "GitHub") -> None:
        self._header = f"Bearer {token.value}"
        self._github = github

    async def authorization(self, run: "Caller", account: str | None) -> str:  # noqa: ARG002 - the protocol's
        """The token."""
        return self._header

    async def signed(self) -> str:
        """A person's token is no app's.

        Raises:
            NotAllowedError: Always.
        """
        raise NotAllowedError("expected the credentials of an app, got a token")

    def forget(self, account: str | None) -> bool:  # noqa: ARG002 - the protocol's
        """A person has to replace it."""
        return False

    async def moved(self, run: "Caller", account: str | None) -> bool:  # noqa: ARG002 - the protocol's
        """There is but one."""
        return False

    async def organizations(self, run: "Caller") -> list[str]:
        """Those that the token's owner belongs to."""
        found = await self._github.pages(run, "/user/orgs", _Account)
        return [organization.login for organization in found]


class AppAccess:
    """A GitHub App: a token for each installation, an hour long."""

    def __init__(self, app: App, github: "GitHub") -> None:
        self._app = app
        self._signature = Signature(app)
        self._github = github
        self._installations: dict[str, _Installation] = {}
        self._tokens: dict[str, tuple[str, float]] = {}

    async def authorization(self, run: "Caller", account: str | None) -> str:
        """The token of the installation on ``account``.

        Raises:
            NotInstalledError: The app is not installed there, or is suspended.
        """
        if account is None:
            raise NotInstalledError("an app can not call without an account")
        login = account.lower()
        token, until = self._tokens.get(login, ("", 0.0))
        if until - _EARLY > clock.now():
            return f"Bearer {token}"
        if login not in self._installations:
            await self.organizations(run)
        installation = self._installations.get(login)
        if installation is None:
            message = f"app {self._app.id} is not installed on {account}"
            raise NotInstalledError(message)
        try:
            issued = await self._github.post(
                run,
                f"/app/installations/{installation.id}/access_tokens",
                _Issued,
                as_app=True,
            )
        except (NotAllowedError, NotFoundError) as error:
            if isinstance(error, BadCredentialsError):
                raise
            # Removed or suspended; perhaps it is another one by now.
            if await self.moved(run, account):
                return await self.authorization(run, account)
            raise
        expires = datetime.fromisoformat(issued.expires_at).timestamp()
        self._tokens[login] = (issued.token, expires)
        return f"Bearer {issued.token}"

    async def signed(self) -> str:
        """The app's word about itself, signed with its key.

        Raises:
            BadCredentialsError: The key is none.
        """
        return await self._signature.authorization()

    def forget(self, account: str | None) -> bool:
        """Ask for another one next time, unless that was just done."""
        login = (account or "").lower()
        token = self._tokens.pop(login, None)
        if token is None or token[1] - clock.now() > 3600 - _EARLY:
            return False
        self._installations.pop(login, None)
        return True

    async def moved(self, run: "Caller", account: str | None) -> bool:
        """Whether another installation has the account's name now."""
        login = (account or "").lower()
        before = self._installations.get(login)
        await self.organizations(run)
        return self._installations.get(login) != before

    async def organizations(self, run: "Caller") -> list[str]:
        """Those on which the app is installed, and not suspended."""
        found = await self._github.pages(
            run, "/app/installations", _Installation, as_app=True
        )
        there = {
            i.account.login.lower(): i
            for i in found
            if i.account is not None and i.suspended_at is None
        }
        self._tokens = {
            login: token
            for login, token in self._tokens.items()
            if login in there and self._installations.get(login) == there[login]
        }
        self._installations = there
        return [
            i.account.login
            for i in there.values()
            if i.account is not None and i.account.type == "Organization"
        ]


def access_with(credentials: Credentials, github: "GitHub") -> Access:
    """The access that ``credentials`` give."""
    if isinstance(credentials, App):
        return AppAccess(credentials, github)
    return TokenAccess(credentials, github)
