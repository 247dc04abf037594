"""What a run changed and remarked as lines of a terminal: a difference per effect."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec
from rich.text import Text

from callboard.plain import one_line
from callboard.plural import counted
from callboard_inspector.questions import EffectAnswer

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_VALUE = 200
_LINES = 40


def tally(effects: Iterable[EffectAnswer]) -> str:
    """How many of each operation: ``2 added, 1 changed``."""
    counts = Counter(effect.operation for effect in effects)
    return ", ".join(f"{count:,} {operation}" for operation, count in counts.items())


def change_lines(effects: list[EffectAnswer]) -> Iterator[Text]:
    """Each effect with what differs between before and after."""
    for effect in effects:
        sign, style = _SIGNS.get(effect.operation, ("*", "yellow"))
        line = Text(f"{sign} ", style).append(effect.subject, "bold")
        line.append(f"  {effect.operation} by {effect.provider}", "dim")
        yield line
        if effect.cut is not None:
            yield Text(f"    {effect.cut}", "dim")
            continue
        before, after = (msgspec.json.decode(d) for d in (effect.before, effect.after))
        if before is None and isinstance(after, dict) and "message" in after:
            message = str(cast("dict[str, Any]", after)["message"])
            yield Text(f"    {one_line(message)}")
        if before is None or after is None:
            continue  # all of it came, or went: `--json` has it
        shown = list(differences(before, after))
        for mark, path, value in shown[:_LINES]:
            text = msgspec.json.encode(value).decode()
            if len(text) > _VALUE:
                text = f"{text[:_VALUE]}… ({len(text):,} characters)"
            colour = "green" if mark == "+" else "red"
            yield Text(f"    {mark} ", colour).append(f"{path}: ", "dim").append(text)
        if len(shown) > _LINES:
            yield Text(
                f"    … {counted(len(shown) - _LINES, 'more difference')}", "dim"
            )


def differences(
    before: Any, after: Any, path: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """``-`` or ``+``, a dotted path, and the value, for all that is not the same."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in sorted(old.keys() | new.keys()):
            below = f"{path}.{key}" if path else key
            if key not in new:
                yield "-", below, old[key]
            elif key not in old:
                yield "+", below, new[key]
            else:
                yield from differences(old[key], new[key], below)
        return
    yield "-", path, before
    yield "+", path, after
