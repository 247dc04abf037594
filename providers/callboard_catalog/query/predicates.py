"""Filters, in the two languages that Backstage's clients speak.

Owns the reading of both, the ``filter`` parameters and the predicate objects, into one
small tree, and the limits that keep a request from costing more than its size. Keys and
values are lower case in the tree, for that is how they are compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from callboard_catalog.documents import JsonValue, shown

_DEEPEST = 24
_MOST_PARTS = 500
_MOST_VALUES = 5000
_LONGEST = 4096
MOST_FIELDS = 200


class InvalidQuery(ValueError):  # noqa: N818 - a ValueError that callers tell apart
    """A request that can not be understood; the message is for whoever made it."""


class All(Struct, frozen=True, tag="all"):
    """Every part holds; true without parts."""

    parts: tuple["Predicate", ...]


class Either(Struct, frozen=True, tag="any"):
    """Some part holds; false without parts."""

    parts: tuple["Predicate", ...]


class Not(Struct, frozen=True, tag="not"):
    """The part does not hold."""

    part: "Predicate"


class Has(Struct, frozen=True, tag="has"):
    """The entity has the key, with one of ``values`` unless that is None."""

    key: str
    values: tuple[str, ...] | None = None


class HasPrefix(Struct, frozen=True, tag="prefix"):
    """The entity has the key with a value that begins so."""

    key: str
    prefix: str


Predicate: TypeAlias = All | Either | Not | Has | HasPrefix


def parse_filters(filters: Sequence[str]) -> Predicate | None:
    """Read ``filter`` parameters: an entity matches when it matches any of them.

    Each holds comma-separated ``key=value`` or ``key``, all of which must hold; values
    of a repeated key are alternatives. None when they ask for nothing.

    Raises:
        InvalidQuery: A key is missing, or there is too much.
    """
    budget = _Budget()
    outer: list[Predicate] = []
    for text in filters:
        by_key: dict[str, list[str] | None] = {}
        for statement in filter(None, map(str.strip, text.split(","))):
            key, equals, value = (part.strip() for part in statement.partition("="))
            if not key:
                message = f"Invalid filter, '{statement}' is not a valid statement"
                raise InvalidQuery(f"{message} (expected a=b or a= or a)")
            values = by_key.setdefault(key, None)
            if equals:
                by_key[key] = [*(values or ()), value]
        inner = [
            Has(budget.text(key), None if values is None else budget.texts(values))
            for key, values in by_key.items()
        ]
        if inner:
            outer.append(inner[0] if len(inner) == 1 else All(tuple(inner)))
    if not outer:
        return None
    return outer[0] if len(outer) == 1 else Either(tuple(outer))


def parse_predicate(value: JsonValue) -> Predicate:
    """Read a predicate object, such as ``{"kind": "Group"}`` or ``{"$not": …}``.

    Raises:
        InvalidQuery: It is no predicate, or there is too much of it.
    """
    return _Budget().predicate(value, 0)


def check_limits(predicate: Predicate) -> None:
    """Hold a predicate that was not parsed here to the same limits.

    Raises:
        InvalidQuery: It is beyond them.
    """
    budget = _Budget()
    pending: list[tuple[Predicate, int]] = [(predicate, 0)]
    while pending:
        part, depth = pending.pop()
        if depth > _DEEPEST:
            raise InvalidQuery(f"Invalid query: deeper than {_DEEPEST} levels")
        match part:
            case All(parts) | Either(parts):
                budget.text("")
                pending += [(inner, depth + 1) for inner in parts]
            case Not(inner):
                pending.append((inner, depth + 1))
            case Has(key, values):
                budget.text(key)
                budget.texts(values or ())
            case HasPrefix(key, prefix):
                budget.text(key)
                budget.text(prefix)


class _Budget:
    """Counts what a filter holds."""

    def __init__(self) -> None:
        self._parts = 0
        self._values = 0

    def predicate(self, value: JsonValue, depth: int) -> Predicate:
        if depth > _DEEPEST:
            raise InvalidQuery(f"Invalid query: deeper than {_DEEPEST} levels")
        if not isinstance(value, Mapping):
            raise InvalidQuery(f"Invalid query: expected an object, got {shown(value)}")
        operators = [key for key in value if key.startswith("$")]
        if operators and (
            len(value) > 1 or operators[0] not in {"$all", "$any", "$not"}
        ):
            keys = shown(list(value))
            message = "expected fields, or one of $all, $any and $not alone"
            raise InvalidQuery(f"Invalid query: {message}, got {keys}")
        if "$not" in value:
            return Not(self.predicate(value["$not"], depth + 1))
        if operators:
            parts = value[operators[0]]
            if not isinstance(parts, Sequence) or isinstance(parts, str):
                message = f"expected a list under {operators[0]}, got {shown(parts)}"
                raise InvalidQuery(f"Invalid query: {message}")
            made = tuple(self.predicate(part, depth + 1) for part in parts)
            return All(made) if "$all" in value else Either(made)
        fields = tuple(self._field(self.text(key), test) for key, test in value.items())
        return fields[0] if len(fields) == 1 else All(fields)

    def _field(self, key: str, test: JsonValue) -> Predicate:
        if isinstance(test, str | int | float):
            return Has(key, self.texts([_text(test)]))
        if isinstance(test, Mapping) and len(test) == 1:
            operator, operand = next(iter(test.items()))
            match operator, operand:
                case "$exists", bool():
                    return Has(key) if operand else Not(Has(key))
                case "$in", list() if all(_is_scalar(item) for item in operand):
                    return Has(key, self.texts([_text(item) for item in operand]))
                case "$hasPrefix", str():
                    return HasPrefix(key, self.text(operand))
                case "$contains", str() | int() | float():
                    return Has(key, self.texts([_text(operand)]))
                case "$contains", Mapping() if key == "relations":
                    return self._relation(operand)
                case _:
                    pass
        message = "expected a text, a number, a boolean, $exists, $in, $hasPrefix or $contains"
        raise InvalidQuery(
            f"Invalid query value for field {shown(key)}: {message}, got {shown(test)}"
        )

    def _relation(self, target: Mapping[str, JsonValue]) -> Predicate:
        fields = {key.lower(): value for key, value in target.items()}
        type_ = fields.pop("type", None)
        wanted = fields.pop("targetref", None)
        message = 'Invalid $contains for "relations": expected "type" and "targetRef"'
        if not isinstance(type_, str) or not type_ or fields:
            raise InvalidQuery(f"{message}, got {shown(target)}")
        key = self.text(f"relations.{type_}")
        if wanted is None:
            return Has(key)
        if isinstance(wanted, Mapping) and list(wanted) == ["$in"]:
            wanted = wanted["$in"] or 0
        listed = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(listed, list) or not all(isinstance(t, str) for t in listed):
            raise InvalidQuery(
                f"{message} as a text or $in of texts, got {shown(target)}"
            )
        return Has(key, self.texts([str(text) for text in listed]))

    def text(self, text: str) -> str:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise InvalidQuery(f"Invalid query: more than {_MOST_PARTS} conditions")
        return checked_text(text).lower()

    def texts(self, texts: Sequence[str]) -> tuple[str, ...]:
        self._values += len(texts)
        if self._values > _MOST_VALUES:
            raise InvalidQuery(f"Invalid query: more than {_MOST_VALUES} values")
        return tuple(dict.fromkeys(checked_text(text).lower() for text in texts))


def checked_text(text: str) -> str:
    """The text, when a database can compare it.

    Raises:
        InvalidQuery: It holds a NUL or half a surrogate pair, or is very long.
    """
    if "\0" in text or len(text) > _LONGEST:
        raise InvalidQuery(f"Invalid query: {shown(text)} is not a text to look for")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidQuery("Invalid query: a text is not valid Unicode") from None
    return text


def checked_fields(listed: Iterable[str]) -> tuple[str, ...]:
    """Dotted paths, trimmed, each once.

    Raises:
        InvalidQuery: One names an element of an array, or there are too many.
    """
    trimmed = (checked_text(field.strip()) for field in listed)
    fields = tuple(dict.fromkeys(field for field in trimmed if field))
    for field in fields:
        if "[" in field:
            message = f'Invalid field "{field}", array type fields are not supported'
            raise InvalidQuery(message)
    if len(fields) > MOST_FIELDS:
        raise InvalidQuery(f"Invalid fields, more than {MOST_FIELDS}")
    return fields


def _is_scalar(value: JsonValue) -> bool:
    return isinstance(value, str | int | float)


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
