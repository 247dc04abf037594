"""The API's OpenAPI document.

Owns the whole: it is served at ``/openapi.json``, and a fuzzer made from it holds the
application to it.
"""

from collections.abc import Sequence
from functools import cache

from callboard_catalog.api.openapi.beyond import beyond_paths
from callboard_catalog.api.openapi.entities import entity_paths
from callboard_catalog.api.openapi.locations import location_paths
from callboard_catalog.api.openapi.terms import (
    PREDICATE,
    TEXT,
    TEXTS,
    exactly,
    listed,
    shape,
)
from callboard_catalog.documents import JsonValue


@cache
def document() -> JsonValue:
    """The whole document, OpenAPI 3.1."""
    error = shape(
        ["error", "request", "response"],
        error=shape(["name", "message"], name=TEXT, message=TEXT),
        request=shape(["method", "url"], method=TEXT, url=TEXT),
        response=shape(["statusCode"], statusCode={"type": "integer"}),
    )
    invalid: JsonValue = {
        "description": "What is wrong with the document.",
        "content": {
            "application/json": {
                "schema": shape(
                    ["errors"],
                    errors=listed(shape(["name", "message"], name=TEXT, message=TEXT)),
                )
            }
        },
    }
    failed: JsonValue = {
        "description": "The request was not answered.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "callboard catalog", "version": "1"},
        "servers": [{"url": "/api/catalog"}],
        "paths": {**entity_paths(), **location_paths(), **beyond_paths()},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Invalid": invalid,
                **{str(code): failed for code in (400, 401, 403, 404, 413)},
            },
            "schemas": {
                "Error": error,
                "Entity": _entity(()),
                "WholeEntity": _entity(("apiVersion", "kind", "metadata")),
                **_predicates(),
                "Location": shape(
                    ["id", "type", "target", "entityRef"],
                    id=TEXT,
                    type=TEXT,
                    target=TEXT,
                    entityRef=TEXT,
                ),
            },
        },
        "security": [{"token": []}, {}],
    }


def _entity(required: Sequence[str]) -> JsonValue:
    """An entity; with ``fields`` in the request, any part of it may be missing."""
    texts: JsonValue = {"type": "object", "additionalProperties": TEXT}
    return shape(
        required,
        apiVersion=TEXT,
        kind=TEXT,
        metadata=shape(
            ["name", "uid", "etag"] if required else [],
            name=TEXT,
            namespace=TEXT,
            uid=TEXT,
            etag=TEXT,
            title=TEXT,
            description=TEXT,
            labels=texts,
            annotations=texts,
            tags=TEXTS,
        ),
        spec={"type": "object"},
        relations=listed(
            shape(["type", "targetRef"], type=TEXT, targetRef=TEXT),
        ),
        status=shape([], items=listed({"type": "object"})),
    )


def _predicates() -> dict[str, JsonValue]:
    """Backstage's filter predicates."""
    scalar: JsonValue = {"type": ["string", "number", "boolean"]}
    tests: list[JsonValue] = [
        exactly(**{"$exists": {"type": "boolean"}}),
        exactly(**{"$in": listed(scalar)}),
        exactly(**{"$hasPrefix": TEXT}),
        exactly(**{"$contains": {"type": ["string", "number"]}}),
    ]
    target: JsonValue = {"anyOf": [TEXT, exactly(**{"$in": TEXTS})]}
    relation: JsonValue = {
        "anyOf": [exactly(type=TEXT), exactly(type=TEXT, targetRef=target)]
    }
    fields: JsonValue = {
        "type": "object",
        "propertyNames": {"pattern": "^[^$]"},
        "properties": {
            "relations": {"anyOf": [scalar, *tests, exactly(**{"$contains": relation})]}
        },
        "additionalProperties": {"anyOf": [scalar, *tests]},
    }
    several = listed(PREDICATE)
    return {
        "Predicate": {
            "description": "A condition on fields, or $all, $any or $not of others.",
            "anyOf": [
                fields,
                exactly(**{"$all": several}),
                exactly(**{"$any": several}),
                exactly(**{"$not": PREDICATE}),
            ],
        }
    }
