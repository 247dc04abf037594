"""GraphQL over HTTP: the query's budget, its faults and its response."""

from typing import TYPE_CHECKING, cast

import msgspec
from starlette.responses import Response

from callboard_github.simulator.budget import LimitExceeded
from callboard_github.simulator.errors import Unauthorized
from callboard_github.simulator.graphql.execution import execute, price
from callboard_github.simulator.graphql.partial import hide
from callboard_github.simulator.graphql.scope import Scope
from callboard_github.simulator.responses import json_body, json_response

if TYPE_CHECKING:
    from callboard_github.simulator.service import Service
    from callboard_github.simulator.tokens import Identity


def answer(service: "Service", raw: bytes, identity: "Identity") -> Response:
    """Return the response to a query.

    A used-up hourly budget is an error with status 200, as on GitHub.

    Raises:
        Unauthorized: Nobody in particular asks.
        LimitExceeded: The secondary limit is.
    """
    if identity.kind == "anonymous":
        message = "This endpoint requires you to be authenticated."
        raise Unauthorized(message)
    body = json_body(raw)
    query = body.get("query")
    if not isinstance(query, str):
        problem = {
            "message": "A query attribute must be specified and must be a string."
        }
        return json_response({"errors": [problem]})
    variables = cast("dict[str, object]", body.get("variables") or {})
    operation = cast("str | None", body.get("operationName"))
    estimate = price(query, operation, variables)
    try:
        window = service.budgets.check(identity.who, "graphql")
    except LimitExceeded as error:
        problem = {"type": "RATE_LIMITED", "message": error.message}
        return json_response({"errors": [problem]}, headers=error.headers)
    service.budgets.spend_minute(identity.who, "graphql", 1)
    window.used += estimate.cost
    with service.state.lock:
        scope = Scope(
            service.state,
            identity,
            service.faults,
            window,
            estimate.cost,
            estimate.nodes,
        )
        response = execute(scope, query, operation, variables)
    if service.faults.hides():
        response = hide(response)
    content = msgspec.json.encode(response)
    if service.faults.drops():
        content = content[: len(content) // 2]
    headers = {"content-type": "application/json; charset=utf-8"}
    return Response(content, headers=headers | window.headers())
