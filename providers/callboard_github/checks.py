"""What ``callboard check`` finds out about GitHub.

Owns the questions: does GitHub answer, are the credentials good, which organizations do
they reach, and may everything there be read that the providers need.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from callboard import Callboard
from callboard.checks import Finding
from callboard_github.client import GitHub
from callboard_github.errors import GitHubError
from callboard_github.organizations.reading import TEAMS
from callboard_github.providers import github_of
from callboard_github.settings import TOKEN, App, GitHubSettings, read_credentials

_SHOWN = 5


class Unwatched:
    """A caller whose calls nobody looks at."""

    @asynccontextmanager
    async def span(
        self, name: str, **labels: str | float | bool | None
    ) -> AsyncGenerator[None]:
        """Nothing is shown."""
        del name, labels
        yield

    def label(self, **labels: str | float | bool | None) -> None:
        """Nothing is shown."""


async def github_checks(board: Callboard) -> list[Finding]:
    """What works between this configuration and GitHub."""
    chosen = board.settings.section("github", GitHubSettings)
    credentials = read_credentials(board.settings, chosen)
    if credentials is None:
        detail = f"none: set CALLBOARD_{TOKEN}, or github.app_id and its private key"
        return [Finding("github credentials", ok=False, detail=detail)]
    github, scope = github_of(board, credentials, chosen)
    kind = f"app {credentials.id}" if isinstance(credentials, App) else "a token"
    subject = f"github ({github.url})"
    run = Unwatched()
    async with github.opened():
        try:
            reached = await github.access.organizations(run)
            logins = await scope.all(run)
        except GitHubError as error:
            return [Finding(subject, ok=False, detail=f"{kind}: {error}")]
        found = [Finding(subject, ok=True, detail=f"{kind} reaches {_listed(reached)}")]
        if not logins:
            detail = "no organization: expected one that these credentials reach"
            found.append(Finding("github organizations", ok=False, detail=detail))
        readable = [await _readable(github, run, login) for login in logins[:_SHOWN]]
        return [*found, *readable]


async def _readable(github: GitHub, run: Unwatched, login: str) -> Finding:
    subject = f"github organization {login}"
    variables = {"login": login, "first": 1, "after": None, "members": 1}
    try:
        await github.query(run, TEAMS, variables, account=login)
    except GitHubError as error:
        return Finding(subject, ok=False, detail=str(error))
    return Finding(subject, ok=True, detail="its teams can be read")


def _listed(logins: list[str]) -> str:
    if not logins:
        return "no organization"
    more = f" and {len(logins) - _SHOWN} more" if len(logins) > _SHOWN else ""
    return ", ".join(logins[:_SHOWN]) + more
