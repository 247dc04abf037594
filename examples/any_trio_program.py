"""Watch a trio program in the inspector: three lines, marked below.

    python examples/any_trio_program.py

Then open the link that it prints. Nothing here is callboard's but those lines: no
webhooks, no providers, no database.
"""

import random

import trio

from callboard_inspector import watching  # 1


async def fetch(page: int, limit: trio.CapacityLimiter) -> None:
    """One page; some are slow."""
    async with limit:
        await trio.sleep(random.uniform(0.2, 2.0))  # noqa: S311 - no secret depends on it
        await trio.to_thread.run_sync(parse, page)


def parse(page: int) -> int:
    """Work for a thread."""
    return sum(number * page for number in range(100_000))


async def crawl(rounds: int) -> None:
    """Twenty pages at a time, four of them at once."""
    limit = trio.CapacityLimiter(4)
    for _ in range(rounds):
        async with trio.open_nursery() as nursery:
            for page in range(20):
                nursery.start_soon(fetch, page, limit, name=f"page {page}")


async def main(rounds: int = 10) -> None:
    """Crawl, and be watched."""
    async with watching("crawler"):  # 2
        await crawl(rounds)  # 3, indented


if __name__ == "__main__":
    trio.run(main)
