"""What is asked of GitHub in GraphQL, and what its answers say.

Owns queries with the shape of their answers, and the words for the errors that come with
status 200: GraphQL's, which hold a kind and a message, and answers of another shape.
"""

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
from msgspec import Struct

from callboard import clock
from callboard_github.errors import (
    GitHubError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    RefusedQueryError,
    TooMuchError,
    UnexpectedAnswerError,
    UnreachableError,
)

if TYPE_CHECKING:
    from callboard_github.wire import Answer

T = TypeVar("T")


class Query(Struct, Generic[T], frozen=True):
    """A GraphQL query and the shape of its answer."""

    name: str
    text: str
    kind: type[T]
    may_miss: bool = False
    """Whether something that is not there is null, instead of an error."""


class _RateLimit(Struct, frozen=True):
    cost: int


class _Cost(Struct, frozen=True):
    rateLimit: _RateLimit | None = None  # noqa: N815 - GitHub's name


class _Problem(Struct, frozen=True):
    message: str
    type: str | None = None


class _Envelope(Struct, frozen=True):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: tuple[_Problem, ...] = ()


def unwrapped(query: Query[T], answer: "Answer", name: str) -> tuple[T, int | None]:
    """What a query found, and what it cost if it asked for that.

    Raises:
        GitHubError: The answer holds errors, or is not of the query's shape.
    """
    envelope = decoded(answer.body, _Envelope, name)
    serious = [
        problem
        for problem in envelope.errors
        if not (query.may_miss and problem.type == "NOT_FOUND")
    ]
    if serious:
        raise _refusal(name, serious, answer)
    if bytes(envelope.data) == b"null":
        raise UnexpectedAnswerError(f"{name}: expected data, got none")
    limit = decoded(envelope.data, _Cost, name).rateLimit
    cost = None if limit is None else limit.cost
    return decoded(envelope.data, query.kind, name), cost


def _refusal(name: str, problems: list[_Problem], answer: "Answer") -> GitHubError:
    kinds = {problem.type for problem in problems}
    said = f"{name}: GitHub said {problems[0].message[:300]}"
    if kinds & {"RATE_LIMITED", "RATE_LIMIT"}:
        reset = answer.headers.get("x-ratelimit-reset", "")
        wait = float(reset) - clock.now() if reset.isdigit() else 60.0
        return RateLimitedError(f"{name}: rate limit exceeded", max(wait, 1.0))
    if "NOT_FOUND" in kinds:
        return NotFoundError(said)
    if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return NotAllowedError(said)
    if kinds & {"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT"}:
        return TooMuchError(said)
    if kinds == {None} and "omething went wrong" in problems[0].message:
        return TooMuchError(said)
    return RefusedQueryError(said)


def decoded(body: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """JSON of a kind; ``what`` is named in errors.

    Raises:
        GitHubError: It is not whole, or of another kind.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswerError(f"{what}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Cut off on its way.
        raise UnreachableError(f"{what}: expected JSON, got: {error}") from error
