"""GitHub's signatures.

Owns the one format that is accepted, ``sha256=`` and 64 hexadecimal digits in
``X-Hub-Signature-256``. See GitHub's page "Validating webhook deliveries".
"""

import hmac
import re
from collections.abc import Iterable

header = "x-hub-signature-256"
well_formed = re.compile(r"sha256=[0-9a-fA-F]{64}", re.ASCII)


def sign(body: bytes, secret: str) -> str:
    """The value of ``X-Hub-Signature-256`` for a raw body."""
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def is_well_formed(signature: str) -> bool:
    """Whether this could be a signature at all."""
    return well_formed.fullmatch(signature) is not None


def is_genuine(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether one of ``secrets`` signed ``body``.

    Every secret is tried and each compared in constant time: how long it takes tells
    neither how much of a guess was right nor which of two secrets is in use.
    """
    given = signature.lower().encode("ascii", "replace")
    genuine = False
    for secret in secrets:
        genuine |= hmac.compare_digest(sign(body, secret).encode(), given)
    return genuine
