"""Whether who asks is on this machine.

Owns the one rule for it, by which the catalog and the inspector answer without a token.
A proxy on this machine asks from here for people elsewhere: what it sends on is refused
when a header says so, and no rule can tell when none does.
"""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_near(scope: Scope, headers: Headers) -> bool:
    """Whether somebody on this machine asks, and for no other.

    Both ends of the connection are known and on loopback, the Host is a name of it (a
    page of a foreign site that resolves to this machine sends its own), and nothing
    says that the request was sent on.
    """
    ends = [(scope.get(end) or ("", None))[0] for end in ("server", "client")]
    return (
        all(map(is_loopback, ends))
        and is_loopback_name(host_name(headers.get("host", "")))
        and not any(name in headers for name in _FORWARDED)
    )


def is_loopback_name(name: str) -> bool:
    """Whether the name in a Host header is one that this machine has for itself."""
    return name in _LOOPBACK_NAMES


def host_name(host: str) -> str:
    """A Host header's name, in lower case and without its port."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host
