"""JSON as JavaScript writes it.

Owns what happens to a document that a JavaScript program reads and writes anew, as smee
does: numbers lose digits and points, escapes are others, keys that are numbers come
first.
"""

import json
import math
import re
from decimal import Decimal
from typing import Any, cast

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_INDICES = 2**32 - 1
_LARGE, _SMALL = 1e21, 1e-6
"""From where, and up to where, a number is written with an exponent."""


class _Number(str):
    """A number, as it is written."""

    __slots__ = ()


def written_anew(document: bytes) -> bytes:
    """``JSON.stringify(JSON.parse(document))``.

    Raises:
        ValueError: It is no JSON.
    """
    value = json.loads(
        document,
        parse_int=_number,
        parse_float=_number,
        parse_constant=_refuse,
        object_pairs_hook=_ordered,
    )
    return _text(value).encode()


def _number(text: str) -> _Number:
    value = float(text)
    if not math.isfinite(value):
        return _Number("null")
    if not value:
        return _Number("0")
    if _SMALL <= abs(value) < _LARGE:
        # The fewest digits that tell it from its neighbours, as Python has them too.
        digits = format(Decimal(repr(value)), "f")
        return _Number(digits.removesuffix(".0"))
    return _Number(re.sub(r"e([+-])0+", r"e\1", repr(value)))


def _ordered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    indices = [key for key in known if _INDEX.fullmatch(key) and int(key) < _INDICES]
    indices.sort(key=int)
    return {key: known[key] for key in (*indices, *known)}


def _refuse(name: str) -> Any:
    raise ValueError(f"expected JSON, got {name}")


def _text(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return f"[{','.join(map(_text, items))}]"
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return f"{{{','.join(f'{_text(k)}:{_text(v)}' for k, v in members)}}}"
    text = json.dumps(value, ensure_ascii=False)
    return _SURROGATE.sub(lambda lone: f"\\u{ord(lone[0]):04x}", text)
