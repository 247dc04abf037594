"""How fast GitHub's events are decoded, beside githubkit and ``json.loads``.

    python benchmarks/event_decode.py

Prints microseconds per payload (the best of several rounds, which other work on the
machine disturbs least) and milliseconds per import (in a fresh interpreter, the median, of
modules that are compiled already, as those of an installed package are).
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import githubkit.webhooks

from callboard.event import Untyped
from callboard.source import Request
from callboard_github.events import KNOWN_EVENTS, decode
from callboard_github.signature import sign
from callboard_github.source import GitHubSource

payloads = Path(__file__).resolve().parents[1] / "tests" / "github" / "payloads"
samples = ("push", "membership.added", "team.edited", "repository.renamed")
imports = ("team", "push", "repository", "pull_request")
goals = {"push": 5, "membership": 50, "team": 50}


def microseconds(work: Callable[[], object]) -> float:
    """The best time of one call."""
    calls, best = 1, 0.0
    while best < 0.02:
        calls *= 2
        best = timed(work, calls)
    return min(best, *(timed(work, calls) for _ in range(8))) / calls * 1e6


def timed(work: Callable[[], object], calls: int) -> float:
    """Seconds for ``calls`` calls."""
    gc.collect()
    started = perf_counter()
    for _ in range(calls):
        work()
    return perf_counter() - started


def import_milliseconds(module: str) -> float:
    """What importing one event's module adds to an interpreter that has the runtime."""
    code = (
        "import callboard.event, callboard_github.events, time;"
        "started = time.perf_counter();"
        f"import callboard_github.events.{module};"
        "print(time.perf_counter() - started)"
    )
    command = [sys.executable, "-c", code]
    compiling = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    runs = [
        float(
            subprocess.run(  # noqa: S603 - a command of our own
                command, check=True, capture_output=True, env=compiling
            ).stdout
        )
        for _ in range(7)
    ]
    return median(runs) * 1e3


def main() -> None:
    """Measure and print."""
    header = (
        "payload",
        "bytes",
        "callboard",
        "json.loads",
        "githubkit",
        "ratio",
        "goal",
    )
    print("{:<20}{:>7}{:>11}{:>12}{:>11}{:>7}{:>6}".format(*header))
    for name in samples:
        event = name.partition(".")[0]
        document: object = json.loads((payloads / f"{name}.json").read_bytes())
        body = json.dumps(document, separators=(",", ":")).encode()
        assert not isinstance(decode(event, body), Untyped)
        ours = microseconds(lambda e=event, b=body: decode(e, b))
        plain = microseconds(lambda b=body: json.loads(b))
        peer = microseconds(lambda e=event, b=body: githubkit.webhooks.parse(e, b))  # pyright: ignore[reportUnknownLambdaType, reportArgumentType, reportCallIssue, reportUnknownMemberType] - its overloads take literals only
        goal = goals.get(event, "")
        print(
            f"{name:<20}{len(body):>7}{ours:>11.1f}{plain:>12.1f}{peer:>11.1f}"
            f"{peer / ours:>7.1f}{goal:>6}"
        )
    print()
    for module in imports:
        print(f"import of {module:<14}{import_milliseconds(module):>6.1f} ms (goal 10)")
    body = (payloads / "push.json").read_bytes()
    secret = "a secret for measuring"  # noqa: S105 - signs nothing
    headers = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-hub-signature-256": sign(body, secret),
    }
    source, request = GitHubSource([secret]), Request(headers, body)
    received = microseconds(lambda: source.receive(request))
    signed = microseconds(lambda: sign(body, secret))
    print(f"\nreceive push of {len(body)} bytes: {received:.1f} µs, HMAC {signed:.1f}")
    print(f"{len(KNOWN_EVENTS)} events known")


if __name__ == "__main__":
    main()
