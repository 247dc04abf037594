"""Finds what GitHub sent and callboard never got, and asks for it again.

Owns the look at all webhooks, at every start and on a schedule: what of GitHub's list is
not in the journal. What was asked for comes as any delivery does.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from callboard import Callboard, Provider, Run, clock, every
from callboard.journal import Journal
from callboard_github.client import GitHub
from callboard_github.errors import (
    BadCredentialsError,
    GitHubError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    UnreachableError,
    UnseenHooksError,
)
from callboard_github.hooks import marks
from callboard_github.hooks.answers import Sent
from callboard_github.hooks.looking import Look, look_at
from callboard_github.hooks.missing import Verdict
from callboard_github.hooks.places import (
    Owner,
    Place,
    is_ours,
    no_access,
    owners,
    places_of,
)
from callboard_github.scope import Scope
from callboard_github.settings import HooksSettings
from callboard_github.source import GitHubSource

logger = logging.getLogger(__name__)

_AT_ONCE = 8
_HOUR = 3600.0


class MissedDeliveries(Provider):
    """Looks through the deliveries of every webhook that sends here.

    Args:
        github: Whose webhooks.
        scope: Of which organizations.
        journal: What arrived.
        settings: Which webhooks, and how much at once.
        pace: Seconds between two deliveries that are asked for; GitHub wants a second
            between calls that change something (best practices for the REST API).
    """

    name = "missed-deliveries"
    timeout = _HOUR
    """A look may have to wait for the rate limit, and asks slowly."""

    def __init__(
        self,
        github: GitHub,
        scope: Scope,
        journal: Journal,
        settings: HooksSettings | None = None,
        *,
        pace: float = 1.0,
    ) -> None:
        self.github = github
        self.scope = scope
        self.journal = journal
        self.settings = settings or HooksSettings()
        self.pace = pace
        self._asked: dict[tuple[str, str], float] = {}
        """When a delivery was asked for, by its webhook's key and its GUID."""
        self._asking = anyio.Lock()

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Connections to GitHub are open meanwhile."""
        async with self.github.opened(), super().opened():
            yield

    @every(minutes=30, at_start=True)
    async def look(self, run: Run) -> None:
        """What GitHub sent and did not arrive is asked for again."""
        heard = await self.journal.heard(GitHubSource.name)
        ids = {each.hook for each in heard}
        organizations = await self.scope.all(run)
        some = owners(self.github, organizations, heard, self.settings.repositories)
        at_once = anyio.Semaphore(_AT_ONCE)
        failed: dict[str, GitHubError] = {}
        asked = 0

        async def look(owner: Owner) -> None:
            nonlocal asked
            async with at_once:
                asked += await self._look_at_owner(run, owner, ids, failed)

        async with anyio.create_task_group() as group:
            for owner in some:
                group.start_soon(look, owner, name=f"webhooks of {owner.name}")
        self._forget()
        run.label(asked=asked)
        # Whoever lacks a permission will lack it in a minute too: a person must act.
        passing = {
            name: error
            for name, error in failed.items()
            if not isinstance(error, NotAllowedError | NotFoundError)
        }
        if passing:
            raise UnseenHooksError(passing)

    async def _look_at_owner(
        self,
        run: Run,
        owner: Owner,
        heard: set[str],
        failed: dict[str, GitHubError],
    ) -> int:
        """Returns how many deliveries were asked for."""
        try:
            async with run.span("list webhooks"):
                found = await places_of(self.github, run, owner)
                ours = [p for p in found if is_ours(p, self.settings.url, heard)]
                run.label(webhooks=len(found), ours=len(ours))
        except GitHubError as error:
            logger.warning("%s", error)
            failed[owner.name] = error
            return 0
        asked = 0
        for place in ours:
            try:
                async with run.span(place.label):
                    asked += await self._catch_up(run, place)
            except GitHubError as error:
                logger.warning("%s: %s", place.label, error)
                failed[owner.name] = error
        return asked

    async def _catch_up(self, run: Run, place: Place) -> int:
        before = {g: at for (key, g), at in self._asked.items() if key == place.key}
        look = await look_at(self.github, run, place, self.journal, asked=before)
        _tell(run, look.verdict)
        asked = await self._ask(run, place, look)
        run.label(asked=asked)
        mark = marks.Mark(place.key, look.settled)
        await self.journal.database.write(marks.keep, mark)
        left = len(look.verdict.ask) - asked
        if asked or left:
            message = "%s: missed deliveries asked for again: %d, left for later: %d"
            logger.info(message, place.label, asked, left)
        return asked

    async def _ask(self, run: Run, place: Place, look: Look) -> int:
        """Ask for what is missing, oldest first; returns how many were asked for."""
        wanted = look.verdict.ask[: self.settings.most]
        asked = 0
        for done, sent in enumerate(wanted):
            run.progress(done, len(wanted), "deliveries")
            async with self._asking:
                if not await self._ask_for(run, place, sent):
                    continue
                self._asked[place.key, sent.guid] = clock.now()
                asked += 1
                await anyio.sleep(self.pace)
        if wanted:
            run.progress(len(wanted), len(wanted), "deliveries")
        return asked

    async def _ask_for(self, run: Run, place: Place, sent: Sent) -> bool:
        """Whether a delivery will be sent again; one that will not hinders no other."""
        try:
            await place.ask_again(self.github, run, sent)
        except (BadCredentialsError, RateLimitedError, UnreachableError):
            raise
        except NotAllowedError as error:
            what = "asked to send again"
            raise no_access(self.github, place.owner, what, error) from error
        except GitHubError as error:
            logger.warning("%s: not sent again: %s", sent.guid, error)
            return False
        return True

    def _forget(self) -> None:
        moment = clock.now()
        self._asked = {k: at for k, at in self._asked.items() if moment - at < _HOUR}


def _tell(run: Run, verdict: Verdict) -> None:
    counts = {
        "arrived": verdict.arrived,
        "missing": len(verdict.missing),
        "refused": len(verdict.refused),
    }
    run.label(**{name: count for name, count in counts.items() if count})
    for sent in verdict.refused:
        what = sent.event if sent.action is None else f"{sent.event}.{sent.action}"
        message = "%s (%s) was refused with %d, and would be again"
        logger.warning(message, sent.guid, what, sent.status_code)


def missed_deliveries_of(
    board: Callboard, github: GitHub, scope: Scope, settings: HooksSettings
) -> MissedDeliveries:
    """The provider of a callboard, and its table."""
    board.migrates(marks.PACKAGE, marks.VERSION_TABLE)
    return MissedDeliveries(github, scope, board.journal, settings)
