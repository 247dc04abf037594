"""What a GitHub App says to prove that it is one.

Owns the JSON web token that an app signs with its key: good for ten minutes at GitHub,
made anew some minutes before its end. The key is read once, in a worker thread: checking
that it is one takes tens of milliseconds.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import anyio.to_thread

from callboard import clock
from callboard_github.errors import BadCredentialsError
from callboard_github.settings import App

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_LASTS = 540.0
"""Seconds; GitHub takes no more than ten minutes, counted by its own clock."""
_BACK = 60.0
"""Seconds that it is dated back, for a GitHub whose clock is behind ours."""
_EARLY = 120.0
"""Seconds before its end that it is not used any more."""


class Signature:
    """An app's token about itself."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._token = ""
        self._until = 0.0

    async def authorization(self) -> str:
        """The header for calls that the app makes as itself.

        Raises:
            BadCredentialsError: The key is none.
        """
        import jwt

        moment = clock.now()
        if self._until - _EARLY <= moment:
            key = await anyio.to_thread.run_sync(_read, self._app)
            self._until = moment + _LASTS
            claims = {
                "iss": str(self._app.id),
                "iat": int(moment - _BACK),
                "exp": int(self._until),
            }
            self._token = jwt.encode(claims, key, algorithm="RS256")
        return f"Bearer {self._token}"


@lru_cache(8)
def _read(app: App) -> "RSAPrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    message = f"the private key of app {app.id}: expected an RSA key in PEM"
    try:
        key = load_pem_private_key(app.private_key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # Not the text of the error, which may hold some of the key.
        raise BadCredentialsError(f"{message}, got {type(error).__name__}") from None
    if not isinstance(key, RSAPrivateKey):
        raise BadCredentialsError(f"{message}, got another kind of key")
    return key
