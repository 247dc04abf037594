"""Writes what each provider does event by event into docs/providers.md.

    python scripts/generate_provider_table.py [--check]

Owns the table between the two marks there: one row for each handler, of the events that
it takes and the first line of its docstring. With ``--check`` nothing is written; the
exit code is 1 when the file is not what would be written.
"""

import inspect
import sys
from collections import defaultdict
from pathlib import Path

from callboard import Provider
from callboard_github.activity import Deployments, Workflows
from callboard_github.hooks import MissedDeliveries
from callboard_github.organizations import Organizations
from callboard_github.repositories import Repositories

page = Path(__file__).resolve().parents[1] / "docs" / "providers.md"
begin, end = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"
kinds: tuple[type[Provider], ...] = (
    Organizations,
    Repositories,
    Workflows,
    Deployments,
    MissedDeliveries,
)


def table(kind: type[Provider]) -> str:
    """One provider's rows."""
    # Without its constructor: what it listens to depends on nothing it is given.
    provider = kind.__new__(kind)
    lines = [
        f"### {kind.name}\n",
        "| event | actions | what happens |",
        "| --- | --- | --- |",
    ]
    for handler in provider.handlers():
        told = (inspect.getdoc(getattr(kind, handler.method)) or "").splitlines()[0]
        actions: dict[str, list[str]] = defaultdict(list)
        for name in handler.events:
            actions[name.event].append(name.action or "every")
        for event, some in sorted(actions.items()):
            lines.append(f"| `{event}` | {', '.join(sorted(some))} | {told} |")
        if handler.scheduled:
            lines.append(f"| every {period(handler.every or 0)} | | {told} |")
    return "\n".join(lines) + "\n"


def period(seconds: float) -> str:
    """In words; everything that has a period ticks at a start too, if it is due."""
    hours, minutes = divmod(seconds / 60, 60)
    told = f"{hours:g} hours" if hours and not minutes else f"{seconds / 60:g} minutes"
    return f"{told}, and at start"


def rendered(text: str) -> str:
    """The page with fresh tables."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    tables = "\n".join(table(kind) for kind in kinds)
    return f"{before}{begin}\n{tables}\n{end}{after}"


def main(arguments: list[str]) -> int:
    """Write, or check."""
    text = page.read_text("utf-8")
    fresh = rendered(text)
    if "--check" in arguments:
        return int(fresh != text)
    page.write_text(fresh, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
