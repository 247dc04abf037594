"""Makes webhooks what they must be.

Owns the plan, which a person sees first, and the calls that carry it out. A webhook
keeps every event that it has: somebody may want it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.hooks.needs import needed
from callboard_github.hooks.places import Owner, Place, told_access
from callboard_github.hooks.report import Expected, Fault, Owned

_CONFIG = frozenset({"url", "secret", "certificate"})


class Repair(Struct, frozen=True):
    """What is to be done about one webhook."""

    owner: Owner
    place: Place | None
    """None for one that is to be made."""
    wanted: frozenset[str]
    faults: Sequence[Fault]

    @property
    def doable(self) -> Sequence[Fault]:
        """What can be done from here."""
        return [fault for fault in self.faults if fault.by_hand is None]


def planned(
    found: Iterable[Owned], expected: Expected, *, secret: bool = False
) -> Iterator[Repair]:
    """What must change.

    Args:
        found: How webhooks are.
        expected: How they must be.
        secret: Whether every one is given the secret, whatever it has.
    """
    for owned in found:
        for seen in owned.ours:
            faults = list(seen.faults)
            if secret and expected.secret and all(f.what != "secret" for f in faults):
                faults.append(Fault("secret", "ours", "whatever it is"))
            if faults:
                yield Repair(owned.owner, seen.place, seen.wanted, faults)
        if creatable(owned, expected):
            wanted = needed(expected.events, owned.owner.kind)
            yield Repair(owned.owner, None, wanted, _of_new(expected, wanted))


def creatable(owned: Owned, expected: Expected) -> bool:
    """Whether an owner has no webhook of ours, and can be given one."""
    return (
        owned.error is None
        and not owned.ours
        and owned.owner.kind != "app"
        and expected.address is not None
        and expected.secret is not None
    )


def _of_new(expected: Expected, wanted: frozenset[str]) -> list[Fault]:
    return [
        Fault("url", expected.address or "", "no webhook"),
        Fault("secret", "ours", "no webhook"),
        Fault("events", ", ".join(sorted(wanted)), "no webhook"),
    ]


async def carry_out(
    github: GitHub, run: Caller, repair: Repair, expected: Expected
) -> None:
    """Make one webhook what it must be.

    Raises:
        HookAccessError: The credentials may not change it; says what it takes.
        GitHubError: GitHub did not do it.
    """
    with told_access(github, repair.owner, "changed"):
        if repair.place is None:
            await _create(github, run, repair, expected)
        else:
            await _change(github, run, repair, repair.place, expected)


async def _create(
    github: GitHub, run: Caller, repair: Repair, expected: Expected
) -> None:
    document = {
        "name": "web",
        "active": True,
        "events": sorted(repair.wanted),
        "config": {
            "url": expected.address,
            "content_type": "json",
            "secret": expected.secret,
            "insecure_ssl": "0",
        },
    }
    owner = repair.owner
    await github.change(
        run, "POST", owner.path, document, account=owner.account, again=False
    )


async def _change(
    github: GitHub, run: Caller, repair: Repair, place: Place, expected: Expected
) -> None:
    faults = {fault.what for fault in repair.doable}
    # By a call of its own: with all the rest, a config without the secret removes it.
    config: dict[str, Any] = {
        "url": expected.address,
        "secret": expected.secret,
        "certificate": "0",
    }
    changes = {
        "insecure_ssl" if what == "certificate" else what: config[what]
        for what in sorted(faults & _CONFIG)
    }
    if changes:
        await _patch(github, run, place, f"{place.path}/config", changes)
    rest: dict[str, Any] = {}
    if "events" in faults:
        rest["events"] = sorted({*place.events, *repair.wanted})
    if "active" in faults:
        rest["active"] = True
    if rest:
        await _patch(github, run, place, place.path, rest)


async def _patch(
    github: GitHub, run: Caller, place: Place, path: str, document: dict[str, Any]
) -> None:
    await github.change(
        run,
        "PATCH",
        path,
        document,
        account=place.owner.account,
        as_app=place.as_app,
        again=True,
    )
