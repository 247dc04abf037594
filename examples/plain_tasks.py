"""Tasks show up by themselves: this provider never mentions callboard's tree.

    python examples/plain_tasks.py

It uses plain anyio; a helper uses plain trio; one step blocks in a thread. All of it is
in the tree that is printed: names, states, and who was halted because of whom.
"""

import time
from typing import Any

import anyio
import anyio.to_thread
import trio

from callboard import EventName, Provider, Retry, Run, Untyped, on
from callboard.testing import outline, perform


class Checks(Provider):
    """Looks at something in three ways at once; one of them fails."""

    name = "checks"
    retry = Retry(attempts=1)

    @on(EventName("plain", "thing", None))
    async def look(self, event: Untyped, run: Run) -> None:
        """A handler as anybody would write it."""
        del event, run
        async with anyio.create_task_group() as group:
            group.start_soon(self._licences, name="licences")
            group.start_soon(anyio.to_thread.run_sync, self._history, name="history")
            group.start_soon(self._signatures, name="signatures")

    async def _licences(self) -> None:
        async with trio.open_nursery() as nursery:
            for name in ("a", "b"):
                nursery.start_soon(trio.sleep, 0.01, name=f"read {name}")

    def _history(self) -> None:
        time.sleep(0.02)

    async def _signatures(self) -> None:
        await anyio.sleep(0.05)
        raise ValueError("the third one is not signed")


def draw(node: dict[str, Any], depth: int = 0) -> None:
    """Print a tree, a line for each task."""
    why = node.get("failure") or node.get("cause") or ""
    print(f"{'  ' * depth}{node['name']}: {node['state']} {why}".rstrip())
    for child in node["children"]:
        draw(child, depth + 1)


async def main() -> None:
    """Run the provider once and print its tree."""
    draw(outline(await perform(Checks())))


if __name__ == "__main__":
    trio.run(main)
