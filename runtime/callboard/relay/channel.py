"""Which relay: the address of a channel there.

Owns what is told when there is no channel, or none that will do. A channel has one address for
both: senders post to it, and who receives reads its stream of events there.
"""

import httpx

from callboard.settings import SettingsError

SMEE = "https://smee.io/new"
"""Leads to a new channel of the relay that GitHub's documentation recommends."""
_NEW = "/new"
_HOPS = 3
"""From http to https, and then to the channel."""
_SECONDS = 15.0
_SHOWN = 100


def checked(channel: str | None, place: str) -> httpx.URL:
    """The address, if it can be one.

    Args:
        channel: What was configured.
        place: Where, for the message.

    Raises:
        SettingsError: There is none, or it is no address of a channel.
    """
    expected = "expected the address of a relay's channel"
    if not channel:
        how = f"--channel {SMEE} asks for a new one, which a browser does too"
        raise SettingsError(f"{place}: {expected}, got none; {how}")
    try:
        url = httpx.URL(channel)
    except httpx.InvalidURL as error:
        message = f"{place}: {expected}, got {channel!r}: {error}"
        raise SettingsError(message) from error
    if url.scheme not in {"http", "https"} or not url.host or url.path == "/":
        example = "such as https://smee.io/AbC123"
        raise SettingsError(f"{place}: {expected}, {example}; got {channel!r}")
    return url


def leads_to_new(channel: httpx.URL) -> bool:
    """Whether this is where a relay gives new channels away."""
    return channel.path.rstrip("/").endswith(_NEW)


def ask_for_channel(url: httpx.URL) -> httpx.URL:
    """A new channel: smee leads to it, gosmee names it.

    Raises:
        SettingsError: The relay cannot be reached, or gives none.
    """
    came = "nothing"
    for _ in range(_HOPS):
        try:
            answer = httpx.get(url, timeout=_SECONDS)
        except httpx.HTTPError as error:
            raise SettingsError(f"{url}: no answer: {error}") from error
        came = f"{answer.status_code} {answer.reason_phrase}"
        if answer.has_redirect_location:
            location = answer.headers["location"]
            new = url.join(location)
            came = f"{came} {location}"
        elif answer.is_success:
            location = answer.text.strip()
            came = f"{came} {location[:_SHOWN]!a}"
            if not location.startswith(("http://", "https://")):
                break
            new = httpx.URL(location)
        else:
            break
        if not leads_to_new(new):
            return checked(str(new), str(url))
        url = new
    raise SettingsError(f"{url}: expected to be led to a new channel, got {came}")
