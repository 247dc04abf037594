"""Pages of a GraphQL connection.

A cursor holds the sort key of the item it stands behind, so a page begins at the
right place although items before it came or went meanwhile.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from callboard_github.simulator.graphql.refusal import Refusal

T = TypeVar("T")
Key = int | str
_PREFIX = b"cursor:v2:"


@dataclass(frozen=True)
class PageInfo:
    """Where a page begins and ends."""

    startCursor: str | None  # noqa: N815 - the schema's name
    endCursor: str | None  # noqa: N815 - the schema's name
    hasNextPage: bool  # noqa: N815 - the schema's name
    hasPreviousPage: bool  # noqa: N815 - the schema's name


@dataclass(frozen=True)
class Connection:
    """One page; its attributes are the fields of the schema."""

    nodes: list[object]
    edges: list[dict[str, object]]
    pageInfo: PageInfo  # noqa: N815 - the schema's name
    totalCount: int  # noqa: N815 - the schema's name
    totalDiskUsage: int = field(default=0)  # noqa: N815 - the schema's name


def connect(
    name: str,
    items: Iterable[T],
    arguments: Mapping[str, object],
    key: Callable[[T], Key],
    *,
    descending: bool = False,
    edge: Callable[[T], dict[str, object]] | None = None,
    shorten: bool = False,
) -> Connection:
    """Return the page of some items that a field's arguments ask for.

    Args:
        name: The field, for messages.
        items: All of them, in any order.
        arguments: With ``first`` or ``last``, ``after``, ``before``.
        key: What they are sorted by; no two may share it.
        descending: Largest first.
        edge: What an edge has beside cursor and node.
        shorten: Give only half of what was asked for.

    Raises:
        Refusal: Neither ``first`` nor ``last``, both, or not within 1 and 100.
    """
    first, last = _count(name, "first", arguments), _count(name, "last", arguments)
    if first is None and last is None:
        message = (
            f"You must provide a `first` or `last` value to properly paginate "
            f"the `{name}` connection."
        )
        raise Refusal("MISSING_PAGINATION_BOUNDARIES", message)
    ordered = sorted(items, key=key, reverse=descending)
    keys = [key(item) for item in ordered]
    start, stop = 0, len(ordered)
    if isinstance(after := arguments.get("after"), str):
        behind = _decode(after)
        start = sum(_not_after(found, behind, descending) for found in keys)
    if isinstance(before := arguments.get("before"), str):
        ahead = _decode(before)
        stop = sum(_before(found, ahead, descending) for found in keys)
    stop = max(start, stop)
    if first is not None:
        size = (first + 1) // 2 if shorten else first
        stop = min(stop, start + size)
    elif last is not None:
        start = max(start, stop - last)
    shown = ordered[start:stop]
    cursors = [_encode(found) for found in keys[start:stop]]
    return Connection(
        nodes=list(shown),
        edges=[
            {"cursor": cursor, "node": item, **(edge(item) if edge else {})}
            for cursor, item in zip(cursors, shown, strict=True)
        ],
        pageInfo=PageInfo(
            startCursor=cursors[0] if cursors else None,
            endCursor=cursors[-1] if cursors else None,
            hasNextPage=stop < len(ordered),
            hasPreviousPage=start > 0,
        ),
        totalCount=len(ordered),
    )


def _count(name: str, argument: str, arguments: Mapping[str, object]) -> int | None:
    value = arguments.get(argument)
    if not isinstance(value, int):
        return None
    if value > 100:
        message = (
            f"Requesting {value} records on the `{name}` connection exceeds the "
            f"`{argument}` limit of 100 records."
        )
        raise Refusal("EXCESSIVE_PAGINATION", message)
    if value < 0:
        message = f"`{argument}` on the `{name}` connection cannot be less than zero."
        raise Refusal("INVALID_PAGINATION", message)
    return value


def _not_after(found: Key, cursor: Key, descending: bool) -> bool:
    return not _before(cursor, found, descending)


def _before(found: Key, cursor: Key, descending: bool) -> bool:
    low, high = (cursor, found) if descending else (found, cursor)
    if isinstance(low, int) and isinstance(high, int):
        return low < high
    return str(low) < str(high)


def _encode(key: Key) -> str:
    return b64encode(_PREFIX + msgspec.msgpack.encode([key])).decode()


def _decode(cursor: str) -> Key:
    try:
        packed = b64decode(cursor, validate=True).removeprefix(_PREFIX)
        return msgspec.msgpack.decode(packed, type=tuple[Key])[0]
    except (ValueError, msgspec.DecodeError):
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise Refusal("INVALID_CURSOR_ARGUMENTS", message) from None
