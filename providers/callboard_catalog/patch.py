"""JSON Patch (RFC 6902) between two documents.

Owns the reading of a change: small edits become small patches, also inside lists.
"""

from collections.abc import Iterator, Mapping, Sequence

from callboard_catalog.documents import Document, JsonValue, is_list, items


def patch_between(before: JsonValue, after: JsonValue) -> list[Document]:
    """Operations that turn ``before`` into ``after``; none when they are equal."""
    return list(_changes("", before, after))


def _changes(path: str, before: JsonValue, after: JsonValue) -> Iterator[Document]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _members(path, before, after)
    elif is_list(before) and is_list(after):
        yield from _elements(path, items(before), items(after))
    elif not _same(before, after):
        yield {"op": "replace", "path": path, "value": after}


def _members(path: str, before: Document, after: Document) -> Iterator[Document]:
    for key in before:
        if key not in after:
            yield {"op": "remove", "path": f"{path}/{_escaped(key)}"}
    for key, value in after.items():
        inner = f"{path}/{_escaped(key)}"
        if key not in before:
            yield {"op": "add", "path": inner, "value": value}
        # Most members are texts that stayed.
        elif not (isinstance(value, str) and value == before[key]):
            yield from _changes(inner, before[key], value)


def _elements(
    path: str, before: Sequence[JsonValue], after: Sequence[JsonValue]
) -> Iterator[Document]:
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and _same(before[start], after[start]):
        start += 1
    end = 0
    while end < shorter - start and _same(before[-1 - end], after[-1 - end]):
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    common = min(len(old), len(new))
    for index in range(common):
        yield from _changes(f"{path}/{start + index}", old[index], new[index])
    # From the back, so that no removal moves what a later one names.
    for index in range(len(old) - 1, common - 1, -1):
        yield {"op": "remove", "path": f"{path}/{start + index}"}
    for index in range(common, len(new)):
        yield {"op": "add", "path": f"{path}/{start + index}", "value": new[index]}


def _same(before: JsonValue, after: JsonValue) -> bool:
    # Python holds True == 1; JSON does not.
    return before == after and isinstance(before, bool) == isinstance(after, bool)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
