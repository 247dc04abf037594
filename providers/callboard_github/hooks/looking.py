"""One look at one webhook: what it sent beside what arrived."""

from collections.abc import Mapping

from msgspec import Struct

from callboard import clock
from callboard.journal import Journal
from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.hooks import marks
from callboard_github.hooks.answers import Sent
from callboard_github.hooks.missing import Verdict, judged
from callboard_github.hooks.places import Place
from callboard_github.source import GitHubSource


class Look(Struct, frozen=True):
    """What a look found."""

    newest: Sent | None
    """What it sent last."""
    verdict: Verdict
    settled: float
    """Where the next look begins, in Unix seconds."""


async def look_at(
    github: GitHub,
    run: Caller,
    place: Place,
    journal: Journal,
    *,
    asked: Mapping[str, float],
) -> Look:
    """Compare GitHub's list of deliveries with the journal; changes nothing.

    Args:
        github: Whom to ask.
        run: Under whose current task the calls are shown.
        place: Which webhook.
        journal: What arrived.
        asked: When deliveries were last asked for, in Unix seconds by GUID.

    Raises:
        GitHubError: GitHub could not be asked.
    """
    began = clock.now()
    key = place.key
    mark = await journal.database.read(lambda c: marks.settled_until(c, key))
    sent = await place.sent(github, run, mark)
    hook = await place.id_in(github, run, sent)
    guids = {each.guid for each in sent}
    known: set[str] = set()
    if hook is not None:
        known = await journal.known(GitHubSource.name, hook, guids)
        # What stands between may have taken the header away that names the webhook.
        known |= await journal.known(GitHubSource.name, "", guids - known)
    # Asked for last, so that what retention took meanwhile is older than this.
    since = max(mark, await journal.whole_since())
    verdict = judged(sent, known, since=since, now=began, asked=asked)
    return Look(sent[0] if sent else None, verdict, verdict.settled(began))
