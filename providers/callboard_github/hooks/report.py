"""What there is to say of the webhooks: how they are set up, and how they should be.

Owns the questions that ``callboard hooks`` asks, and what counts as a fault. Changes
nothing.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from msgspec import Struct

from callboard import Callboard, clock
from callboard.journal import Heard
from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.errors import GitHubError
from callboard_github.hooks import marks
from callboard_github.hooks.answers import Sent
from callboard_github.hooks.looking import Look, look_at
from callboard_github.hooks.needs import absent, events_of, needed
from callboard_github.hooks.places import (
    Owner,
    Place,
    is_ours,
    owners,
    places_of,
    same,
)
from callboard_github.scope import Scope
from callboard_github.settings import HooksSettings
from callboard_github.source import GitHubSource

_WRONG_SIGNATURE = 401


class Fault(Struct, frozen=True):
    """One thing about a webhook that must be otherwise."""

    what: str
    """``url``, ``secret``, ``events``, ``active`` or ``certificate``."""
    expected: str
    got: str
    by_hand: str | None = None
    """The page where a person must mend it, because no API does."""


class Seen(Struct, frozen=True):
    """One webhook of ours."""

    place: Place
    wanted: frozenset[str]
    """Events that the providers need, of those that it can send."""
    newest: Sent | None
    """What it sent last."""
    look: Look | None
    """What did not arrive; None where there is no journal to compare with."""
    faults: Sequence[Fault]


class Other(Struct, frozen=True):
    """A webhook of somebody else."""

    id: str | None
    url: str | None


class Owned(Struct, frozen=True):
    """The webhooks of one owner."""

    owner: Owner
    ours: Sequence[Seen] = ()
    others: Sequence[Other] = ()
    error: str | None = None
    """Why they can not be seen."""


class Expected(Struct, frozen=True):
    """What a webhook is compared with."""

    address: str | None
    """Where it must send to; None if nobody said."""
    secret: str | None
    """What it must sign with; None if webhooks are not checked."""
    events: frozenset[str]
    """What the providers need."""


def expected_of(board: Callboard, settings: HooksSettings) -> Expected:
    """What a callboard's settings and providers ask of its webhooks."""
    secrets = board.settings.secrets("GITHUB_WEBHOOK_SECRET")
    return Expected(
        address=settings.url,
        secret=secrets[0] if secrets else None,
        events=events_of(board.providers),
    )


async def report(
    board: Callboard,
    github: GitHub,
    scope: Scope,
    run: Caller,
    settings: HooksSettings,
    *,
    taken: Sequence[str] = (),
) -> list[Owned]:
    """All webhooks of ours, and what is wrong with them.

    Args:
        board: Not open; its providers, settings and database are asked.
        github: Whom to ask.
        scope: Of which organizations.
        run: Under whose current task the calls are shown.
        settings: Which webhooks.
        taken: Ids of further webhooks that a person says are ours.

    Raises:
        GitHubError: Not even the organizations could be asked for.
    """
    expected = expected_of(board, settings)
    there = await board.database.read(_journal_is_there)
    heard: list[Heard] = []
    if there:
        heard = await board.journal.heard(GitHubSource.name)
    ids = {each.hook for each in heard} | set(taken)
    some = owners(github, await scope.all(run), heard, settings.repositories)
    found: list[Owned] = []
    for owner in some:
        try:
            places = await places_of(github, run, owner)
            ours = [p for p in places if is_ours(p, settings.url, ids)]
            seen = [
                await _seen(board if there else None, github, run, place, expected)
                for place in ours
            ]
        except GitHubError as error:
            found.append(Owned(owner, error=str(error)))
            continue
        others = [Other(p.id, p.config.url) for p in places if p not in ours]
        found.append(Owned(owner, seen, others))
    return found


async def _seen(
    board: Callboard | None,
    github: GitHub,
    run: Caller,
    place: Place,
    expected: Expected,
) -> Seen:
    look: Look | None = None
    if board is None:
        sent = await place.sent(github, run, clock.now())
        newest = sent[0] if sent else None
    else:
        look = await look_at(github, run, place, board.journal, asked={})
        newest = look.newest
    wanted = needed(expected.events, place.owner.kind)
    faults = _faults(place, wanted, newest, expected)
    return Seen(place, wanted, newest, look, faults)


def _faults(
    place: Place, wanted: frozenset[str], newest: Sent | None, expected: Expected
) -> list[Fault]:
    found: list[Fault] = []
    config = place.config
    if expected.address is not None and not same(config.url, expected.address):
        found.append(Fault("url", expected.address, config.url or "none"))
    if expected.secret is not None:
        if not config.secret:
            found.append(Fault("secret", "ours", "none"))
        elif newest is not None and newest.status_code == _WRONG_SIGNATURE:
            got = "perhaps another one: its newest delivery was answered with 401"
            found.append(Fault("secret", "ours", got))
    if not config.checks_certificates:
        found.append(Fault("certificate", "checked", "not checked"))
    if place.active is False:
        found.append(Fault("active", "yes", "no"))
    if missing := absent(place.events, wanted):
        by_hand = place.page if place.owner.kind == "app" else None
        found.append(Fault("events", ", ".join(missing), "not sent", by_hand))
    return found


def _journal_is_there(connection: sa.Connection) -> bool:
    inspector = sa.inspect(connection)
    return inspector.has_table("swept") and inspector.has_table(marks.marks.name)
