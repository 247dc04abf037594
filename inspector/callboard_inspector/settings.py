"""``[inspector]`` in ``callboard.toml``."""

from typing import Annotated

from msgspec import Meta, Struct


class InspectorSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How people watch."""

    url: str | None = None
    """Where people reach it from elsewhere, such as ``https://callboard.example.com``:
    links lead there, and its name is answered to."""
    hosts: tuple[str, ...] = ()
    """Further Host headers to answer to, such as ``callboard.example.com``."""
    actions: bool = False
    """Whether people may cancel, replay, park and pause from here."""
    people: tuple[str, ...] = ()
    """Who else gets a link of their own at the start: what they do is recorded under
    their name. Who started the server has one anyway."""
    watchers: Annotated[int, Meta(ge=1)] = 100
    """How many may watch at once."""
    effects: str = "Entities"
    """What a task's changes are called on the page."""

    @property
    def words(self) -> dict[str, str]:
        """What the page calls things."""
        return {"effects": self.effects}
