"""Text from strangers as text that misleads nobody.

Owns which characters a terminal is never sent: controls that it would obey, and those that
turn the direction of what follows or cannot be seen. The page has the same list, in
``static/state/plain.js``.
"""

import re

# Controls but tab and newline; soft hyphen; zero width; directions; byte order mark; tags;
# and lone surrogates, which no encoding holds.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)


def plain(text: str) -> str:
    """``text`` with every misleading character written as its number."""
    return _HIDDEN.sub(_number, text)


def one_line(text: str) -> str:
    """As ``plain``, for a row of a table: what would end the row is written too."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def plain_json(text: str) -> str:
    """A JSON document as ``plain`` has it, by JSON's own escapes: it says the same."""
    return _HIDDEN.sub(_escapes, text)


def _number(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\u{{{code:x}}}"


def _escapes(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    return "".join(f"\\u{unit}" for unit in pairs)
