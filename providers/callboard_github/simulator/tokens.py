"""Who a caller is: tokens of people, apps and installations."""

import functools
import random
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from callboard_github.simulator.errors import Forbidden, NotFound, Unauthorized

if TYPE_CHECKING:
    from callboard_github.simulator.app import App, Installation
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State
    from callboard_github.simulator.user import User

Kind = Literal["anonymous", "user", "app", "installation"]
HOUR = 3600


@dataclass(frozen=True)
class Identity:
    """Who asks."""

    kind: Kind
    who: str
    """What its budgets are counted under, and what error messages say."""
    user: "User | None" = None
    app: "App | None" = None
    installation: "Installation | None" = None
    scopes: frozenset[str] | None = None
    """What a person's token may do; None is everything."""

    def may(self, permission: str, *scopes: str, write: bool) -> bool:
        """Return whether it has a permission.

        Args:
            permission: That an installation needs.
            *scopes: Of which a person's token needs one.
            write: Whether reading is not enough.
        """
        if self.installation is not None:
            granted = self.installation.permissions.get(permission)
            return granted == "write" or (granted == "read" and not write)
        return self.scopes is None or not self.scopes.isdisjoint(scopes)

    def sees(self, repository: "Repository") -> bool:
        """Return whether a repository exists for this caller."""
        if self.kind == "user" or not repository.private:
            return True
        return self.installation is not None and self.installation.sees(repository)

    def belongs_to(self, login: str) -> bool:
        """Return whether the caller sees the inside of an account."""
        if self.installation is not None:
            return self.installation.account.login.lower() == login.lower()
        return self.kind == "user"


ANONYMOUS = Identity("anonymous", "anonymous")


class Tokens:
    """Hands out tokens and recognises them.

    Args:
        state: Who there is.
        clock: Unix seconds; tokens of installations expire after an hour.
    """

    def __init__(self, state: "State", clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock
        # They guard nothing: the same seed gives the same tokens.
        self._random = random.Random(f"{state.seed}:tokens")  # noqa: S311
        self._people: dict[str, tuple[User, frozenset[str] | None]] = {}
        self._installed: dict[str, tuple[Installation, float]] = {}

    def for_user(self, user: "User", scopes: Iterable[str] | None = None) -> str:
        """Return a new personal access token; None is every scope."""
        token = self._token("ghp_")
        self._people[token] = (user, None if scopes is None else frozenset(scopes))
        return token

    def for_installation(self, installation: "Installation") -> tuple[str, float]:
        """Return a new installation token and when it expires, in Unix seconds."""
        token, expires = self._token("ghs_"), self._clock() + HOUR
        self._installed[token] = (installation, expires)
        return token, expires

    def revoke(self, token: str) -> None:
        """Forget a token; its holder is answered 401 from now on."""
        self._people.pop(token, None)
        self._installed.pop(token, None)

    def identify(self, authorization: str | None) -> Identity:
        """Return who sends an ``Authorization`` header.

        Raises:
            Unauthorized: The token or JWT is not, or no longer, valid.
        """
        if not authorization:
            return ANONYMOUS
        token = authorization.partition(" ")[2].strip()
        if (person := self._people.get(token)) is not None:
            user, scopes = person
            return Identity("user", f"user ID {user.id}", user=user, scopes=scopes)
        installed, expires = self._installed.get(token, (None, 0.0))
        if installed is not None and expires > self._clock():
            if installed.id not in self._state.installations:
                raise Unauthorized(BAD)
            if installed.suspended is not None:
                raise Forbidden(SUSPENDED)
            who = f"installation ID {installed.id}"
            return Identity("installation", who, installation=installed)
        if token.count(".") == 2:
            app = self._app(token)
            return Identity("app", f"app ID {app.id}", app=app)
        raise Unauthorized(BAD)

    def _token(self, prefix: str) -> str:
        letters = string.ascii_letters + string.digits
        return prefix + "".join(self._random.choices(letters, k=36))

    def _app(self, token: str) -> "App":
        import jwt

        try:
            claims = jwt.decode(
                token,
                public_key(),
                algorithms=["RS256"],
                # GitHub allows a minute of drift; time is checked below, by our clock.
                options={"verify_exp": False, "verify_iat": False},
            )
            issuer = str(claims["iss"])
            expires = float(claims["exp"])
        except (jwt.InvalidTokenError, KeyError, ValueError):
            message = "A JSON web token could not be decoded"
            raise Unauthorized(message) from None
        now = self._clock()
        if expires < now:
            message = "'Expiration time' claim ('exp') must be in the future"
            raise Unauthorized(message)
        if expires > now + 11 * 60:
            message = "'Expiration time' claim ('exp') is too far in the future"
            raise Unauthorized(message)
        for app in self._state.apps.values():
            if issuer in {str(app.id), app.client_id}:
                return app
        message = "Integration not found"
        raise NotFound(message)


BAD = "Bad credentials"
SUSPENDED = "This installation has been suspended"


@functools.cache
def private_key() -> str:
    """Return the key, in PEM, that every simulated app of this process signs with."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


@functools.cache
def public_key() -> str:
    """Return what `private_key` signs is checked with."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(private_key().encode(), None)
    return (
        key.public_key()
        .public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        .decode()
    )
