"""Calls that change something on GitHub, calls of an app itself, and lists by cursor."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio.testing

from callboard_github.checks import Unwatched
from callboard_github.client import GitHub
from callboard_github.errors import (
    NotAllowedError,
    TooMuchError,
    UnreachableError,
)
from callboard_github.simulator import Organization, Simulator
from callboard_github.testing import reach

pytestmark = pytest.mark.anyio
HOOK = {"config": {"url": "http://receiver.invalid"}, "events": ["push"]}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """A clock of its own: the wait before another try takes no time."""
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=7)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return github.create_organization("acme")


@pytest.fixture
async def client(github: Simulator) -> AsyncGenerator[GitHub]:
    made, _ = reach(github)
    async with made.opened():
        yield made


async def test_change_that_may_be_made_once_is_not_made_again(
    github: Simulator, acme: Organization, client: GitHub
) -> None:
    github.faults.fail(1, status=502)
    with pytest.raises(TooMuchError):
        await client.change(Unwatched(), "POST", "/orgs/acme/hooks", HOOK, again=False)
    assert acme.hooks == []
    await client.change(Unwatched(), "POST", "/orgs/acme/hooks", HOOK, again=False)
    assert [hook.url for hook in acme.hooks] == ["http://receiver.invalid"]


async def test_change_that_may_be_made_twice_is_tried_again(
    github: Simulator, acme: Organization, client: GitHub
) -> None:
    hook = acme.create_hook("http://receiver.invalid")
    github.faults.fail(2, status=503)
    path = f"/orgs/acme/hooks/{hook.id}"
    await client.change(Unwatched(), "PATCH", path, {"active": False}, again=True)
    assert not hook.active
    github.faults.fail(3, status=503)
    with pytest.raises(UnreachableError):
        await client.change(Unwatched(), "PATCH", path, {"active": True}, again=True)


async def test_list_by_cursor_is_read_until_there_is_enough(
    github: Simulator, acme: Organization, client: GitHub
) -> None:
    hook = acme.create_hook("http://127.0.0.1:9")
    for number in range(249):
        acme.create_team(f"Team {number}")
    for delivery in github.outbox.take():
        delivery.answered(502, "failed to connect to host", 2e9, 0.0)
    path = f"/orgs/acme/hooks/{hook.id}/deliveries"
    sizes: list[int] = []

    def second(page: list[dict[str, Any]]) -> bool:
        sizes.append(len(page))
        return len(sizes) == 2

    every = await client.cursor_pages(Unwatched(), path, dict[str, Any])
    assert [d["id"] for d in every] == [d.id for d in reversed(hook.deliveries)]
    some = await client.cursor_pages(Unwatched(), path, dict[str, Any], enough=second)
    assert (len(some), sizes) == (200, [100, 100])


async def test_token_can_not_call_as_an_app(client: GitHub) -> None:
    with pytest.raises(NotAllowedError, match="expected the credentials of an app"):
        await client.get(Unwatched(), "/app", dict[str, Any], as_app=True)


async def test_app_calls_as_itself(github: Simulator) -> None:
    app = github.create_app("board", url="http://receiver.invalid")
    client, _ = reach(github, app=app)
    async with client.opened():
        shown = await client.get(Unwatched(), "/app", dict[str, Any], as_app=True)
    assert shown["slug"] == "board"
