"""The API's OpenAPI document.

Owns the description of every route: what it takes, what it answers. It is served at
``/openapi.json`` and held against the application by tests.
"""

from collections.abc import Sequence
from functools import cache

from callboard_catalog.documents import JsonValue

_TEXT: JsonValue = {"type": "string"}
_TEXTS: JsonValue = {"type": "array", "items": _TEXT}
_ENTITY: JsonValue = {"$ref": "#/components/schemas/Entity"}
_LOCATION: JsonValue = {"$ref": "#/components/schemas/Location"}
_PREDICATE: JsonValue = {"type": "object", "description": "A filter predicate."}
_NAME = "/entities/by-name/{kind}/{namespace}/{name}"


def _object(required: Sequence[str], **properties: JsonValue) -> JsonValue:
    return {
        "type": "object",
        "required": list(required),
        "properties": dict(properties),
    }


def _list(items: JsonValue) -> JsonValue:
    return {"type": "array", "items": items}


def _query(name: str, schema: JsonValue, description: str) -> JsonValue:
    return {
        "name": name,
        "in": "query",
        "schema": schema,
        "description": description,
    }


def _number(name: str, least: int, description: str) -> JsonValue:
    schema: JsonValue = {"type": "integer", "minimum": least, "maximum": 2**31 - 1}
    return _query(name, schema, description)


def _path(*names: str) -> list[JsonValue]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in names
    ]


_FILTER = _query("filter", _TEXTS, "key=value or key, comma-separated; repeats are or.")
_FIELDS = _query("fields", _TEXT, "Comma-separated dotted paths to keep.")
_REF = _path("kind", "namespace", "name")
_PAGE = _object(
    ["items", "totalItems", "pageInfo"],
    items=_list(_ENTITY),
    totalItems={"type": "integer"},
    pageInfo=_object([], nextCursor=_TEXT, prevCursor=_TEXT),
)
_FACETS = _object(
    ["facets"],
    facets={
        "type": "object",
        "additionalProperties": _list(
            _object(["value", "count"], value=_TEXT, count={"type": "integer"})
        ),
    },
)


def _operation(
    name: str,
    summary: str,
    answer: JsonValue,
    *,
    parameters: Sequence[JsonValue] = (),
    body: JsonValue = None,
    status: int = 200,
    others: tuple[int, ...] = (),
    media: str = "application/json",
) -> JsonValue:
    success: dict[str, JsonValue] = {"description": summary}
    if answer is not None:
        success["content"] = {media: {"schema": answer}}
    responses: dict[str, JsonValue] = {str(status): success}
    for code in (400, 401, *others):
        responses[str(code)] = {"$ref": f"#/components/responses/{code}"}
    operation: dict[str, JsonValue] = {
        "operationId": name,
        "summary": summary,
        "responses": responses,
    }
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        content: JsonValue = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
        responses["413"] = {"$ref": "#/components/responses/413"}
    return operation


def _entities() -> dict[str, JsonValue]:
    return {
        "/entities": {
            "get": _operation(
                "GetEntities",
                "All entities that match.",
                _list(_ENTITY),
                parameters=[
                    _FILTER,
                    _FIELDS,
                    _number("limit", 1, "How many at most."),
                    _number("offset", 0, "How many to leave out first."),
                    _query("after", _TEXT, "From the link to the next page."),
                    _query("order", _TEXTS, "asc:field or desc:field."),
                ],
            )
        },
        "/entities/by-query": {
            "get": _operation(
                "GetEntitiesByQuery",
                "A page of entities.",
                _PAGE,
                parameters=[
                    _FILTER,
                    _FIELDS,
                    _number("limit", 0, "How many at most."),
                    _number("offset", 0, "How many to leave out first."),
                    _query("orderField", _TEXTS, "field,asc or field,desc."),
                    _query("cursor", _TEXT, "From another page."),
                    _query("fullTextFilterTerm", _TEXT, "A text to find."),
                    _query("fullTextFilterFields", _TEXT, "Where, comma-separated."),
                    _query("totalItems", _TEXT, "include or exclude."),
                ],
            ),
            "post": _operation(
                "QueryEntitiesByPredicate",
                "A page of entities.",
                _PAGE,
                body=_object(
                    [],
                    cursor=_TEXT,
                    query=_PREDICATE,
                    limit={"type": "integer", "minimum": 0},
                    offset={"type": "integer", "minimum": 0},
                    orderBy=_list(
                        _object(["field", "order"], field=_TEXT, order=_TEXT)
                    ),
                    fullTextFilter=_object([], term=_TEXT, fields=_TEXTS),
                    fields=_TEXTS,
                    totalItems=_TEXT,
                ),
            ),
        },
        "/entities/by-refs": {
            "post": _operation(
                "GetEntitiesByRefs",
                "Entities by ref, null where there is none.",
                _object(["items"], items=_list({"anyOf": [_ENTITY, {"type": "null"}]})),
                parameters=[_FILTER, _FIELDS],
                body=_object(
                    ["entityRefs"],
                    entityRefs=_TEXTS,
                    fields=_TEXTS,
                    query=_PREDICATE,
                ),
            )
        },
        "/entities/by-uid/{uid}": {
            "get": _operation(
                "GetEntityByUid",
                "The entity with a uid.",
                _ENTITY,
                parameters=_path("uid"),
                others=(404,),
            ),
            "delete": _operation(
                "DeleteEntityByUid",
                "Refused.",
                None,
                parameters=_path("uid"),
                status=204,
                others=(403, 404),
            ),
        },
        _NAME: {
            "get": _operation(
                "GetEntityByName",
                "The entity with a name.",
                _ENTITY,
                parameters=_REF,
                others=(404,),
            )
        },
        f"{_NAME}/ancestry": {
            "get": _operation(
                "GetEntityAncestryByName",
                "The entity and what it came by.",
                _object(
                    ["rootEntityRef", "items"],
                    rootEntityRef=_TEXT,
                    items=_list(
                        _object(
                            ["entity", "parentEntityRefs"],
                            entity=_ENTITY,
                            parentEntityRefs=_TEXTS,
                        )
                    ),
                ),
                parameters=_REF,
                others=(404,),
            )
        },
        "/entity-facets": {
            "get": _operation(
                "GetEntityFacets",
                "Values of keys, with counts.",
                _FACETS,
                parameters=[_FILTER, _query("facet", _TEXTS, "A key.")],
            ),
            "post": _operation(
                "QueryEntityFacetsByPredicate",
                "Values of keys, with counts.",
                _FACETS,
                body=_object(["facets"], facets=_TEXTS, query=_PREDICATE),
            ),
        },
    }


def _locations() -> dict[str, JsonValue]:
    place = _object(["type", "target"], type=_TEXT, target=_TEXT)
    by_id = _path("id")
    return {
        "/locations": {
            "get": _operation(
                "GetLocations",
                "Every location.",
                _list(_object(["data"], data=_LOCATION)),
            ),
            "post": _operation(
                "CreateLocation",
                "What a location would give; refused unless a dry run.",
                _object(
                    ["location", "entities"],
                    location=_LOCATION,
                    entities=_list(_ENTITY),
                    exists={"type": "boolean"},
                ),
                parameters=[
                    _query("dryRun", _TEXT, "true"),
                    _query("onConflict", _TEXT, ""),
                ],
                body=place,
                status=201,
                others=(403,),
            ),
        },
        "/locations/by-query": {
            "post": _operation(
                "GetLocationsByQuery",
                "A page of locations.",
                _object(
                    ["items", "totalItems", "pageInfo"],
                    items=_list(_LOCATION),
                    totalItems={"type": "integer"},
                    pageInfo=_object([], nextCursor=_TEXT),
                ),
                body=_object(
                    [],
                    cursor=_TEXT,
                    limit={"type": "integer", "minimum": 1},
                    query=_PREDICATE,
                ),
            )
        },
        "/locations/{id}": {
            "get": _operation(
                "GetLocation",
                "One location.",
                _LOCATION,
                parameters=by_id,
                others=(404,),
            ),
            "put": _operation(
                "UpdateLocation", "Refused.", None, parameters=by_id, others=(403, 404)
            ),
            "delete": _operation(
                "DeleteLocation",
                "Refused.",
                None,
                parameters=by_id,
                status=204,
                others=(403, 404),
            ),
        },
        "/locations/by-entity/{kind}/{namespace}/{name}": {
            "get": _operation(
                "GetLocationByEntity",
                "Where an entity was read from.",
                _LOCATION,
                parameters=_REF,
                others=(404,),
            )
        },
        "/refresh": {
            "post": _operation(
                "RefreshEntity",
                "Have an entity's providers read again.",
                None,
                body=_object(["entityRef"], entityRef=_TEXT),
                others=(404,),
            )
        },
        "/validate-entity": {
            "post": _operation(
                "ValidateEntity",
                "Whether a document is an entity.",
                None,
                body=_object(
                    ["entity", "location"], entity={"type": "object"}, location=_TEXT
                ),
            )
        },
        "/analyze-location": {
            "post": _operation(
                "AnalyzeLocation",
                "Which entities a repository has.",
                _object(
                    ["existingEntityFiles", "generateEntities"],
                    existingEntityFiles=_list({"type": "object"}),
                    generateEntities=_list({"type": "object"}),
                ),
                body=_object(["location"], location=place, catalogFilename=_TEXT),
            )
        },
    }


def _beyond() -> dict[str, JsonValue]:
    return {
        f"{_NAME}/history": {
            "get": _operation(
                "GetEntityHistory",
                "Changes of an entity, newest first.",
                _object(["items"], items=_list({"type": "object"})),
                parameters=[
                    *_REF,
                    _number("limit", 1, "How many at most."),
                    _number("before", 1, "Only changes with a smaller number."),
                ],
                others=(404,),
            )
        },
        f"{_NAME}/why": {
            "get": _operation(
                "GetEntityReasons",
                "Why an entity is so, or is not there.",
                _object(["ref", "there", "told"], ref=_TEXT, told=_TEXTS),
                parameters=_REF,
                others=(404,),
            )
        },
        "/changes": {
            "get": _operation(
                "GetChanges",
                "What changed after a position.",
                _object(
                    ["position", "reset", "upserted", "removed"],
                    position=_TEXT,
                    reset={"type": "boolean"},
                    upserted=_list(_ENTITY),
                    removed=_TEXTS,
                ),
                parameters=[
                    _query("after", _TEXT, "The position of the last answer."),
                    _number("limit", 1, "How many changes at most."),
                    _number("wait", 0, "Seconds to wait for a change, at most 55."),
                ],
            )
        },
        "/export.yaml": {
            "get": _operation(
                "GetExport",
                "Entities as YAML documents.",
                _TEXT,
                parameters=[_FILTER],
                media="application/yaml",
            )
        },
    }


@cache
def document() -> JsonValue:
    """The whole document, OpenAPI 3.1."""
    error = _object(
        ["error", "request", "response"],
        error=_object(["name", "message"], name=_TEXT, message=_TEXT),
        request=_object(["method", "url"], method=_TEXT, url=_TEXT),
        response=_object(["statusCode"], statusCode={"type": "integer"}),
    )
    problem: JsonValue = {
        "description": "What is wrong with the request.",
        "content": {"application/json": {"schema": {"type": "object"}}},
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
        "paths": {**_entities(), **_locations(), **_beyond()},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                # validate-entity answers 400 with a list of its own.
                "400": problem,
                **{str(code): failed for code in (401, 403, 404, 413)},
            },
            "schemas": {
                "Error": error,
                "Entity": {"type": "object"},
                "Location": _object(
                    ["id", "type", "target", "entityRef"],
                    id=_TEXT,
                    type=_TEXT,
                    target=_TEXT,
                    entityRef=_TEXT,
                ),
            },
        },
        "security": [{"token": []}, {}],
    }
