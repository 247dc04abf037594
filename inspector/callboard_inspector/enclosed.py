"""A run and the page that shows it, enclosed in one HTML file.

Owns what a browser needs to open such a file from a disk, where it loads no modules: they
are in the file as well, each under a name that an import map knows. The run is in it as
text that no markup can be in, and the file may load and send nothing.
"""

import base64
import hashlib
import posixpath
import re

import msgspec

from callboard_inspector import bundle as files
from callboard_inspector.app import load_page
from callboard_inspector.bundle import Bundle

_SPECIFIER = re.compile(r"""((?:\bfrom|\bimport)\s*\(?\s*)"(\.{1,2}/[^"]+\.js)\"""")
_LOADED = re.compile(r"^<(?:link|script)\b.*\n", re.MULTILINE)
_SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)"')
_NAMES = "callboard/"
_START = f'import "{_NAMES}main.js";'


def enclose(bundle: Bundle) -> bytes:
    """An HTML file that shows ``bundle`` wherever it is opened."""
    page = load_page()
    modules = {
        f"{_NAMES}{name}": _as_data(
            "text/javascript", _named(file.plain.decode(), name).encode()
        )
        for name, file in page.items()
        if name.endswith(".js")
    }
    imports = msgspec.json.encode({"imports": modules}).decode()
    index = page["index.html"].plain.decode()
    sheets = _SHEET.findall(index)
    style = "\n".join(page[name].plain.decode() for name in sheets)
    icon = _as_data("image/svg+xml", page["icon.svg"].plain)
    scripts = " ".join(map(_hash, (imports, _START)))
    policy = (
        f"default-src 'none'; script-src {scripts} data:; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    # JSON has "<" in strings alone, where this means the same.
    run = files.write(bundle).decode().replace("<", "\\u003c")
    head = "\n".join(
        [
            f'<meta http-equiv="content-security-policy" content="{policy}">',
            f'<link rel="icon" href="{icon}">',
            f"<style>{style}</style>",
            f'<script type="application/json" id="enclosed-run">{run}</script>',
            f'<script type="importmap">{imports}</script>',
            f'<script type="module">{_START}</script>',
        ]
    )
    bare = _LOADED.sub("", index)
    charset, rest = bare.split("\n<meta name", 1)
    return f"{charset}\n{head}\n<meta name{rest}".encode()


def _named(source: str, name: str) -> str:
    """A module that names those it imports as the import map does."""
    folder = posixpath.dirname(name)

    def absolute(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, found[2]))
        return f'{found[1]}"{_NAMES}{path}"'

    return _SPECIFIER.sub(absolute, source)


def _as_data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
