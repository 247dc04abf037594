"""Owners for entities whose file names none.

Owns the way from a repository's CODEOWNERS to ``spec.owner``: an entity without one
belongs to whom the file belongs that describes it.
"""

from collections.abc import Callable, Mapping

from callboard_catalog import EntityRef, formats
from callboard_catalog.documents import Document
from callboard_catalog.kinds import kind_of
from callboard_github.names import Names
from callboard_github.repositories.code_owners import OWNER, CodeOwners, Rule

OWNER_FROM = "callboard/owner-from"
"""The place of CODEOWNERS and the pattern that an owner is from."""


def owner_in(rule: Rule, names: Names) -> EntityRef | None:
    """The first person or team of a rule; an address of mail names nobody here."""
    for text in rule.owners:
        found = OWNER.fullmatch(text)
        login, team = (None, None) if found is None else found.group("login", "team")
        if login is not None and formats.NAME.check(team or login):
            return names.group(login, team) if team else names.user(login)
    return None


def owning(
    owners: CodeOwners, names: Names, path: str
) -> Callable[[Document], Document] | None:
    """What gives a file's documents its owner; None where it has none."""
    rule = owners.rule_of(path)
    owner = None if rule is None else owner_in(rule, names)
    if rule is None or owner is None:
        return None
    text, origin = str(owner), f"{owners.place}: {rule.pattern}"

    def amend(document: Document) -> Document:
        kind = kind_of(document.get("kind"), document.get("apiVersion"))
        spec = document.get("spec")
        metadata = document.get("metadata")
        if (
            kind is None
            or "owner" not in kind.required
            or not isinstance(spec, Mapping)
            or not isinstance(metadata, Mapping)
            or spec.get("owner") is not None
        ):
            return document
        annotations = metadata.get("annotations", {})
        if isinstance(annotations, Mapping):
            metadata = {**metadata, "annotations": {**annotations, OWNER_FROM: origin}}
        return {**document, "metadata": metadata, "spec": {**spec, "owner": text}}

    return amend
