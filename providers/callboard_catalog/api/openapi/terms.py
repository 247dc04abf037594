"""The terms in which routes are described.

Owns how a parameter, an object and an operation are written in OpenAPI.
"""

from collections.abc import Sequence

from callboard_catalog.documents import JsonValue

TEXT: JsonValue = {"type": "string"}
TEXTS: JsonValue = {"type": "array", "items": TEXT}
ENTITY: JsonValue = {"$ref": "#/components/schemas/Entity"}
WHOLE: JsonValue = {"$ref": "#/components/schemas/WholeEntity"}
LOCATION: JsonValue = {"$ref": "#/components/schemas/Location"}
PREDICATE: JsonValue = {"$ref": "#/components/schemas/Predicate"}
NAME = "/entities/by-name/{kind}/{namespace}/{name}"


def shape(required: Sequence[str], **properties: JsonValue) -> JsonValue:
    """An object with some properties, of which some are required."""
    return {
        "type": "object",
        "required": list(required),
        "properties": dict(properties),
    }


def exactly(**properties: JsonValue) -> JsonValue:
    """An object with these properties, all of them, and no other."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": dict(properties),
        "additionalProperties": False,
    }


def listed(items: JsonValue) -> JsonValue:
    """An array."""
    return {"type": "array", "items": items}


def in_query(name: str, schema: JsonValue, description: str) -> JsonValue:
    """A parameter of the query string."""
    return {
        "name": name,
        "in": "query",
        "schema": schema,
        "description": description,
    }


def number(name: str, least: int, description: str) -> JsonValue:
    """A whole number in the query string."""
    schema: JsonValue = {"type": "integer", "minimum": least, "maximum": 2**31 - 1}
    return in_query(name, schema, description)


def in_path(*names: str) -> list[JsonValue]:
    """Parts of the path."""
    return [
        {"name": name, "in": "path", "required": True, "schema": TEXT} for name in names
    ]


FILTER = in_query("filter", TEXTS, "key=value or key, comma-separated; repeats are or.")
FIELDS = in_query("fields", TEXT, "Comma-separated dotted paths to keep.")
REF = in_path("kind", "namespace", "name")


def operation(
    name: str,
    summary: str,
    answer: JsonValue,
    *,
    parameters: Sequence[JsonValue] = (),
    body: JsonValue = None,
    status: int = 200,
    others: tuple[int, ...] = (),
    media: str | None = None,
    wrong: str = "400",
) -> JsonValue:
    """A route's method: what it takes, what it answers, and which errors.

    An answer in another ``media`` than JSON has no schema.
    """
    success: dict[str, JsonValue] = {"description": summary}
    if answer is not None:
        success["content"] = {"application/json": {"schema": answer}}
    elif media is not None:
        success["content"] = {media: {}}
    responses: dict[str, JsonValue] = {str(status): success}
    responses["400"] = {"$ref": f"#/components/responses/{wrong}"}
    for code in (401, *others):
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
