"""``go.mod``.

Source: https://go.dev/ref/mod#go-mod-file
"""

import re

from callboard_github.repositories.manifests.manifest import BadManifest, Manifest

_MAJOR = re.compile(r"/v\d+$")


def read_module(content: str) -> Manifest:
    """The module, with what it requires itself; what others require is left out.

    The number of a major version is no part of a name here.

    Raises:
        BadManifest: It is none.
    """
    name: str | None = None
    needs: set[str] = set()
    block: str | None = None
    number = 0
    for number, line in enumerate(content.splitlines(), 1):
        code, _, comment = line.partition("//")
        words = code.replace("(", " ( ").replace(")", " ) ").split()
        if block is None and words[1:2] == ["("]:
            block = words[0]
            continue
        if words == [")"]:
            block = None
            continue
        verb, *rest = [block, *words] if block is not None else words or [""]
        if verb == "module" and rest:
            name = _plain(rest[0])
        elif verb == "require" and words:
            if len(rest) != 2:
                raise BadManifest("a module and its version", line.strip(), number)
            if comment.strip() != "indirect":
                needs.add(_plain(rest[0]))
    if block is not None:
        raise BadManifest(f"the end of {block} (", "the end of the file", number)
    if name is None:
        raise BadManifest("module and its name", "nothing", 1)
    return Manifest("golang", name, frozenset(needs))


def _plain(name: str) -> str:
    return _MAJOR.sub("", name.strip('"`'))
