"""What ``callboard dev`` says in the terminal.

Owns how to point GitHub at a channel, and one line for every delivery and for every
change of the connection.
"""

import time
from urllib.parse import urlsplit

from rich.text import Text

from callboard import Callboard
from callboard.cli.console import PlainConsole
from callboard.clock import duration
from callboard.relay.handing_over import Handover
from callboard.relay.listening import Connected, Standing
from callboard_github.hooks import MissedDeliveries
from callboard_github.hooks.needs import events_of
from callboard_github.settings import GitHubSettings, api_url

_ASIDE = 14
_NAMED = 3
"""So many organizations' pages are named."""


class Screen:
    """The terminal of one ``callboard dev``."""

    def __init__(self, board: Callboard, channel: str, *, new: bool) -> None:
        self._board = board
        self._channel = channel
        self._new = new
        self._console = PlainConsole(highlight=False, soft_wrap=True)

    def introduce(self) -> None:
        """Say what runs where, and how to point GitHub at the channel."""
        board, out = self._board, self._console
        names = ", ".join(provider.name for provider in board.providers)
        out.print("\n[bold]callboard dev[/]  GitHub's webhooks on this machine\n")
        self._rows(
            ("inspector", board.launch_link() or "", "every run, live: open this"),
            ("catalog", f"{board.front_url}/api/catalog/entities", ""),
            ("relay", self._channel, "new: keep it as below" if self._new else ""),
            ("providers", names or "none", "" if names else "no GitHub credentials"),
            ("settings", board.settings.origin, ""),
        )
        out.print("\n[bold]Point GitHub at the relay[/], once:\n")
        for line in self._ways():
            out.print(Text(f"  {line}"))
        out.print()
        secret = "the value of CALLBOARD_GITHUB_WEBHOOK_SECRET"  # noqa: S105 - where it is
        events = ", ".join(sorted(events_of(board.providers)))
        self._rows(
            ("Payload URL", self._channel, ""),
            ("Content type", "application/json", "a relay passes on no form"),
            ("Secret", "none" if board.settings.insecure else secret, ""),
            ("Events", events or "Send me everything", ""),
        )
        if self._new:
            out.print("\n[bold]Keep the channel[/] in callboard.toml:\n")
            for line in ("[relay]", f'channel = "{self._channel}"'):
                out.print(Text(f"  {line}", "cyan"))
        out.print("\n[dim]Ctrl-C ends it.[/]\n")

    def standing(self, standing: Standing) -> None:
        """Say that the relay is connected, or no longer."""
        if not isinstance(standing, Connected):
            line = f"no connection: {standing.reason}"
            self._say("○", "yellow", line, f"again in {duration(standing.wait)}")
            return
        self._say("●", "green", "connected to the relay")
        if standing.gap is not None:
            missed = (
                f"What was sent in the last {duration(standing.gap)} did not arrive"
            )
            self._below(f"{missed}: {self._again()}.")

    def handed_over(self, handover: Handover) -> None:
        """Say what became of a delivery."""
        named = (handover.event, handover.about)
        what = "  ".join(name for name in named if name)
        if handover.taken:
            more = handover.link or handover.reason
            self._say("✓", "green", what, more)
            return
        what = what or handover.guid or "a message of the relay"
        if handover.wait is None:
            self._say("✗", "bold red", f"{what}: {handover.reason}")
        else:
            again = f"again in {duration(handover.wait)}"
            self._say("◌", "yellow", f"{what}: {handover.reason}", again)
        if handover.cause:
            self._below(f"{handover.cause[0].upper()}{handover.cause[1:]}.")

    def _again(self) -> str:
        """How what was missed is had after all."""
        if any(isinstance(p, MissedDeliveries) for p in self._board.providers):
            return f"{MissedDeliveries.name} asks for it again at its next look"
        return "ask for it again on the webhook's page, under Recent Deliveries"

    def _ways(self) -> list[str]:
        """Where GitHub is told of a webhook."""
        settings = self._board.settings
        github = settings.section("github", GitHubSettings)
        parts = urlsplit(api_url(settings, github))
        web = f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
        if github.app_id is not None:
            return [f"{web}/settings/apps, your app, Webhook URL"]
        if github.organizations:
            return [
                f"{web}/organizations/{login}/settings/hooks/new"
                for login in github.organizations[:_NAMED]
            ]
        return ["Settings, Webhooks, Add webhook: of a repository or an organization"]

    def _rows(self, *rows: tuple[str, str, str]) -> None:
        for subject, what, more in rows:
            line = Text(f"  {subject:<{_ASIDE}}", "bold")
            line.append(what, "not bold").append(f"  {more}", "not bold dim")
            line.rstrip()
            self._console.print(line)

    def _say(self, mark: str, style: str, what: str, more: str = "") -> None:
        line = Text(time.strftime("%H:%M:%S  "), "dim")
        line.append(f"{mark} ", f"not dim {style}").append(what, "not dim")
        if more:
            line.append(f"  {more}", "dim")
        self._console.print(line)

    def _below(self, words: str) -> None:
        self._console.print(Text(f"            {words}", "dim"))
