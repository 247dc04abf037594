"""``callboard hooks``: the webhooks on GitHub's side, shown and repaired.

Owns the two commands, and the order of showing, asking and doing.
"""

import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import anyio
import msgspec
from cyclopts import App
from msgspec import Struct
from rich.prompt import Confirm
from rich.text import Text

from callboard import Callboard, SettingsError
from callboard.cli.console import (
    PlainConsole,
    complain,
    database_to_read,
    read_settings,
    say_json,
)
from callboard.registry import assemble
from callboard.sqlite_file import NoDatabaseError
from callboard_github.checks import Unwatched
from callboard_github.client import GitHub
from callboard_github.errors import GitHubError
from callboard_github.hooks.repair import Repair, carry_out, planned
from callboard_github.hooks.report import Expected, Owned, expected_of, report
from callboard_github.hooks.screen import as_json, owned_lines, repair_lines
from callboard_github.providers import github_of
from callboard_github.scope import Scope
from callboard_github.settings import (
    PRIVATE_KEY,
    TOKEN,
    GitHubSettings,
    HooksSettings,
    read_credentials,
)

R = TypeVar("R")

hooks = App(name="hooks")

_FAULTY = 1


class _Desk(Struct, frozen=True):
    """What both commands work with."""

    board: Callboard
    github: GitHub
    scope: Scope
    settings: HooksSettings

    @property
    def expected(self) -> Expected:
        return expected_of(self.board, self.settings)

    async def report(self, taken: Sequence[str] = ()) -> list[Owned]:
        return await report(
            self.board, self.github, self.scope, Unwatched(), self.settings, taken=taken
        )


@hooks.default
def show(*, json_: bool = False, config: Path | None = None) -> None:
    """Show the webhooks that send here: address, events, answers, what did not arrive.

    Works while the server runs and while it does not. The exit code is 1 when
    something is wrong, or could not be seen.

    Args:
        json_: Everything as one JSON document.
        config: The settings; callboard.toml in this folder when not given.
    """

    async def work(desk: _Desk) -> tuple[list[Owned], Expected]:
        return await desk.report(), desk.expected

    found, expected = _at_desk(config, work)
    if json_:
        say_json(msgspec.json.encode(as_json(found)))
    else:
        console = PlainConsole(highlight=False, soft_wrap=True)
        for owned in found:
            for line in owned_lines(owned, expected):
                console.print(line)
        if not found:
            console.print("no organization, and so no webhook")
    # One that could not be seen has none of ours either.
    if not found or any(not o.ours or any(s.faults for s in o.ours) for o in found):
        raise SystemExit(_FAULTY)


@hooks.command
def repair(
    *,
    yes: bool = False,
    hook: tuple[str, ...] = (),
    secret: bool = False,
    config: Path | None = None,
) -> None:
    """Give the webhooks their address, secret and events; switch them on; make one.

    Says first what it would do, and asks. Without a terminal it does nothing unless
    told --yes. The exit code is 1 when something is left to be done.

    Args:
        yes: Do it without asking.
        hook: The id of a webhook that is ours though it sends elsewhere.
        secret: Set the secret of all of them, as when it was rotated.
        config: The settings; callboard.toml in this folder when not given.
    """
    console = PlainConsole(highlight=False, soft_wrap=True)

    async def work(desk: _Desk) -> bool:
        found = await desk.report(hook)
        _expect_found(hook, found)
        expected = desk.expected
        plan = list(planned(found, expected, secret=secret))
        unseen = [owned for owned in found if owned.error is not None]
        for owned in unseen:
            console.print(Text(f"✗ {owned.error}", "red"))
        for each in plan:
            for line in repair_lines(each):
                console.print(line)
        doable = [each for each in plan if each.doable]
        if not doable:
            console.print("nothing to do from here" if plan else "nothing to repair")
            return not plan and not unseen
        if not _agreed(console, yes=yes):
            return False
        done = [await _carried_out(console, desk.github, r, expected) for r in doable]
        return all(done) and not unseen and len(doable) == len(plan)

    if not _at_desk(config, work):
        raise SystemExit(_FAULTY)


def _agreed(console: PlainConsole, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        console.print("nothing was changed; --yes does it")
        return False
    return Confirm.ask("Do this?", console=console, default=False)


async def _carried_out(
    console: PlainConsole, github: GitHub, repair: Repair, expected: Expected
) -> bool:
    place = repair.place
    name = f"new webhook of {repair.owner.name}" if place is None else place.label
    try:
        await carry_out(github, Unwatched(), repair, expected)
    except GitHubError as error:
        console.print(Text(f"✗ {name}: {error}", "red"))
        return False
    console.print(Text("✓ ", "green").append(name, "default"))
    return len(repair.doable) == len(repair.faults)


def _expect_found(wanted: Sequence[str], found: Sequence[Owned]) -> None:
    """Raise SettingsError for a webhook that nobody has."""
    ours = {seen.place.id for owned in found for seen in owned.ours}
    for number in wanted:
        if number not in ours:
            others = [o.id for owned in found for o in owned.others if o.id is not None]
            known = ", ".join(sorted({*others, *(i for i in ours if i is not None)}))
            message = (
                f"--hook: expected the id of a webhook ({known or 'there is none'})"
            )
            raise SettingsError(f"{message}, got {number}")


def _at_desk(config: Path | None, work: Callable[[_Desk], Coroutine[Any, Any, R]]) -> R:
    """Do what is to be done with settings, database and GitHub at hand.

    Raises:
        SettingsError: There are no credentials, or GitHub says no to all of it.
    """
    settings = read_settings(config)
    with database_to_read(settings, _say_absent) as database:
        board = assemble(settings, database)
        chosen = settings.section("github", GitHubSettings)
        credentials = read_credentials(settings, chosen)
        if credentials is None:
            ways = f"CALLBOARD_{TOKEN}, or github.app_id and CALLBOARD_{PRIVATE_KEY}"
            raise SettingsError(f"expected GitHub credentials ({ways}), got none")
        github, scope = github_of(board, credentials, chosen)
        desk = _Desk(board, github, scope, settings.section("hooks", HooksSettings))

        async def main() -> R:
            async with github.opened():
                return await work(desk)

        try:
            return anyio.run(main, backend="trio")
        except GitHubError as error:
            raise SettingsError(str(error)) from error


def _say_absent(error: SettingsError) -> None:
    """Without a database the webhooks can be seen and repaired all the same."""
    if not isinstance(error, NoDatabaseError):
        raise error
    complain(f"{error}: whether deliveries are missing is not known")
