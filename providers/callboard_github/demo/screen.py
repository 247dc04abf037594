"""What the demo says in the terminal.

Owns the introduction, one line that shows that it lives, and the last word.
"""

from collections import Counter
from pathlib import Path

import anyio
from rich.text import Text

from callboard import Callboard, DeliveryState
from callboard.cli.console import PlainConsole, own_command
from callboard.cli.runs import MARKS
from callboard.plural import counted
from callboard_catalog import catalog_of
from callboard_github.demo.world import SECRET, World, described

_ASIDE = 13
_COUNTED = (
    DeliveryState.RUNNING,
    DeliveryState.QUEUED,
    DeliveryState.PARKED,
    DeliveryState.FAILED,
    DeliveryState.COMPLETED,
)
"""What went well last: a narrow terminal cuts the end of the line."""


class Screen:
    """The terminal of one demo."""

    def __init__(self, board: Callboard, world: World, kept: Path | None) -> None:
        self._board = board
        self._world = world
        self._kept = kept
        self._console = PlainConsole(highlight=False, soft_wrap=True)

    def introduce(self) -> None:
        """Say what runs where, and what to try."""
        front = self._board.front_url
        world = self._world
        kept = f"kept in {self._kept}" if self._kept else "removed at the end"
        names = ", ".join(provider.name for provider in self._board.providers)
        out = self._console
        out.print("\n[bold]callboard demo[/]  everything on this machine\n")
        for subject, what, more in (
            (
                "inspector",
                self._board.launch_link() or "",
                "every run, live: open this",
            ),
            (
                "",
                "who opens this link first may also cancel, replay, park and pause",
                "",
            ),
            ("catalog", f"{front}/api/catalog/entities", "what the runs made of it"),
            ("webhooks", f"{front}/webhooks/github", f"secret: {SECRET}"),
            ("GitHub", f"{world.github.url}/acme", "simulated"),
            ("", described(world.acme), ""),
            ("", described(world.globex), ""),
            ("providers", names, "the last one misbehaves on purpose"),
            ("database", "SQLite", kept),
        ):
            line = Text(f"  {subject:<{_ASIDE}}", "bold")
            out.print(line.append(what, "not bold").append(f"  {more}", "not bold dim"))
        out.print("\n[bold]Send something yourself[/], from another terminal:\n")
        variable = f"CALLBOARD_GITHUB_WEBHOOK_SECRET={SECRET}"
        send = f"{own_command()} send team.created --url {front}"
        _code(out, f"{variable} {send}")
        out.print("\nor without callboard:\n")
        for line in _curl(f"{front}/webhooks/github"):
            _code(out, line)
        if self._kept is not None:
            out.print("\nand ask what is kept, also when this has ended:\n")
            kept_at = self._board.database.engine.url.render_as_string()
            _code(out, f"CALLBOARD_DATABASE_URL={kept_at} {own_command()} runs")
        out.print("\n[dim]Ctrl-C ends it.[/]\n")

    async def watch(self) -> None:
        """Count deliveries in one line of a terminal, until cancelled."""
        if not self._console.is_terminal:
            return
        with self._console.status("") as status:
            while True:
                status.update(await self._summary())
                await anyio.sleep(1.0)

    def conclude(self) -> None:
        """Say that it ended, and what is left."""
        if self._kept is None:
            self._console.print("ended, and nothing is left behind")
        else:
            again = f"{own_command()} demo --keep {self._kept} continues"
            self._console.print(f"ended; {again}")

    async def _summary(self) -> Text:
        counts = Counter(view.state for view in self._board.trace.deliveries.values())
        line = Text()
        for state in _COUNTED:
            mark, style = MARKS[state]
            if counts[state]:
                line.append(f"{mark} {counts[state]} {state.value}  ", style)
        version = await catalog_of(self._board).version()
        line.append(counted(version, "change") + " of the catalog", "dim")
        return line


def _curl(url: str) -> list[str]:
    return [
        """body='{"zen":"Keep it logically awesome.","hook_id":1}'""",
        f"""sum=$(printf %s "$body" | openssl dgst -sha256 -hmac {SECRET} -r)""",
        f"curl {url} -d \"$body\" -H 'Content-Type: application/json' \\",
        "  -H 'X-GitHub-Event: ping' -H \"X-GitHub-Delivery: by-hand-$(date +%s)\" \\",
        '  -H "X-Hub-Signature-256: sha256=${sum%% *}"',
    ]


def _code(out: PlainConsole, line: str) -> None:
    out.print(Text(f"  {line}", "cyan"))
