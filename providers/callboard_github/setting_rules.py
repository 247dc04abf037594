"""What a setting of GitHub's must look like, beyond its type.

Owns the rules and their words. They hold without credentials too, so that a mistake is
told before there is a token.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from callboard import Settings, SettingsError
from callboard.settings import address_parts
from callboard_catalog.formats import KIND, NAME, NAMESPACE
from callboard_catalog.refs import EntityRef, InvalidRef
from callboard_github.settings import (
    DeploymentsSettings,
    GitHubSettings,
    HooksSettings,
    RepositoriesSettings,
    WorkflowsSettings,
    api_url,
)

_LOGIN = re.compile(r"[A-Za-z0-9_-]+")
_FULL_NAME = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9._-]+")


class _Rule(NamedTuple):
    holds: Callable[[str], object]
    expected: str


def check_values(settings: Settings) -> None:
    """Look at every text that the sections of GitHub's providers hold.

    Raises:
        SettingsError: One can not be meant: names the key, what was expected and came.
    """
    github = settings.section("github", GitHubSettings)
    hooks = settings.section("hooks", HooksSettings)
    repositories = settings.section("repositories", RepositoriesSettings)
    workflows = settings.section("workflows", WorkflowsSettings)
    deployments = settings.section("deployments", DeploymentsSettings)
    api_url(settings, github)
    for key, text, rule in chain(
        _each("github.organizations", github.organizations, _A_LOGIN),
        _each("repositories.paths", repositories.paths, _A_PATH),
        _each("hooks.repositories", hooks.repositories, _A_FULL_NAME),
        _each("deployments.environments", deployments.environments, _NO_GAP),
        [
            ("workflows.owner", workflows.owner, _AN_OWNER),
            ("deployments.owner", deployments.owner, _AN_OWNER),
        ],
        [("hooks.url", hooks.url, _AN_ADDRESS)] if hooks.url is not None else [],
    ):
        if not rule.holds(text):
            message = f"{settings.place}: {key}: expected {rule.expected}"
            raise SettingsError(f"{message}, got {text!r}")


def _each(
    key: str, texts: Sequence[str], rule: _Rule
) -> Iterator[tuple[str, str, _Rule]]:
    for index, text in enumerate(texts):
        yield f"{key}[{index}]", text, rule


def _is_path(text: str) -> bool:
    return text.strip("/ ") != ""


def _is_owner(text: str) -> bool:
    try:
        ref = EntityRef.parse(text, kind="group")
    except InvalidRef:
        return False
    kind, namespace = KIND.check(ref.kind), NAMESPACE.check(ref.namespace)
    return kind and namespace and NAME.check(ref.name)


_A_LOGIN = _Rule(_LOGIN.fullmatch, "the login of an organization")
_A_FULL_NAME = _Rule(_FULL_NAME.fullmatch, "owner/name of a repository")
_A_PATH = _Rule(_is_path, "the path of a file")
_NO_GAP = _Rule(str.strip, "a name")
_AN_OWNER = _Rule(_is_owner, "an entity ref such as group:default/platform")
_AN_ADDRESS = _Rule(
    address_parts, "an address such as https://callboard.example/webhooks/github"
)
