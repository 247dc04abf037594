"""The description of routes to locations and documents."""

from callboard_catalog.api.openapi.terms import (
    LOCATION,
    PREDICATE,
    REF,
    TEXT,
    WHOLE,
    in_path,
    in_query,
    listed,
    operation,
    shape,
)
from callboard_catalog.documents import JsonValue


def location_paths() -> dict[str, JsonValue]:
    """Operations by path."""
    place = shape(["type", "target"], type=TEXT, target=TEXT)
    by_id = in_path("id")
    return {
        "/locations": {
            "get": operation(
                "GetLocations",
                "Every location.",
                listed(shape(["data"], data=LOCATION)),
            ),
            "post": operation(
                "CreateLocation",
                "What a location would give; refused unless a dry run.",
                shape(
                    ["location", "entities"],
                    location=LOCATION,
                    entities=listed(WHOLE),
                    exists={"type": "boolean"},
                ),
                parameters=[
                    in_query("dryRun", TEXT, "true"),
                    in_query("onConflict", TEXT, ""),
                ],
                body=place,
                status=201,
                others=(403,),
            ),
        },
        "/locations/by-query": {
            "post": operation(
                "GetLocationsByQuery",
                "A page of locations.",
                shape(
                    ["items", "totalItems", "pageInfo"],
                    items=listed(LOCATION),
                    totalItems={"type": "integer"},
                    pageInfo=shape([], nextCursor=TEXT),
                ),
                body=shape(
                    [],
                    cursor=TEXT,
                    limit={"type": "integer", "minimum": 1},
                    query=PREDICATE,
                ),
            )
        },
        "/locations/{id}": {
            "get": operation(
                "GetLocation",
                "One location.",
                LOCATION,
                parameters=by_id,
                others=(404,),
            ),
            "put": operation(
                "UpdateLocation", "Refused.", None, parameters=by_id, others=(403, 404)
            ),
            "delete": operation(
                "DeleteLocation",
                "Refused.",
                None,
                parameters=by_id,
                status=204,
                others=(403, 404),
            ),
        },
        "/locations/by-entity/{kind}/{namespace}/{name}": {
            "get": operation(
                "GetLocationByEntity",
                "Where an entity was read from.",
                LOCATION,
                parameters=REF,
                others=(404,),
            )
        },
        "/refresh": {
            "post": operation(
                "RefreshEntity",
                "Have an entity's providers read again.",
                None,
                body=shape(["entityRef"], entityRef=TEXT),
                others=(404,),
            )
        },
        "/validate-entity": {
            "post": operation(
                "ValidateEntity",
                "Whether a document is an entity.",
                None,
                wrong="Invalid",
                body=shape(
                    ["entity", "location"], entity={"type": "object"}, location=TEXT
                ),
            )
        },
        "/analyze-location": {
            "post": operation(
                "AnalyzeLocation",
                "Which entities a repository has.",
                shape(
                    ["existingEntityFiles", "generateEntities"],
                    existingEntityFiles=listed({"type": "object"}),
                    generateEntities=listed({"type": "object"}),
                ),
                body=shape(["location"], location=place, catalogFilename=TEXT),
            )
        },
    }
