"""Which repositories count.

Owns the filters of ``[repositories]``, and the words for why one does not count.
"""

import re

from callboard import SettingsError
from callboard_github.repositories.answers import Repository
from callboard_github.settings import RepositoriesSettings


class Filter:
    """The filters of one configuration.

    Raises:
        SettingsError: ``names`` is no regular expression.
    """

    def __init__(self, settings: RepositoriesSettings) -> None:
        self._settings = settings
        try:
            self._names = re.compile(settings.names) if settings.names else None
        except re.error as error:
            message = "repositories.names: expected a regular expression"
            raise SettingsError(
                f"{message}, got {settings.names!r}: {error}"
            ) from error

    def reason(self, repository: Repository) -> str | None:
        """Why a repository does not count; None when it does."""
        settings = self._settings
        topics = set(repository.topics)
        allowed = {visibility.upper() for visibility in settings.visibility}
        checks = {
            "it is archived": repository.archived and not settings.archived,
            "it is a fork": repository.fork and not settings.forks,
            "its name does not match": (
                self._names is not None and not self._names.fullmatch(repository.name)
            ),
            f"it is {repository.visibility.lower()}": (
                bool(allowed) and repository.visibility.upper() not in allowed
            ),
            "it has an excluded topic": bool(topics & set(settings.topics.exclude)),
            "it has none of the topics": (
                bool(settings.topics.include)
                and not topics & set(settings.topics.include)
            ),
        }
        return next((reason for reason, applies in checks.items() if applies), None)
