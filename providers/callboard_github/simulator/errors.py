"""What GitHub says when it will not do something.

Verbs raise these; the REST routes answer with the same status and message.
"""


class SimulatorError(Exception):
    """A simulated GitHub refused a verb or a call.

    Attributes:
        status: The HTTP status GitHub answers with.
        message: The ``message`` of its JSON body.
    """

    status: int = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(SimulatorError):  # noqa: N818 - named as GitHub names it
    """404: absent, or hidden from who asks."""

    status = 404

    def __init__(self, message: str = "Not Found") -> None:
        super().__init__(message)


class Forbidden(SimulatorError):  # noqa: N818 - named as GitHub names it
    """403: known, and not allowed."""

    status = 403


class Unauthorized(SimulatorError):  # noqa: N818 - named as GitHub names it
    """401: the token is missing or unknown."""

    status = 401


class Conflict(SimulatorError):  # noqa: N818 - named as GitHub names it
    """409: the state does not allow it, such as reading an empty repository."""

    status = 409


class Unprocessable(SimulatorError):  # noqa: N818 - named as GitHub names it
    """422: well-formed but refused, such as a team name that is taken."""

    status = 422
