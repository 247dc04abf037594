"""What no schema says: forged cursors, broken bytes and strange paths are answered too."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from callboard import Database
from callboard_catalog import Full
from callboard_catalog.testing import Shelf, component, group

POST_PATHS = (
    "/entities/by-query",
    "/entities/by-refs",
    "/entity-facets",
    "/locations/by-query",
    "/locations",
    "/refresh",
    "/validate-entity",
    "/analyze-location",
)
keys = st.sampled_from(
    [
        "kind",
        "metadata.name",
        "relations.ownedBy",
        "relations",
        "metadata.uid",
        "$not",
        "$all",
        "",
    ]
) | st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
operators = st.sampled_from(
    [
        "$all",
        "$any",
        "$not",
        "$exists",
        "$in",
        "$hasPrefix",
        "$contains",
        "type",
        "targetRef",
    ]
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys | operators, inner, max_size=3)
    ),
    max_leaves=12,
)


BROKEN = [
    b"",
    b"\xff",
    b"[" * 100_000,
    b'{"query":' * 50_000,
    b'{"query":"\\ud800","entityRefs":["\\ud800"],"entityRef":"\\ud800"}',
    b'{"query":{"a":"\\u0000"},"entityRefs":["\\u0000"],"entityRef":"a:b/\\u0000"}',
    b'{"query":' + b'{"$not":' * 5000 + b"{}" + b"}" * 5001,
    b"null",
    b"[]",
]


class Asked:
    """Answers of one catalog, each checked."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __call__(self, method: str, path: str, **how: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with self._shelf.client() as client:
                return await client.request(method, path, **how)

        answer = anyio.run(ask, backend="trio")
        assert answer.status_code in {200, 201, 304, 400, 403, 404, 413}, answer.text
        if answer.status_code >= 400 and path != "/validate-entity":
            error = answer.json()
            assert set(error) == {"error", "request", "response"}
            assert error["response"]["statusCode"] == answer.status_code
        return answer


@pytest.fixture
def asked(database: Database) -> Asked:
    shelf = Shelf(database)
    given_ = Full([component("a", {"tags": ["x"]}), component("b"), group("team-a")])

    async def fill() -> None:
        await shelf.give(given_)

    anyio.run(fill, backend="trio")
    return Asked(shelf)


fuzzed = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/entities", "filter", b"a\0=b"),
        ("/entities", "limit", b"9" * 30),
        ("/entities", "limit", "²".encode()),
        ("/entities", "filter", b",".join(b"k%d=v" % i for i in range(2000))),
        ("/changes", "after", b"a.99999999999999999999999"),
        ("/changes", "after", "a.²".encode()),
    ],
)
def test_parameters_that_nothing_can_look_for_are_refused(
    asked: Asked, path: str, name: str, value: bytes
) -> None:
    answer = asked("GET", f"{path}?{name}={quote(value, safe='')}")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"a\0": "b"}},
        {"query": {"kind": {"$in": ["a"] * 6000}}},
        {"limit": 10**30},
    ],
)
def test_bodies_that_nothing_can_look_for_are_refused(
    asked: Asked, body: dict[str, Any]
) -> None:
    json_body = {"content-type": "application/json"}
    answer = asked(
        "POST", "/entities/by-query", content=json.dumps(body), headers=json_body
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("path", POST_PATHS)
def test_broken_bodies_are_refused(asked: Asked, path: str) -> None:
    for content in BROKEN:
        answer = asked(
            "POST", path, content=content, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400, content[:60]


@pytest.mark.anyio
async def test_body_without_end_is_left_unread_after_4_mib(shelf: Shelf) -> None:
    received = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b" " * 1024 * 1024, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/refresh",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    with anyio.fail_after(5):
        await shelf.app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert received == 5


@fuzzed
@given(st.binary(max_size=60), documents)
def test_forged_cursors_are_answered(asked: Asked, raw: bytes, document: Any) -> None:
    place = {"asked": {"predicate": document}, "entity": 1, "first": [None, 0]}
    cursors = [raw, json.dumps(document).encode(), json.dumps(place).encode()]
    for cursor in cursors:
        text = base64.b64encode(cursor).decode()
        for path in ("/entities/by-query?cursor=", "/entities?after="):
            asked("GET", path + quote(text, safe=""))
        for path in ("/entities/by-query", "/locations/by-query"):
            asked("POST", path, json={"cursor": text})


@fuzzed
@given(st.dictionaries(st.sampled_from(["value", "entity", "first", "total"]), scalars))
def test_cursors_with_other_numbers_are_answered(
    asked: Asked, changes: dict[str, Any]
) -> None:
    page = asked("GET", "/entities/by-query?limit=1&orderField=metadata.name").json()
    cursor = msgspec.json.decode(base64.b64decode(page["pageInfo"]["nextCursor"]))
    forged = json.dumps({**cursor, **changes}).encode()
    text = quote(base64.b64encode(forged).decode(), safe="")
    asked("GET", f"/entities/by-query?cursor={text}")


@pytest.mark.parametrize("fields", [[], ["metadata.name"] * 201])
def test_cursors_that_look_in_no_field_or_in_very_many_are_refused(
    asked: Asked, fields: list[str]
) -> None:
    text = {"term": "a", "fields": fields}
    cursor = {"asked": {"text": text}, "entity": 1, "first": [None, 0]}
    forged = base64.b64encode(json.dumps(cursor).encode()).decode()
    answer = asked("GET", f"/entities/by-query?cursor={quote(forged, safe='')}")
    assert answer.status_code == 400


def test_number_that_is_too_large_is_told_the_bounds(asked: Asked) -> None:
    for number in ("9" * 20, "9" * 4000):
        told = asked("GET", f"/entities?limit={number}").json()["error"]["message"]
        assert told == "Invalid limit, expected a whole number from 1 to 2147483647"


def test_addresses_hold_anything(asked: Asked) -> None:
    asked("GET", "/entities?filter=kind=%ED%A0%80")
    for part in ("%00", "%ff", "a%2Fb", "..", "%F0%9F%92%A9", "a" * 5000, "%2e", "a:b"):
        for path in (
            f"/entities/by-name/{part}/{part}/{part}",
            f"/entities/by-name/{part}/default/x/history",
            f"/entities/by-name/x/{part}/y/why",
            f"/entities/by-uid/{part}",
            f"/locations/{part}",
            f"/locations/by-entity/a/{part}/c",
        ):
            asked("GET", path)


def test_no_lock_file_names_a_host() -> None:
    folder = Path(__file__).parent
    assert not [
        p for p in folder.rglob("package-lock.json") if "node_modules" not in p.parts
    ]
