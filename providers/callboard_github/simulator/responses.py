"""Bodies in and out, apart from what they mean."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from callboard_github.simulator.budget import LimitExceeded
from callboard_github.simulator.errors import SimulatorError, Unprocessable

if TYPE_CHECKING:
    from callboard_github.simulator.documents import Document

DOCS = "https://docs.github.com/rest"


def json_body(raw: bytes) -> "Document":
    """Return the object that a request carries; an empty body is an empty one.

    Raises:
        SimulatorError: 400, it is no JSON object.
    """
    if not raw:
        return {}
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError:
        message = "Problems parsing JSON"
        error = Unprocessable(message)
        error.status = HTTPStatus.BAD_REQUEST
        raise error from None


def error_response(error: SimulatorError) -> Response:
    """Return what GitHub answers when it refuses."""
    body = {
        "message": error.message,
        "documentation_url": DOCS,
        "status": str(int(error.status)),
    }
    headers = error.headers if isinstance(error, LimitExceeded) else {}
    return json_response(body, error.status, headers)


async def http_error_response(_request: Request, error: Exception) -> Response:
    """Answer what no route answers, in GitHub's words."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    body = {"message": "Not Found", "documentation_url": DOCS, "status": str(status)}
    if status != HTTPStatus.NOT_FOUND:
        body["message"] = HTTPStatus(status).phrase
    return json_response(body, status)


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a JSON response."""
    kind = {"content-type": "application/json; charset=utf-8"}
    return Response(msgspec.json.encode(body), status, kind | (headers or {}))
