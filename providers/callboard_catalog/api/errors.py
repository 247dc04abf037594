"""Errors in the form that Backstage's clients read.

Owns the names, which its client turns back into error classes, and the one place where
an exception becomes an answer.
"""

import logging

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from callboard_catalog.query.predicates import InvalidQuery
from callboard_catalog.refs import InvalidRef

logger = logging.getLogger(__name__)

_NAMES = {
    400: "InputError",
    401: "AuthenticationError",
    403: "NotAllowedError",
    404: "NotFoundError",
    409: "ConflictError",
    415: "InputError",
}


class ApiError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.name = name or _NAMES.get(status, "Error")


class NotFoundError(ApiError):
    """What was asked for is not there."""

    def __init__(self, message: str) -> None:
        super().__init__(404, message)


def read_only() -> ApiError:
    """The answer to writes, which are made by providers alone."""
    return ApiError(403, "This operation not allowed in readonly mode")


def answer(request: Request, error: Exception) -> Response:
    """The answer that an exception stands for."""
    headers: dict[str, str] = {}
    match error:
        case ApiError():
            status, name, message = error.status, error.name, str(error)
        case InvalidQuery() | InvalidRef():
            status, name, message = 400, "InputError", str(error)
        case HTTPException():
            status = error.status_code
            name, message = _NAMES.get(status, "Error"), str(error.detail)
            headers = dict(error.headers or {})
        case _:
            logger.error(
                "%s %s failed", request.method, request.url.path, exc_info=error
            )
            status, name, message = 500, "Error", "The catalog could not answer"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    path = request.url.path
    body = {
        "error": {"name": name, "message": message},
        "request": {"method": request.method, "url": path},
        "response": {"statusCode": status},
    }
    return Response(
        msgspec.json.encode(body), status, headers, media_type="application/json"
    )
