"""``callboard send``: one signed sample to a running server.

Owns the request and the words for its answer.
"""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from rich.text import Text

from callboard import SettingsError
from callboard.cli.console import PlainConsole
from callboard_github import signature
from callboard_github.samples import samples

SECRET = "CALLBOARD_GITHUB_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
_HOOK = "1"


def send(
    event: str,
    *,
    file: Path | None = None,
    url: str = "http://127.0.0.1:8470",
    secret_env: str = SECRET,
    unsigned: bool = False,
) -> None:
    """Send a signed sample of an event, such as team.created or push.

    Args:
        event: Event and action; a wrong one lists all.
        file: A payload of your own, as JSON, instead of a sample.
        url: Where callboard serves; /webhooks/github is added where no path is given.
        secret_env: The variable that holds the webhook's secret.
        unsigned: Send it without a signature, to a server that was told --insecure.
    """
    body = _sample(event) if file is None else _payload(file)
    headers = {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/callboard",
        "x-github-event": event.partition(".")[0],
        "x-github-delivery": str(uuid4()),
        "x-github-hook-id": _HOOK,
    }
    if not unsigned:
        secret = os.environ.get(secret_env, "").partition(",")[0].strip()
        if not secret:
            message = f"{secret_env}: expected the webhook's secret, or --unsigned"
            raise SettingsError(f"{message}; got nothing")
        headers[signature.header] = signature.sign(body, secret)
    if not event.isascii():
        raise SettingsError(f"expected an event such as push, got {event!r}")
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        message = f"--url: expected an address such as http://127.0.0.1:8470, got {url}"
        raise SettingsError(f"{message}: {error}") from error
    if address.path in {"", "/"}:
        address = address.copy_with(path="/webhooks/github")
    try:
        answer = httpx.post(address, content=body, headers=headers, timeout=30.0)
    except httpx.HTTPError as error:
        raise SettingsError(f"{address}: no answer: {error}") from error
    if not _show(answer, event):
        raise SystemExit(1)


def _sample(event: str) -> bytes:
    known = samples()
    sample = known.get(event)
    if sample is None:
        near = get_close_matches(event, known, 1)
        hint = f"; did you mean {near[0]}?" if near else "."
        names = ", ".join(known)
        raise SettingsError(f"no sample of {event!r}{hint} Known are {names}")
    return sample.body


def _payload(file: Path) -> bytes:
    try:
        body = file.read_bytes()
        msgspec.json.decode(body)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"{file}: expected JSON, got: {error}") from error
    return body


def _show(answer: httpx.Response, event: str) -> bool:
    """Say what became of it; whether it was taken."""
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        content = {"error": answer.text[:200] or answer.reason_phrase}
    out = PlainConsole(highlight=False, soft_wrap=True)
    if not answer.is_success:
        reason = content.get("error", answer.reason_phrase)
        line = f"✗ {event} was refused: {answer.status_code} {reason}"
        PlainConsole(stderr=True, highlight=False, soft_wrap=True).print(
            Text(line, "bold red")
        )
        return False
    line = Text("✓ ", "green").append(f"{event} was taken", "default")
    if content.get("duplicate"):
        line.append(", though it is known already")
    out.print(line)
    out.print(Text(f"  delivery   {content.get('id')} ({content.get('state')})"))
    if (link := content.get("inspector")) is not None:
        out.print(Text(f"  inspector  {link}"))
    return True
