"""Who may come in.

Owns the checks that every request must pass: the Host, the Origin, and the session. Watching over loopback needs no session, unless a key is
configured; anything else does, and actions always do. A session begins with a launch
link, which works once, or with the key. Programs may send the key with each request.
"""

import getpass
import secrets
from collections.abc import Callable, Iterable

from msgspec import Struct
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from callboard.nearness import host_name, is_loopback_name, is_near

COOKIE = "callboard_session"
_TOKENS = 16
"""Launch links of one person that are open at once; the oldest make room."""
_SESSIONS = 256
NAME_HEADER = "x-callboard-name"
"""Under which a program with the key says on whose behalf it acts."""
NAMELESS = "somebody with the key"
NAME_LENGTH = 64
KEY_LENGTH = 16
"""Characters that a key has at least: it must not be guessed."""
TOKEN = "token"  # noqa: S105 - the parameter's name
"""The query parameter of a launch link."""


class Visitor(Struct, frozen=True):
    """What the one who asks may do."""

    watch: bool
    act: bool
    name: str = ""
    """Who it is, where there is a session: what they do is recorded under it."""


class Gate:
    """The checks, and the tokens and sessions of one process."""

    def __init__(
        self,
        hosts: Iterable[str] = (),
        *,
        keys: Iterable[str] = (),
        own: Callable[[], str] = lambda: "",
    ) -> None:
        """What the checks go by.

        Args:
            hosts: Further Host headers to answer to; without a port, on any.
            keys: What opens a session any number of times.
            own: The address that is listened on.
        """
        self._hosts = frozenset(host.lower() for host in hosts)
        self._keys = tuple(key.encode() for key in keys)
        self._own = own
        self._tokens: dict[str, str] = {}
        self._sessions: dict[str, str] = {}

    @property
    def keyed(self) -> bool:
        """Whether a key is configured: then nobody watches without a session."""
        return bool(self._keys)

    @property
    def hint(self) -> str:
        """How one comes to a session, for people.

        None outlives the server: a stolen cookie is worth nothing after a restart.
        """
        if self.keyed:
            return "load this page again and enter the key"
        return "open the link that the server printed when it was started"

    def launch_link(self, address: str, name: str | None = None) -> str:
        """``address`` with a token that opens one session, for ``name``.

        Without a name it is for who started this process.
        """
        token = secrets.token_urlsafe(24)
        whose = kept_name(name or owner())
        # Each on their own: whoever is handed a link takes it from nobody else.
        theirs = [old for old, known in self._tokens.items() if known == whose]
        for old in theirs[: max(len(theirs) - _TOKENS + 1, 0)]:
            del self._tokens[old]
        self._tokens[token] = whose
        return f"{address}?{TOKEN}={token}"

    def redeem(self, token: str) -> str | None:
        """The session that ``token`` opens; None if it never did, or already has."""
        for known in tuple(self._tokens):
            if secrets.compare_digest(known.encode(), token.encode()):
                return self._session(self._tokens.pop(known))
        return None

    def enter(self, key: str, name: str = "") -> str | None:
        """A session for who knows a key, under the name that they give."""
        if not _is_one_of(key.encode(), self._keys):
            return None
        return self._session(kept_name(name) or NAMELESS)

    def _session(self, name: str) -> str:
        session = secrets.token_urlsafe(24)
        while len(self._sessions) >= _SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[session] = name
        return session

    def refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why nobody may ask like this; None if the Host and the Origin are right."""
        host = headers.get("host", "").lower()
        if not self._answers_to(host):
            return f"this inspector does not answer to the host {host[:80]!r}"
        origin = headers.get("origin")
        must = scope["type"] == "websocket" or scope["method"] not in {"GET", "HEAD"}
        own = (f"http://{host}", f"https://{host}")  # as itself, or behind a proxy
        if must and origin is not None and origin.lower() not in own:
            return "the page that asks is not the inspector's own"
        if must and origin is None and headers.get("sec-fetch-site") is not None:
            return "a browser's request must say where it comes from"
        return None

    def _answers_to(self, host: str) -> bool:
        name = host_name(host)
        known = is_loopback_name(name) or name in self._hosts or host in self._hosts
        return known or (name != "" and name == self._own().lower())

    def visitor(self, scope: Scope, headers: Headers) -> Visitor:
        """What the one who asks may do."""
        session = cookie_parser(headers.get("cookie", "")).get(COOKIE, "").encode()
        names = [n for s, n in self._sessions.items() if _same(s.encode(), session)]
        known, name = bool(names), "".join(names)
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if not known and scheme.lower() == "bearer":
            known = _is_one_of(key.strip().encode("latin-1"), self._keys)
            name = kept_name(_text(headers.get(NAME_HEADER, ""))) or NAMELESS
        return Visitor(
            watch=known or (not self.keyed and is_near(scope, headers)),
            act=known,
            name=name if known else "",
        )


def _is_one_of(given: bytes, known: Iterable[bytes]) -> bool:
    """Compared in constant time."""
    return sum(_same(one, given) for one in known) > 0


def _same(one: bytes, other: bytes) -> bool:
    return secrets.compare_digest(one, other)


def _text(header: str) -> str:
    """A header's value as programs mean it: UTF-8, where the standard says Latin-1."""
    return header.encode("latin-1").decode("utf-8", "replace")


def owner() -> str:
    """Who started this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "who started the server"


def kept_name(given: str) -> str:
    """A person's name as it is recorded: on one line, printable, not long."""
    printable = "".join(c if c.isprintable() else " " for c in given)
    return " ".join(printable.split())[:NAME_LENGTH]
