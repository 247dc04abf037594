"""One run without a database, and trees as plain data."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import anyio
import msgspec

from callboard import clock
from callboard.delivery import Delivery
from callboard.event import EventName, Untyped
from callboard.ids import new_id
from callboard.provider import Provider
from callboard.routes import Routes
from callboard.standing import Standing
from callboard.supervisor import supervise
from callboard.trace import Trace
from callboard.tracing import installed, watch
from callboard.tree import Tree, TreeRecord


async def perform(
    *providers: Provider,
    event: object = None,
    delivery: Delivery | None = None,
    opened: Callable[[Tree], object] = lambda _: None,
) -> Tree:
    """One run of every handler that wants ``delivery``, on the loop that calls.

    Nothing is recorded but the tree that is returned, and handed to ``opened`` before
    the run begins. No thread takes part.
    """
    delivery = delivery or sample()
    (tree,) = await perform_all(*providers, some=[(delivery, event)], opened=opened)
    return tree


async def perform_all(
    *providers: Provider,
    some: Sequence[tuple[Delivery, object]],
    opened: Callable[[Tree], object] = lambda _: None,
) -> list[Tree]:
    """The same for several deliveries, each with its event or None, at once."""
    routes = Routes(providers)
    standings = {provider.name: Standing(provider) for provider in providers}
    trees: list[Tree] = []
    with installed():
        async with anyio.create_task_group() as group:
            for delivery, given in some:
                name = delivery.name
                tree = Trace().open_tree(new_id(), delivery.id, str(name))
                trees.append(tree)
                opened(tree)
                payload = delivery.body
                event = given or Untyped(name, msgspec.json.decode(payload), "a sample")
                handlers = routes.wanting(name)
                run = supervise(tree, delivery, event, handlers, standings)
                group.start_soon(watch, run, tree.root)
    return trees


def sample(event: str = "thing", payload: Mapping[str, Any] | None = None) -> Delivery:
    """A delivery from ``plain`` that no source received."""
    document = dict(payload or {})
    return Delivery(
        id=new_id(),
        source="plain",
        hook="",
        guid=str(uuid4()),
        event=event,
        action=document.get("action"),
        organization=document.get("organization"),
        repository=document.get("repository"),
        received_at=clock.now(),
        headers={},
        body=msgspec.json.encode(document),
    )


THING = EventName("plain", "thing", None)
"""What ``sample`` and ``deliver(board, "thing")`` send."""


def outline(tree: TreeRecord | Tree) -> dict[str, Any]:
    """A tree as nested plain data: ``name``, ``state`` and ``children``.

    Also the ``cause`` and the ``failure`` (its type and message) where there is one.
    """
    record = tree.record() if isinstance(tree, Tree) else tree
    nodes: dict[int | None, dict[str, Any]] = {}
    for task in record.tasks:
        node: dict[str, Any] = {"name": task.name, "state": task.state.value}
        if task.cause is not None:
            node["cause"] = task.cause
        if task.failure is not None:
            node["failure"] = f"{task.failure.type}: {task.failure.message}"
        node["children"] = []
        nodes[task.n] = node
        if task.parent is not None:
            nodes[task.parent]["children"].append(node)
    return nodes[0]


def find(tree: TreeRecord | Tree, name: str) -> dict[str, Any]:
    """The first task with this name, as in ``outline``.

    Raises:
        LookupError: There is none; names those that there are.
    """
    waiting = [outline(tree)]
    seen: list[str] = []
    while waiting:
        node = waiting.pop(0)
        if node["name"] == name:
            return node
        seen.append(node["name"])
        waiting += node["children"]
    raise LookupError(f"expected a task {name!r}, got {seen}")
