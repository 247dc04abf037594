"""Whatever is asked, the answer is an answer or 400 in Backstage's form."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
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
GET_PATHS = (
    "/entities",
    "/entities/by-query",
    "/entity-facets",
    "/changes",
    "/export.yaml",
)
PARAMETERS = [
    "filter",
    "fields",
    "limit",
    "offset",
    "after",
    "order",
    "orderField",
    "cursor",
    "facet",
    "totalItems",
    "fullTextFilterTerm",
    "fullTextFilterFields",
    "wait",
]

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
bodies = st.fixed_dictionaries(
    {},
    optional={
        "query": documents,
        "cursor": documents,
        "limit": scalars,
        "offset": scalars,
        "orderBy": documents | st.just([{"field": "kind", "order": "asc"}]),
        "fullTextFilter": documents,
        "fields": documents,
        "totalItems": scalars,
        "entityRefs": documents | st.lists(st.text(max_size=5)),
        "facets": documents | st.lists(keys, max_size=3),
        "entityRef": scalars,
        "entity": documents,
        "location": documents | st.just("url:x"),
        "type": scalars,
        "target": scalars,
    },
)
filters = st.lists(
    st.tuples(keys, st.sampled_from(["", "="]), st.text(max_size=5)).map("".join),
    max_size=3,
).map(",".join)
values = filters | st.text(max_size=12) | st.integers().map(str)
parameters = st.lists(st.tuples(st.sampled_from(PARAMETERS), values), max_size=5)


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


@fuzzed
@given(st.sampled_from(GET_PATHS), parameters)
@example("/entities", [("filter", "a\0=b")])
@example("/entities", [("filter", "kind=\ud800")])
@example("/entities", [("limit", "9" * 30)])
@example("/entities", [("limit", "²")])
@example("/entities", [("filter", ",".join(f"k{i}=v" for i in range(2000)))])
@example("/entities/by-query", [("limit", "0")])
@example("/changes", [("after", "a.99999999999999999999999")])
def test_any_parameters_are_answered(
    asked: Asked, path: str, listed: list[tuple[str, str]]
) -> None:
    query = "&".join(
        f"{name}={quote(value.encode('utf-8', 'surrogatepass'), safe='')}"
        for name, value in listed
        if name != "wait"
    )
    asked("GET", f"{path}?{query}")


@fuzzed
@given(st.sampled_from(POST_PATHS), bodies)
@example("/entities/by-query", {"query": {"a\0": "b"}})
@example("/entities/by-query", {"query": {"kind": {"$in": ["a"] * 6000}}})
@example("/entities/by-query", {"limit": 10**30})
def test_any_body_is_answered(asked: Asked, path: str, body: dict[str, Any]) -> None:
    text = json.dumps(body)
    asked("POST", path, content=text, headers={"content-type": "application/json"})


@pytest.mark.parametrize("path", POST_PATHS)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"query":' * 50_000,
        b'{"query":"\\ud800","entityRefs":["\\ud800"],"entityRef":"\\ud800"}',
        b'{"query":{"a":"\\u0000"},"entityRefs":["\\u0000"],"entityRef":"a:b/\\u0000"}',
        b'{"query":' + b'{"$not":' * 5000 + b"{}" + b"}" * 5001,
        b"null",
        b"[]",
    ],
)
def test_broken_bodies_are_refused_or_answered(
    asked: Asked, path: str, content: bytes
) -> None:
    answer = asked(
        "POST", path, content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400


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


def test_paths_hold_anything(asked: Asked) -> None:
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


def test_every_route_is_described_and_every_description_is_a_route(
    asked: Asked,
) -> None:
    described = asked("GET", "/openapi.json").json()["paths"]
    for path, operations in described.items():
        plain = path.replace("{", "").replace("}", "")
        for method in operations:
            answer = asked(method.upper(), plain)
            assert answer.status_code != 405, path
            if answer.status_code == 404:
                assert answer.json()["error"]["message"] != "Not Found", path


def test_no_lock_file_names_a_host() -> None:
    folder = Path(__file__).parent
    assert not [
        p for p in folder.rglob("package-lock.json") if "node_modules" not in p.parts
    ]
