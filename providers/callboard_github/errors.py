"""What can go wrong between callboard and GitHub, in words that help.

Owns the exceptions of the client. None holds a secret; one that knows when to try again
says so in ``retry_after``, which the supervisor honours.
"""

from collections.abc import Mapping


class GitHubError(Exception):
    """A call to GitHub failed: what was called, and what came."""

    retry_after: float | None = None
    """Seconds after which it is worth another try; None if GitHub did not say."""


class UnreachableError(GitHubError):
    """No whole answer came: a connection failed, timed out, or GitHub said 5xx."""


class TooMuchError(UnreachableError):
    """GitHub gave up on the call; one that asks for less may succeed."""


class RateLimitedError(GitHubError):
    """A rate limit is used up for longer than this process waits within a call."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotAllowedError(GitHubError):
    """The credentials do not reach so far."""


class BadCredentialsError(NotAllowedError):
    """The credentials are wrong, or no longer good."""


class NotFoundError(GitHubError):
    """There is no such thing, or these credentials are not shown it."""


class NotInstalledError(NotFoundError):
    """The app is not installed on an account, or no longer, or is suspended."""


class HookAccessError(NotAllowedError):
    """Webhooks can not be seen or changed with these credentials; says what it takes."""


class UnseenHooksError(GitHubError):
    """Some webhooks could not be looked at; the others were."""

    def __init__(self, failed: Mapping[str, GitHubError]) -> None:
        names = ", ".join(sorted(failed))
        super().__init__(f"the webhooks of {names} could not be looked at")
        worst = max(failed.values(), key=lambda error: error.retry_after or 0.0)
        self.__cause__ = worst
        self.retry_after = worst.retry_after


class RefusedQueryError(GitHubError):
    """GraphQL answered with errors."""


class UnexpectedAnswerError(GitHubError):
    """The answer has another shape than GitHub documents."""


class IncompleteReadError(GitHubError):
    """Some organizations could not be read; what was known of them stays."""

    def __init__(self, failed: Mapping[str, GitHubError], of: int) -> None:
        names = ", ".join(sorted(failed))
        message = f"{len(failed)} of {of} organizations could not be read: {names}"
        super().__init__(f"{message}; what was known of them stays")
        first = next(iter(failed.values()))
        self.__cause__ = first
        self.retry_after = first.retry_after
