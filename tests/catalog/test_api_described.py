"""A fuzzer made from the OpenAPI document finds every answer as it is described.

What it asks, by the document or against it, is answered as the document says: with the
schema of a success, or with an error in Backstage's form; never with 500.
"""

from typing import Any, cast

import anyio
import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks
from starlette.applications import Starlette
from starlette.routing import Route

from callboard import Database
from callboard_catalog import Full
from callboard_catalog.api.guard import Guard
from callboard_catalog.api.openapi import document
from callboard_catalog.testing import Shelf, component, group

# The library's types are generic in what no caller can name.
RULES: Any = openapi_checks
CHECKS: list[Any] = [
    cast("Any", checks).not_a_server_error,
    RULES.status_code_conformance,
    RULES.content_type_conformance,
    RULES.response_headers_conformance,
    RULES.response_schema_conformance,
]
SCHEMA: Any = schemathesis.openapi.from_dict(cast("dict[str, Any]", document()))
OPERATIONS: dict[str, Any] = {
    made.ok().label: made.ok() for made in SCHEMA.get_all_operations()
}
METHODS = {"GET", "POST", "PUT", "DELETE"}
WEB = "https://github.example/acme/web/blob/main/catalog-info.yaml"
NAMED = {"kind": "component", "namespace": "default", "name": "a"}
VALID = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "x"},
    "spec": {"type": "service", "lifecycle": "production", "owner": "me"},
}
PLACE = {"type": "url", "target": WEB}
PREDICATE = {"$all": [{"kind": "component"}, {"$not": {"metadata.name": "b"}}]}
READS: dict[str, dict[str, Any]] = {
    "GET /entities": {"query": {"filter": ["kind=component"], "limit": 1}},
    "GET /entities/by-query": {"query": {"orderField": ["kind,desc"], "limit": 1}},
    "POST /entities/by-query": {"body": {"query": PREDICATE, "limit": 1}},
    "POST /entities/by-refs": {"body": {"entityRefs": ["component:a", "x:y/z"]}},
    "GET /entities/by-uid/{uid}": {"path_parameters": {"uid": "<uid>"}},
    "GET /entities/by-name/{kind}/{namespace}/{name}": {"path_parameters": NAMED},
    "GET /entities/by-name/{kind}/{namespace}/{name}/ancestry": {
        "path_parameters": NAMED
    },
    "GET /entity-facets": {"query": {"facet": ["kind", "spec.owner"]}},
    "POST /entity-facets": {"body": {"facets": ["kind"], "query": PREDICATE}},
    "GET /locations": {},
    "POST /locations": {"query": {"dryRun": "true"}, "body": PLACE},
    "POST /locations/by-query": {"body": {"limit": 1}},
    "GET /locations/{id}": {"path_parameters": {"id": "<location>"}},
    "GET /locations/by-entity/{kind}/{namespace}/{name}": {"path_parameters": NAMED},
    "POST /refresh": {"body": {"entityRef": "component:a"}},
    "POST /validate-entity": {"body": {"entity": VALID, "location": f"url:{WEB}"}},
    "POST /analyze-location": {"body": {"location": PLACE}},
    "GET /entities/by-name/{kind}/{namespace}/{name}/history": {
        "path_parameters": NAMED
    },
    "GET /entities/by-name/{kind}/{namespace}/{name}/why": {"path_parameters": NAMED},
    "GET /changes": {"query": {"after": "<position>"}},
    "GET /export.yaml": {},
}
WRITES: dict[str, dict[str, Any]] = {
    "DELETE /entities/by-uid/{uid}": {"path_parameters": {"uid": "<uid>"}},
    "PUT /locations/{id}": {"path_parameters": {"id": "<location>"}},
    "DELETE /locations/{id}": {"path_parameters": {"id": "<location>"}},
}


class Asked:
    """Answers of one catalog, each held against its description."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.known: dict[str, str] = {}

    def __call__(self, case: Any) -> httpx.Response:
        how: dict[str, Any] = case.as_transport_kwargs(base_url="http://localhost")
        if case.operation.path == "/changes":
            # That the feed waits for a change is tested elsewhere.
            asked: dict[str, Any] = how.get("params") or {}
            how["params"] = {**asked, "wait": "0"}
        content: Any = how.get("data")
        request = httpx.Request(
            how["method"],
            how["url"],
            params=how["params"] or None,
            headers=how.get("headers"),
            cookies=how.get("cookies"),
            json=how.get("json"),
            content=content,
        )
        answer = anyio.run(self._send, request, backend="trio")
        case.validate_response(answer, checks=CHECKS)
        return answer

    async def _send(self, request: httpx.Request) -> httpx.Response:
        async with self._shelf.client() as client:
            return await client.send(request)

    async def fill(self) -> None:
        """Give it entities, of which one was read from a location."""
        shelf = self._shelf
        annotations = {
            "backstage.io/managed-by-location": f"url:{WEB}",
            "backstage.io/managed-by-origin-location": f"url:{WEB}",
        }
        described = {"tags": ["x"], "title": "A", "annotations": annotations}
        await shelf.give(Full([component("a", described)]), f"url:{WEB}")
        self.known["<position>"] = (await shelf.get("/changes"))["position"]
        await shelf.give(Full([component("b"), group("team-a")]))
        await shelf.give(Full([component("b", owner="other")]), "late")
        found = await shelf.get("/entities/by-name/component/default/a")
        self.known["<uid>"] = found["metadata"]["uid"]
        [location] = await shelf.get("/locations")
        self.known["<location>"] = location["data"]["id"]


@pytest.fixture
def asked(database: Database) -> Asked:
    made = Asked(Shelf(database))
    anyio.run(made.fill, backend="trio")
    return made


def exactly(asked: Asked, label: str, how: dict[str, Any]) -> Any:
    """A case of an operation, with what only the catalog knows put in."""

    def put_in(part: Any) -> Any:
        if isinstance(part, dict):
            items = cast("dict[str, Any]", part).items()
            return {
                name: asked.known.get(value, value) if isinstance(value, str) else value
                for name, value in items
            }
        return part

    parts = {name: put_in(part) for name, part in how.items()}
    if "body" in parts:
        parts["media_type"] = "application/json"
    return OPERATIONS[label].Case(**parts)


def test_whatever_a_fuzzer_asks_is_answered_as_described(asked: Asked) -> None:
    for operation in OPERATIONS.values():
        every: st.SearchStrategy[Any] = st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )

        @settings(
            max_examples=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[
                HealthCheck.filter_too_much,
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                HealthCheck.nested_given,
            ],
        )
        @given(case=every)
        def ask(case: Any) -> None:
            asked(case)

        ask()


def test_every_success_is_as_described(asked: Asked) -> None:
    assert {*READS, *WRITES} == set(OPERATIONS)
    for label, how in READS.items():
        answer = asked(exactly(asked, label, how))
        assert answer.is_success, f"{label}: {answer.text}"


def test_every_write_is_refused_as_described(asked: Asked) -> None:
    for label, how in WRITES.items():
        assert asked(exactly(asked, label, how)).status_code == 403


def test_every_route_is_described_and_every_description_is_a_route(
    database: Database,
) -> None:
    guard = Shelf(database).app
    assert isinstance(guard, Guard)
    app = guard._app
    assert isinstance(app, Starlette)
    routes = {
        f"{method} {route.path}"
        for route in app.routes
        if isinstance(route, Route)
        for method in METHODS & (route.methods or set())
    }
    assert routes - {"GET /openapi.json"} == set(OPERATIONS)
