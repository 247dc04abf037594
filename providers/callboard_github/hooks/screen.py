"""The words and shapes in which ``callboard hooks`` tells what it found.

Pure: from what was found to lines, and to plain data for machines.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from callboard import clock
from callboard.plural import counted
from callboard_github.hooks.needs import EVERYTHING, unneeded
from callboard_github.hooks.repair import Repair, creatable
from callboard_github.hooks.report import Expected, Fault, Owned, Seen

_ASIDE = 12


def owned_lines(owned: Owned, expected: Expected) -> Iterator[Text]:
    """An owner's webhooks, for people."""
    owner = owned.owner
    kind = "" if owner.kind == "app" else f"  {owner.kind}"
    yield Text(owner.name, "bold").append(kind, "not bold dim")
    if owned.error is not None:
        yield Text("  ✗ ", "red").append(owned.error, "default")
    for seen in owned.ours:
        yield from _seen_lines(seen)
    if owned.error is None and not owned.ours:
        yield Text("  ✗ ", "red").append(_absent(owned, expected), "default")
    for other in owned.others:
        line = f"    webhook {other.id} is not ours: it sends to {other.url}"
        yield Text(line, "dim")
    yield Text()


def repair_lines(repair: Repair) -> Iterator[Text]:
    """What is to be done, for people."""
    place = repair.place
    name = f"new webhook of {repair.owner.name}" if place is None else place.label
    yield Text(name, "bold")
    for fault in repair.faults:
        yield _aside(fault.what, _change(fault, new=place is None), "yellow")
    yield Text()


def as_json(found: Sequence[Owned]) -> dict[str, Any]:
    """Everything, for machines: times as ISO 8601 in UTC."""
    return {
        "hooks": [_hook_json(seen) for owned in found for seen in owned.ours],
        "others": [
            {"owner": owned.owner.name, "id": other.id, "url": other.url}
            for owned in found
            for other in owned.others
        ],
        "without": [
            owned.owner.name
            for owned in found
            if not owned.ours and owned.error is None
        ],
        "unseen": [
            {"owner": owned.owner.name, "reason": owned.error}
            for owned in found
            if owned.error is not None
        ],
    }


def _seen_lines(seen: Seen) -> Iterator[Text]:
    place, config = seen.place, seen.place.config
    mark, style = ("✗", "red") if seen.faults else ("✓", "green")
    name = "webhook" if place.id is None else f"webhook {place.id}"
    yield Text(f"  {mark} ", style).append(f"{name}  {config.url}", "default")
    checked = "checked" if config.checks_certificates else "not checked"
    how = f"{config.content_type}, certificate {checked}"
    how += "" if config.secret else ", not signed"
    yield _aside("sends", how if place.active is not False else f"nothing ({how})")
    yield from _event_lines(seen)
    yield _answer_line(seen)
    if seen.look is not None:
        yield from _delivery_lines(seen)
    for fault in seen.faults:
        yield _aside(fault.what, _complaint(fault), "red")
    if place.page:
        yield _aside("page", place.page, "dim")


def _event_lines(seen: Seen) -> Iterator[Text]:
    events, wanted = seen.place.events, seen.wanted
    if EVERYTHING in events:
        listed = ", ".join(sorted(wanted))
        yield _aside("events", f"all; needed are {listed}")
        return
    yield _aside("events", ", ".join(sorted(wanted & set(events))) or "none")
    if more := unneeded(events, wanted):
        yield _aside("", f"not needed: {', '.join(more)}", "dim")


def _answer_line(seen: Seen) -> Text:
    newest = seen.newest
    if newest is None:
        return _aside("answered", "nothing was sent lately", "dim")
    code = f" {newest.status_code}" if newest.status_code else ""
    when = _moment(newest.at)
    style = "default" if newest.succeeded else "red"
    return _aside("answered", f"{newest.status}{code}, {when}", style)


def _delivery_lines(seen: Seen) -> Iterator[Text]:
    if seen.look is None:
        return
    verdict = seen.look.verdict
    missing = verdict.missing
    if missing:
        when = _moment(missing[0].at)
        yield _aside("missing", f"{_deliveries(missing)} since {when}", "yellow")
    else:
        yield _aside("missing", "nothing")
    if verdict.refused:
        names = sorted({sent.event for sent in verdict.refused})
        told = f"{_deliveries(verdict.refused)} ({', '.join(names)})"
        yield _aside("refused", told, "yellow")


def _deliveries(sent: Sequence[object]) -> str:
    return counted(len(sent), "delivery", "deliveries")


def _absent(owned: Owned, expected: Expected) -> str:
    if owned.owner.kind == "app":
        return "the app has no webhook: switch it on in the app's settings"
    if creatable(owned, expected):
        return "no webhook sends here; `callboard hooks repair` makes one"
    return "no webhook is known to send here; set hooks.url to the address it must have"


def _complaint(fault: Fault) -> str:
    if fault.what == "events":
        told = f"expected {fault.expected} too"
    else:
        told = f"expected {fault.expected}, got {fault.got}"
    return told if fault.by_hand is None else f"{told}; {_by_hand(fault)}"


def _change(fault: Fault, *, new: bool) -> str:
    if new or fault.what == "secret":
        told = fault.expected if new else f"set to ours (now: {fault.got})"
    elif fault.what == "events":
        told = f"add {fault.expected}"
    else:
        told = f"{fault.got} → {fault.expected}"
    return told if fault.by_hand is None else f"{told}: {_by_hand(fault)}"


def _by_hand(fault: Fault) -> str:
    return f"no API changes that, a person does at {fault.by_hand}"


def _aside(name: str, what: str, style: str = "default") -> Text:
    return Text(f"    {name:<{_ASIDE}}", "dim").append(what, f"not dim {style}")


def _moment(at: float) -> str:
    return clock.isoformat(at)[:19].replace("T", " ") + " UTC"


def _hook_json(seen: Seen) -> dict[str, Any]:
    place, newest = seen.place, seen.newest
    found: dict[str, Any] = {
        "owner": place.owner.name,
        "kind": place.owner.kind,
        "id": place.id,
        "url": place.config.url,
        "active": place.active,
        "content_type": place.config.content_type,
        "insecure_ssl": not place.config.checks_certificates,
        "secret": bool(place.config.secret),
        "events": sorted(place.events),
        "needed_events": sorted(seen.wanted),
        "unneeded_events": unneeded(place.events, seen.wanted),
        "last_answer": newest
        and {
            "status": newest.status,
            "status_code": newest.status_code,
            "delivered_at": clock.isoformat(newest.at),
        },
        "missing": None,
        "refused": None,
        "faults": [
            {
                "what": fault.what,
                "expected": fault.expected,
                "got": fault.got,
                "by_hand": fault.by_hand,
            }
            for fault in seen.faults
        ],
        "page": place.page or None,
    }
    if seen.look is not None:
        verdict = seen.look.verdict
        found["missing"] = [sent.guid for sent in verdict.missing]
        found["refused"] = [sent.guid for sent in verdict.refused]
    return found
