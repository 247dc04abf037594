"""What a wrong setting should have been.

Owns the words for a section that does not fit its Struct: the key, what was expected
there and what came.
"""

import copy
import re
from typing import Any

import msgspec
from msgspec import inspect

_WORDS = {
    "object": "a table",
    "array": "a list",
    "str": "text",
    "bool": "true or false",
}
_LONGEST = 60


def unmet(error: msgspec.ValidationError, name: str, kind: type, value: Any) -> str:
    """``key: expected …, got …`` for what ``error`` says of ``[name]``.

    Args:
        error: As converting ``value`` to ``kind`` raised it.
        name: The section's name.
        kind: The section's Struct.
        value: What came.
    """
    problem, _, where = str(error).partition(" - at `$")
    where = where.rstrip("`")
    expected: inspect.Type = inspect.type_info(kind)
    key, section = name, value
    trail: list[str | int] = []
    for field, index in re.findall(r"\.(\w+)|\[([\d.]+)\]", where):
        expected = _inner(expected, field)
        step = field or (_step(index, section, kind, trail, str(error)))
        key += f"[{step}]" if isinstance(step, int) else f".{step}"
        trail.append(step)
        value = _below(section, trail)
    if (unknown := re.search(r"unknown field `(.*)`", problem)) is not None:
        return f"{key}: expected {_choices(expected)}, got {unknown[1]!r}"
    if isinstance(expected, inspect.LiteralType):
        return f"{key}: expected {_choices(expected)}, got {_shown(value)}"
    match = re.match(r"Expected `([^`]*)`(.*?)(?:, got `.*`)?$", problem)
    if match is None:
        return f"{key}: {problem}, got {_shown(value)}"
    wanted = " or ".join(_WORDS.get(word, word) for word in match[1].split(" | "))
    return f"{key}: expected {wanted}{match[2]}, got {_shown(value)}"


def _inner(expected: inspect.Type, field: str) -> inspect.Type:
    if isinstance(expected, inspect.StructType):
        return next(f.type for f in expected.fields if f.encode_name == field)
    if isinstance(expected, inspect.CollectionType):
        return expected.item_type
    if isinstance(expected, inspect.DictType):
        return expected.value_type
    return expected


def _step(
    index: str, section: Any, kind: type, trail: list[str | int], said: str
) -> str | int:
    """The index in a list; in a table the key, which msgspec does not say (``[...]``)."""
    if index.isdecimal():
        return int(index)
    keys = list(_below(section, trail))
    for key in keys:
        alone = copy.deepcopy(section)
        table = _below(alone, trail)
        for other in keys:
            if other != key:
                del table[other]
        try:
            msgspec.convert(alone, kind)
        except msgspec.ValidationError as error:
            if str(error) == said:
                return key
    return index


def _below(value: Any, trail: list[str | int]) -> Any:
    """None where msgspec does not say which."""
    for step in trail:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def _choices(expected: inspect.Type) -> str:
    if isinstance(expected, inspect.StructType):
        names = [field.encode_name for field in expected.fields]
    elif isinstance(expected, inspect.LiteralType):
        names = [repr(value) for value in expected.values]
    else:
        return "a known key"
    return f"one of {', '.join(names)}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if value is None:
        return "something else"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
