"""Where webhooks are in GitHub's API, and which of them are ours.

Owns the rule: ours is what sends to the configured address, and what has sent here
before. A webhook of somebody else is never touched, nor asked to send anything.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from callboard.journal import Heard
from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.errors import HookAccessError, NotAllowedError, NotFoundError
from callboard_github.hooks.answers import (
    AppAnswer,
    HookAnswer,
    HookConfig,
    Sent,
    SentInFull,
)
from callboard_github.hooks.missing import older_than
from callboard_github.hooks.needs import Kind
from callboard_github.settings import App

_TARGET = "x-github-hook-installation-target-type"
_HOOK_ID = "x-github-hook-id"
# Who has a token that reaches webhooks, and what it may do (GitHub's REST pages).
_SCOPES: dict[Kind, tuple[str, str]] = {
    "organization": ("an owner", "admin:org_hook"),
    "repository": ("an administrator", "admin:repo_hook"),
}


class Owner(Struct, frozen=True):
    """What has webhooks: an organization, a repository, or the app itself."""

    kind: Kind
    name: str
    """A login, a full name, or ``app 1234``."""

    @property
    def account(self) -> str | None:
        """In whose name its webhooks are asked for."""
        return None if self.kind == "app" else self.name.partition("/")[0]

    @property
    def path(self) -> str:
        """Of its webhooks in the API."""
        if self.kind == "app":
            return "/app/hook"
        return (
            f"/{'orgs' if self.kind == 'organization' else 'repos'}/{self.name}/hooks"
        )


class Place(Struct, frozen=True):
    """One webhook, and its calls."""

    owner: Owner
    path: str
    id: str | None
    """As in the header of its deliveries; an app's is told by those alone."""
    config: HookConfig
    active: bool | None = None
    """None where the API does not tell: an app's."""
    events: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Names it, for good."""
        return self.owner.name if self.id is None else self.id

    @property
    def label(self) -> str:
        """Names it, for people."""
        if self.owner.kind == "app":
            return f"webhook of {self.owner.name}"
        return f"webhook {self.id} of {self.owner.name}"

    @property
    def as_app(self) -> bool:
        """Whether only the app itself may call."""
        return self.owner.kind == "app"

    async def sent(self, github: GitHub, run: Caller, since: float) -> list[Sent]:
        """All attempts since a moment and some from before it, newest first."""
        return await github.cursor_pages(
            run,
            f"{self.path}/deliveries",
            Sent,
            account=self.owner.account,
            as_app=self.as_app,
            enough=older_than(since),
        )

    async def id_in(
        self, github: GitHub, run: Caller, sent: Sequence[Sent]
    ) -> str | None:
        """Its id, as in the headers of what it sent; None if that does not say."""
        if self.id is not None or not sent:
            return self.id
        path = f"{self.path}/deliveries/{sent[0].id}"
        shown = await github.get(run, path, SentInFull, as_app=self.as_app)
        headers = shown.request.headers or {}
        return {k.lower(): v for k, v in headers.items()}.get(_HOOK_ID)

    async def ask_again(self, github: GitHub, run: Caller, sent: Sent) -> None:
        """Have a delivery sent again.

        Raises:
            NotFoundError: It is too old.
        """
        await github.change(
            run,
            "POST",
            f"{self.path}/deliveries/{sent.id}/attempts",
            account=self.owner.account,
            as_app=self.as_app,
            again=True,  # a second copy joins the first
        )


def owners(
    github: GitHub,
    organizations: Iterable[str],
    heard: Iterable[Heard],
    repositories: Iterable[str] = (),
) -> list[Owner]:
    """What may have webhooks of ours.

    Args:
        github: As whom we call.
        organizations: All that are in scope.
        heard: What has sent something here.
        repositories: Full names of repositories that have a webhook of their own.
    """
    kinds = [(_kind(each), each) for each in heard]
    credentials = github.credentials
    chosen = list(organizations)
    found: list[Owner] = []
    if isinstance(credentials, App):
        # It has a webhook of its own. An organization's is looked at if it sends here.
        found.append(Owner("app", f"app {credentials.id}"))
        there = {
            (each.organization or "").lower()
            for kind, each in kinds
            if kind == "organization"
        }
        chosen = [login for login in chosen if login.lower() in there]
    found += [Owner("organization", login) for login in chosen]
    named = {name.lower(): name for name in repositories}
    for kind, each in kinds:
        if kind == "repository" and each.repository is not None:
            named.setdefault(each.repository.lower(), each.repository)
    return found + [Owner("repository", name) for name in named.values()]


async def places_of(github: GitHub, run: Caller, owner: Owner) -> list[Place]:
    """All webhooks of an owner, ours or not.

    Raises:
        HookAccessError: The credentials may not see them; says what they would need.
        GitHubError: GitHub could not be asked.
    """
    try:
        if owner.kind == "app":
            return await _of_app(github, run, owner)
        found = await github.pages(run, owner.path, HookAnswer, account=owner.account)
    except (NotAllowedError, NotFoundError) as error:
        raise HookAccessError(
            f"{owner.name}: {_wanting(github, owner)}; {error}"
        ) from (error)
    return [
        Place(
            owner=owner,
            path=_path(owner, hook),
            id=str(hook.id),
            config=hook.config,
            active=hook.active,
            events=hook.events,
        )
        for hook in found
    ]


async def _of_app(github: GitHub, run: Caller, owner: Owner) -> list[Place]:
    config = await github.get(run, f"{owner.path}/config", HookConfig, as_app=True)
    if not config.url:
        return []
    app = await github.get(run, "/app", AppAnswer, as_app=True)
    return [Place(owner, owner.path, None, config, None, app.events)]


def is_ours(place: Place, address: str | None, heard: Collection[str]) -> bool:
    """Whether a webhook sends to ``address``, or has been ``heard`` of here."""
    if place.owner.kind == "app" or place.id in heard:
        return True
    return address is not None and same(place.config.url, address)


def same(one: str | None, other: str | None) -> bool:
    """Whether two addresses are the same."""
    return (one or "").rstrip("/") == (other or "").rstrip("/")


def _kind(heard: Heard) -> str:
    return heard.headers.get(_TARGET, "")


def _path(owner: Owner, hook: HookAnswer) -> str:
    if owner.kind == "repository" and hook.url is not None:
        # It may have another name by now, to which only reading is redirected.
        _, found, name = hook.url.partition("/repos/")
        if found:
            return f"/repos/{name}"
    return f"{owner.path}/{hook.id}"


def _wanting(github: GitHub, owner: Owner) -> str:
    """What it takes to see an owner's webhooks."""
    app = isinstance(github.credentials, App)
    if owner.kind == "app":
        return "expected the key of an app that has a webhook"
    who, scope = _SCOPES[owner.kind]
    permission = f"the {owner.kind} permission Webhooks (read and write)"
    if app:
        return f"its webhooks can not be seen: the app needs {permission}"
    token = f"the token of {who} of the {owner.kind} with the scope {scope}"
    fine = f"or a fine-grained one with {permission}"
    return f"its webhooks can not be seen: expected {token}, {fine}"
