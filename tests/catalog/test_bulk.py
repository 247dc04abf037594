"""Many rows are written as few are, on both databases."""

import pytest

from callboard_catalog import Delta, Entity, Full
from callboard_catalog.query.pages import facet
from callboard_catalog.testing import Shelf, component

pytestmark = pytest.mark.anyio

_MANY = 120


def components(owner: str, numbers: range) -> list[Entity]:
    return [component(f"c-{number}", owner=owner) for number in numbers]


async def owners(shelf: Shelf) -> list[tuple[str, int]]:
    return await shelf.catalog.database.read(lambda c: facet(c, "spec.owner", None))


@pytest.mark.parametrize("size", [1, _MANY])
async def test_a_change_leaves_nothing_to_find_of_what_was(
    shelf: Shelf, size: int
) -> None:
    await shelf.give(Full(components("before", range(_MANY))))
    changed = await shelf.give(Delta(components("after", range(size))))
    assert changed.changed == size
    rest = [("before", _MANY - size)] if size < _MANY else []
    assert await owners(shelf) == [("after", size), *rest]
    shown = await shelf.catalog.entity("component:default/c-0")
    assert shown is not None
    assert shown.document()["spec"] == component("c-0", owner="after").spec
    assert (await shelf.give(Full(components("after", range(size))))).removed == (
        _MANY - size
    )
    assert await owners(shelf) == [("after", size)]
