"""What a wrong setting should have been.

Owns the words for a section that does not fit its Struct: the key, what was expected
there and what came.
"""

import re
from typing import Any, cast

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
    for field, index in re.findall(r"\.(\w+)|\[([\d.]+)\]", where):
        expected = _inner(expected, field)
        value = _found(value, field, index)
    key = f"{name}{where}"
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


def _found(value: Any, field: str, index: str) -> Any:
    """Below ``value``; None where msgspec does not say which (``[...]``)."""
    if field:
        return cast("dict[str, Any]", value).get(field)
    return value[int(index)] if index.isdecimal() else None


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
