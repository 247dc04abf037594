"""What a webhook sent and callboard does not have: ask for it again, or not now, or never.

Pure: everything follows from GitHub's list of what it sent, the journal's word on what
came, and the time. GitHub's status alone decides nothing: something between may answer
for us, and an answer that came too late for GitHub is a delivery all the same.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct

from callboard_github.hooks.answers import Sent

_ARRIVES = 600.0
"""Seconds that a delivery may take: GitHub speaks of minutes (troubleshooting webhooks)."""
_SETTLES = 60.0
"""Seconds within which a delivery that GitHub calls sent may still be on its way."""
_PATIENCE = 4.0
"""After each redelivery that failed the next one is so many times further away."""
_OFTEN = 5
"""Redeliveries in vain after which it helps no more that others arrive."""
_REFUSED = frozenset({400, 405, 413, 415, 422})
"""Answers to a delivery for what it is; the same one would be answered the same."""
_PING = "ping"


class Verdict(Struct, frozen=True):
    """What became of the deliveries since a moment."""

    arrived: int
    ask: list[Sent]
    """To be asked for again now, oldest first."""
    later: list[Sent]
    """Missing too; on their way, or asked for in vain a while ago. Oldest first."""
    refused: list[Sent]
    """Answered with what no repetition changes. Oldest first."""

    @property
    def missing(self) -> list[Sent]:
        """What may still come, oldest first."""
        return sorted([*self.ask, *self.later], key=_by_time)

    def settled(self, now: float) -> float:
        """The moment before which nothing is to be looked at again, in Unix seconds.

        ``now`` is when GitHub was asked for its list, on which a delivery may appear
        minutes late.
        """
        missing = self.missing
        # A second less: GitHub's times are whole seconds.
        return min(missing[0].at - 1 if missing else now, now - _ARRIVES)


def judged(
    sent: Sequence[Sent],
    known: Collection[str],
    *,
    since: float,
    now: float,
    asked: Mapping[str, float],
) -> Verdict:
    """Decide on every delivery.

    Args:
        sent: All attempts that GitHub lists, since before ``since``.
        known: GUIDs that the journal has.
        since: Deliveries of before are not looked at, in Unix seconds.
        now: In Unix seconds.
        asked: When a GUID was last asked for by this process, in Unix seconds.
    """
    attempts: dict[str, list[Sent]] = {}
    for each in sent:
        attempts.setdefault(each.guid, []).append(each)
    well = max((s.at for s in sent if s.succeeded and s.guid in known), default=0.0)
    found = Verdict(0, [], [], [])
    arrived = 0
    # A delivery of which only later attempts are listed was decided on before.
    first = (s for s in sent if not s.redelivery and s.at > since and s.event != _PING)
    for original in sorted(first, key=_by_time):
        if original.guid in known:
            arrived += 1
            continue
        due = _due(attempts[original.guid], well)
        if due is None:
            found.refused.append(original)
        elif max(due, asked.get(original.guid, -_ARRIVES) + _ARRIVES) > now:
            found.later.append(original)
        else:
            found.ask.append(original)
    return Verdict(arrived, found.ask, found.later, found.refused)


def _due(attempts: Sequence[Sent], well: float) -> float | None:
    """When to ask for a missing delivery; None for never.

    ``well`` is when the webhook last delivered something that came.
    """
    newest = max(attempts, key=_by_time)
    again = sum(each.redelivery for each in attempts)
    if newest.status_code in _REFUSED:
        return None
    if newest.succeeded and not again:
        return newest.at + _SETTLES
    # Who took it for us is likely to take the next one as well; and what fails though
    # others arrive is not the webhook's fault.
    mended = not newest.succeeded and well > newest.at and again < _OFTEN
    return newest.at if mended or not again else newest.at + _wait(again)


def _wait(redeliveries: int) -> float:
    return _ARRIVES * _PATIENCE ** (redeliveries - 1)


def _by_time(sent: Sent) -> tuple[float, int]:
    return sent.at, sent.id


Enough = Callable[[list[Sent]], bool]


def older_than(since: float) -> Enough:
    """Whether a page of GitHub's list, newest first, reaches back far enough."""

    def enough(page: list[Sent]) -> bool:
        return not page or page[-1].at < since

    return enough
