"""The API as others meet it: over real HTTP, with a token, and with an ETag."""

from collections.abc import AsyncIterator

import httpx
import pytest
import trio

from callboard import Database, serving
from callboard_catalog import Delta, Full
from callboard_catalog.api.application import make_application
from callboard_catalog.testing import Shelf, component

pytestmark = pytest.mark.anyio
RIGHT = {"authorization": "Bearer right"}


@pytest.fixture
async def shelf(database: Database) -> Shelf:
    """A catalog with an entity."""
    made = Shelf(database)
    await made.give(Full([component("a")]))
    return made


@pytest.fixture
async def served(shelf: Shelf) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that asks for a token."""
    app = make_application(shelf.catalog, tokens=("right", "other"))
    listener = serving.listen("127.0.0.1", 0)
    address = serving.address(listener)
    closing = trio.Event()
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            await nursery.start(serving.serve_app, app, listener, closing)
            async with httpx.AsyncClient(base_url=address) as client:
                yield client
            closing.set()


async def test_without_a_right_token_nothing_is_answered(
    served: httpx.AsyncClient,
) -> None:
    asked = [("GET", "/entities"), ("POST", "/refresh"), ("GET", "/export.yaml")]
    wrong = ["", "Bearer", "Bearer wrong", "Bearer righ", "Basic right", "right"]
    for method, path in asked:
        for headers in ({}, *({"authorization": sent} for sent in wrong)):
            answer = await served.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json() == {
                "error": {
                    "name": "AuthenticationError",
                    "message": "Missing or illegal token",
                },
                "request": {"method": method, "url": path},
                "response": {"statusCode": 401},
            }


async def test_a_right_token_is_answered(served: httpx.AsyncClient) -> None:
    for token in ("Bearer right", "bearer right", "Bearer other"):
        answer = await served.get("/entities", headers={"authorization": token})
        assert [one["metadata"]["name"] for one in answer.json()] == ["a"]


async def test_what_is_known_is_not_sent_again_until_it_changes(
    served: httpx.AsyncClient, shelf: Shelf
) -> None:
    for path in ("/entities", "/entities/by-query", "/export.yaml"):
        first = await served.get(path, headers=RIGHT)
        known = {**RIGHT, "if-none-match": first.headers["etag"]}
        again = await served.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        without_token = {"if-none-match": first.headers["etag"]}
        assert (await served.get(path, headers=without_token)).status_code == 401
        await shelf.give(Delta([component(f"b{shelf.clock:g}")]))
        changed = await served.get(path, headers=known)
        assert changed.status_code == 200
        assert changed.headers["etag"] != first.headers["etag"]
