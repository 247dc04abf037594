"""``python -m callboard_github.simulator``: a simulated GitHub, alone.

Owns what people choose of it on the command line, and what they read.
"""

import os
import signal
import sys
from functools import partial
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

import anyio
import cyclopts
import trio
from cyclopts import Parameter
from cyclopts.validators import Number

from callboard_github.send import SECRET
from callboard_github.simulator.faults import WebhookFaults
from callboard_github.simulator.life import live
from callboard_github.simulator.population import Size, populate
from callboard_github.simulator.simulator import Simulator

Share: TypeAlias = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]
Seconds: TypeAlias = Annotated[float, Parameter(validator=Number(gte=0))]
Count: TypeAlias = Annotated[int, Parameter(validator=Number(gte=1))]
Port: TypeAlias = Annotated[int, Parameter(validator=Number(gte=0, lte=65_535))]


def simulate(
    *,
    port: Port = 8480,
    seed: int = 1,
    organization: str = "acme",
    people: Count = Size.people,
    teams: Count = Size.teams,
    repositories: Count = Size.repositories,
    webhooks: str | None = None,
    pace: Annotated[float, Parameter(validator=Number(gt=0))] = 0.5,
    latency: Seconds = 0.03,
    errors: Share = 0.0,
    slow: Share = 0.0,
    cut: Share = 0.0,
    short_pages: Share = 0.0,
    partial_answers: Share = 0.0,
    failed: Share = 0.0,
    lost: Share = 0.0,
    swallowed: Share = 0.0,
    duplicated: Share = 0.0,
    reordered: Share = 0.0,
    delayed: Share = 0.0,
) -> None:
    """Serve a simulated GitHub with an organization that lives, until Ctrl-C.

    Shares are between 0 and 1. The same seed makes the same people and lets the same
    happen to them.

    Args:
        port: Where it answers on this machine; 0 takes a free one.
        seed: Of everything that is drawn.
        organization: Its login.
        people: How many.
        teams: How many.
        repositories: How many.
        webhooks: Where to send webhooks, such as
            http://127.0.0.1:8470/webhooks/github, signed with the first secret of
            CALLBOARD_GITHUB_WEBHOOK_SECRET; without it nobody is told.
        pace: Seconds between two things that happen, on average.
        latency: Seconds that a call takes at least.
        errors: Share of calls that are answered with 502.
        slow: Share of calls that take twelve seconds longer.
        cut: Share of answers that end in the middle.
        short_pages: Share of GraphQL pages with fewer nodes than were asked for.
        partial_answers: Share of GraphQL answers with an error beside the data.
        failed: Share of webhooks that GitHub could not deliver, and knows it.
        lost: Share of webhooks of which nothing is known.
        swallowed: Share of webhooks that GitHub takes for delivered, and are not.
        duplicated: Share of webhooks that arrive twice.
        reordered: Share of webhooks that later ones overtake.
        delayed: Share of webhooks that come half a second late.
    """
    secret = os.environ.get(SECRET, "").partition(",")[0].strip()
    if webhooks is not None and urlsplit(webhooks).scheme not in {"http", "https"}:
        sys.exit(f"--webhooks: expected an address with http://, got {webhooks}")
    if webhooks is not None and not secret:
        sys.exit(f"{SECRET}: expected the secret to sign webhooks with, got nothing")
    github = Simulator(seed)
    size = Size(people=people, teams=teams, repositories=repositories)
    found = populate(github, organization, size=size)
    if webhooks is not None:
        found.create_hook(webhooks, secret=secret)
    faults = github.faults
    faults.latency, faults.errors, faults.slow = latency, errors, slow
    faults.dropped, faults.short_pages, faults.partial = (
        cut,
        short_pages,
        partial_answers,
    )
    faults.webhooks = WebhookFaults(
        failed=failed,
        lost=lost,
        swallowed=swallowed,
        duplicated=duplicated,
        reordered=reordered,
        delayed=delayed,
    )
    try:
        trio.run(_serve, github, organization, port, pace, webhooks)
    except OSError as error:
        sys.exit(f"--port {port}: cannot listen there: {error.strerror or error}")


async def _serve(
    github: Simulator, login: str, port: int, pace: float, webhooks: str | None
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with github.serve(port=port), anyio.create_task_group() as group:
            _introduce(github, login, webhooks)
            group.start_soon(partial(live, github, pace, login=login))
            async for _ in signals:
                break
            group.cancel_scope.cancel()


def _introduce(github: Simulator, login: str, webhooks: str | None) -> None:
    told = f"sent to {webhooks}" if webhooks else "sent nowhere: see --webhooks"
    lines = (
        f"simulated GitHub  {github.url}",
        f"webhooks          {told}",
        "",
        "callboard asks it with",
        f"  export CALLBOARD_GITHUB_TOKEN={github.token}",
        "and in callboard.toml",
        "  [github]",
        f'  url = "{github.api_url}"',
        f'  organizations = ["{login}"]',
        "",
        "Ctrl-C ends it.",
    )
    print(*lines, sep="\n", flush=True)  # noqa: T201 - what people read


if __name__ == "__main__":
    cyclopts.run(simulate)
