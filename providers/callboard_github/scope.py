"""Whose entities are ours.

Owns the answer to "which organizations": those that are configured by name, whatever
their case, or all that the credentials reach.
"""

import logging
from collections.abc import Sequence

from callboard import clock
from callboard_github.calls import Caller
from callboard_github.client import GitHub

logger = logging.getLogger(__name__)

_ASK_AGAIN = 30.0
"""Seconds before an unknown organization makes us look for new ones again."""


class Scope:
    """The organizations of one callboard."""

    def __init__(self, github: GitHub, names: Sequence[str] = ()) -> None:
        self._github = github
        self._names = tuple(names)
        self._found: dict[str, str] | None = None
        self._asked = 0.0
        self._renamed: dict[str, str] = {}

    @property
    def discovers(self) -> bool:
        """Whether organizations come and go without anyone naming them."""
        return not self._names

    @property
    def alone(self) -> bool:
        """Whether it is one organization, and will stay one."""
        return len(self._names) == 1

    async def all(self, run: Caller) -> list[str]:
        """The logins, asked for anew.

        Raises:
            GitHubError: GitHub could not be asked.
        """
        if self._names:
            return [self._renamed.get(name.lower(), name) for name in self._names]
        found = await self._github.access.organizations(run)
        if not found and self._found != {}:
            logger.warning(
                "these credentials reach no organization, so nothing is read: expected"
                " one, or its name in [github] organizations"
            )
        self._found = {login.lower(): login for login in found}
        self._asked = clock.now()
        return found

    async def covers(self, run: Caller, login: str) -> bool:
        """Whether an organization is ours; asks GitHub about one never heard of."""
        if self._names:
            names = await self.all(run)
            return login.lower() in {name.lower() for name in names}
        if self._found is None or (
            login.lower() not in self._found and clock.now() - self._asked >= _ASK_AGAIN
        ):
            await self.all(run)
        return self._found is not None and login.lower() in self._found

    async def changed(self, run: Caller) -> None:
        """An organization came, went or has another name: forget what was found."""
        if not self._names:
            await self.all(run)

    def renamed(self, old: str, new: str) -> bool:
        """Follow a configured organization to its new name; False if it is not ours."""
        for name in self._names:
            if old.lower() in {
                name.lower(),
                self._renamed.get(name.lower(), "").lower(),
            }:
                self._renamed[name.lower()] = new
                return True
        return False
