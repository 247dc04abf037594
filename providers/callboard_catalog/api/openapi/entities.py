"""The description of routes to entities."""

from callboard_catalog.api.openapi.terms import (
    ENTITY,
    FIELDS,
    FILTER,
    NAME,
    PREDICATE,
    REF,
    TEXT,
    TEXTS,
    WHOLE,
    in_path,
    in_query,
    listed,
    number,
    operation,
    shape,
)
from callboard_catalog.documents import JsonValue

_PAGE = shape(
    ["items", "totalItems", "pageInfo"],
    items=listed(ENTITY),
    totalItems={"type": "integer"},
    pageInfo=shape([], nextCursor=TEXT, prevCursor=TEXT),
)
_FACETS = shape(
    ["facets"],
    facets={
        "type": "object",
        "additionalProperties": listed(
            shape(["value", "count"], value=TEXT, count={"type": "integer"})
        ),
    },
)


def entity_paths() -> dict[str, JsonValue]:
    """Operations by path."""
    return {
        "/entities": {
            "get": operation(
                "GetEntities",
                "All entities that match.",
                listed(ENTITY),
                parameters=[
                    FILTER,
                    FIELDS,
                    number("limit", 1, "How many at most."),
                    number("offset", 0, "How many to leave out first."),
                    in_query("after", TEXT, "From the link to the next page."),
                    in_query(
                        "order",
                        listed({"type": "string", "pattern": "^(asc|desc):."}),
                        "asc:field or desc:field.",
                    ),
                ],
            )
        },
        "/entities/by-query": {
            "get": operation(
                "GetEntitiesByQuery",
                "A page of entities.",
                _PAGE,
                parameters=[
                    FILTER,
                    FIELDS,
                    number("limit", 0, "How many at most."),
                    number("offset", 0, "How many to leave out first."),
                    in_query(
                        "orderField",
                        listed({"type": "string", "pattern": "^[a-z.]+(,asc|,desc)?$"}),
                        "field,asc or field,desc.",
                    ),
                    in_query("cursor", TEXT, "From another page."),
                    in_query("fullTextFilterTerm", TEXT, "A text to find."),
                    in_query("fullTextFilterFields", TEXT, "Where, comma-separated."),
                    in_query(
                        "totalItems",
                        {"enum": ["include", "exclude"]},
                        "Whether to count.",
                    ),
                ],
            ),
            "post": operation(
                "QueryEntitiesByPredicate",
                "A page of entities.",
                _PAGE,
                body=shape(
                    [],
                    cursor=TEXT,
                    query=PREDICATE,
                    limit={"type": "integer", "minimum": 0},
                    offset={"type": "integer", "minimum": 0},
                    orderBy=listed(
                        shape(
                            ["field", "order"],
                            field=TEXT,
                            order={"enum": ["asc", "desc"]},
                        )
                    ),
                    fullTextFilter=shape([], term=TEXT, fields=TEXTS),
                    fields=TEXTS,
                    totalItems={"enum": ["include", "exclude"]},
                ),
            ),
        },
        "/entities/by-refs": {
            "post": operation(
                "GetEntitiesByRefs",
                "Entities by ref, null where there is none.",
                shape(["items"], items=listed({"anyOf": [ENTITY, {"type": "null"}]})),
                parameters=[FILTER, FIELDS],
                body=shape(
                    ["entityRefs"],
                    entityRefs=TEXTS,
                    fields=TEXTS,
                    query=PREDICATE,
                ),
            )
        },
        "/entities/by-uid/{uid}": {
            "get": operation(
                "GetEntityByUid",
                "The entity with a uid.",
                WHOLE,
                parameters=in_path("uid"),
                others=(404,),
            ),
            "delete": operation(
                "DeleteEntityByUid",
                "Refused.",
                None,
                parameters=in_path("uid"),
                status=204,
                others=(403, 404),
            ),
        },
        NAME: {
            "get": operation(
                "GetEntityByName",
                "The entity with a name.",
                WHOLE,
                parameters=REF,
                others=(404,),
            )
        },
        f"{NAME}/ancestry": {
            "get": operation(
                "GetEntityAncestryByName",
                "The entity and what it came by.",
                shape(
                    ["rootEntityRef", "items"],
                    rootEntityRef=TEXT,
                    items=listed(
                        shape(
                            ["entity", "parentEntityRefs"],
                            entity=WHOLE,
                            parentEntityRefs=TEXTS,
                        )
                    ),
                ),
                parameters=REF,
                others=(404,),
            )
        },
        "/entity-facets": {
            "get": operation(
                "GetEntityFacets",
                "Values of keys, with counts.",
                _FACETS,
                parameters=[FILTER, in_query("facet", TEXTS, "A key.")],
            ),
            "post": operation(
                "QueryEntityFacetsByPredicate",
                "Values of keys, with counts.",
                _FACETS,
                body=shape(["facets"], facets=TEXTS, query=PREDICATE),
            ),
        },
    }
