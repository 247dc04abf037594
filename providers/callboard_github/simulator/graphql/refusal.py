"""An error of one field, as GitHub words it."""


class Refusal(Exception):  # noqa: N818 - an answer to one field, not a failure
    """A field is null, and this is why.

    Attributes:
        kind: GitHub's ``type``, such as ``NOT_FOUND``.
        message: GitHub's ``message``.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        # Where the library that executes queries looks for more.
        self.extensions = {"type": kind}
