"""``pom.xml``.

Source: https://maven.apache.org/pom.html
"""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, fromstring

from callboard_github.repositories.manifests.manifest import BadManifest, Manifest

_PROPERTY = re.compile(r"\$\{([^}]*)\}")
_LEFT_OUT = {"test", "import"}


def read_pom(content: str) -> Manifest:
    """The project as ``group:artifact``, with its dependencies but those of its tests.

    What is named by a property that the file does not have is left out.

    Raises:
        BadManifest: It is none.
    """
    if "<!DOCTYPE" in content or "<!ENTITY" in content:
        raise BadManifest("a file without document type and entities", "one with them")
    try:
        project = fromstring(content)  # noqa: S314 - it has no entities, see above
    except ParseError as error:
        came, line = str(error).partition(":")[0], error.position[0]
        raise BadManifest("XML", came, line) from None
    _strip_namespaces(project)
    if project.tag != "project":
        raise BadManifest("a project", f"<{project.tag}>", 1)
    group = project.findtext("groupId") or project.findtext("parent/groupId") or ""
    properties = {
        **{child.tag: child.text or "" for child in project.iterfind("properties/*")},
        "project.groupId": group.strip(),
        "pom.groupId": group.strip(),
        "groupId": group.strip(),
        "project.parent.groupId": (project.findtext("parent/groupId") or "").strip(),
        "project.version": "",
    }
    name = _artifact(project, properties, group)
    if name is None:
        raise BadManifest("a project with groupId and artifactId", "one without")
    found = (
        _artifact(dependency, properties)
        for dependency in project.iterfind("dependencies/dependency")
        if (dependency.findtext("scope") or "").strip() not in _LEFT_OUT
    )
    return Manifest("maven", name, frozenset(name for name in found if name))


def _artifact(
    holder: Element, properties: Mapping[str, str], group: str = ""
) -> str | None:
    """Its ``group:artifact``; None where a part is missing or not known."""
    parts = (holder.findtext("groupId") or group, holder.findtext("artifactId") or "")
    known = [_filled(part.strip(), properties) for part in parts]
    return ":".join(known) if all(known) and not any("${" in p for p in known) else None


def _filled(text: str, properties: Mapping[str, str]) -> str:
    return _PROPERTY.sub(lambda found: properties.get(found[1], found[0]), text)


def _strip_namespaces(root: Element) -> None:
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
