"""Where webhooks are in GitHub's API, and which of them are ours.

Owns the rule: ours is what sends to the configured address, and what has sent here
before. A webhook of somebody else is never touched, nor asked to send anything.
"""

from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager

from msgspec import Struct

from callboard.journal import Heard
from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.errors import (
    BadCredentialsError,
    GitHubError,
    HookAccessError,
    NotAllowedError,
    NotFoundError,
)
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
    page: str = ""
    """Where a person sees and changes it."""

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
    if owner.kind == "app":
        return await _of_app(github, run, owner)
    with told_access(github, owner, "seen"):
        found = await github.pages(run, owner.path, HookAnswer, account=owner.account)
    return [
        Place(
            owner=owner,
            path=_path(owner, hook),
            id=str(hook.id),
            config=hook.config,
            active=hook.active,
            events=hook.events,
            page=f"{_pages(github, owner)}/{hook.id}",
        )
        for hook in found
    ]


async def _of_app(github: GitHub, run: Caller, owner: Owner) -> list[Place]:
    path = f"{owner.path}/config"
    try:
        config = await github.get(run, path, HookConfig, as_app=True)
    except NotFoundError:
        return []
    app = await github.get(run, "/app", AppAnswer, as_app=True)
    page = app.html_url.removesuffix(f"/apps/{app.slug}")
    if app.owner is not None and app.owner.type == "Organization":
        page += f"/organizations/{app.owner.login}"
    page += f"/settings/apps/{app.slug}/permissions"
    return [Place(owner, owner.path, None, config, None, app.events, page)]


@contextmanager
def told_access(github: GitHub, owner: Owner, what: str) -> Generator[None]:
    """Say what the credentials lack, where GitHub only says that it will not.

    Raises:
        HookAccessError: Webhooks of ``owner`` can not be seen, or changed: ``what``.
    """
    try:
        yield
    except BadCredentialsError:
        raise
    except (NotAllowedError, NotFoundError) as error:
        raise no_access(github, owner, what, error) from error


def no_access(
    github: GitHub, owner: Owner, what: str, error: GitHubError
) -> HookAccessError:
    """The same in words, of one ``error``."""
    lacks = f"its webhooks can not be {what}: {_wanting(github, owner)}"
    return HookAccessError(f"{owner.name}: {lacks}; {error}")


def is_ours(place: Place, address: str | None, heard: Collection[str]) -> bool:
    """Whether a webhook sends to ``address``, or has been ``heard`` of here."""
    if place.owner.kind == "app" or place.id in heard:
        return bool(place.config.url)
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
    if owner.kind == "app":
        return "expected the app's own key"
    who, scope = _SCOPES[owner.kind]
    permission = f"the {owner.kind} permission Webhooks (read and write)"
    if isinstance(github.credentials, App):
        return f"the app needs {permission}"
    token = f"the token of {who} of the {owner.kind} with the scope {scope}"
    fine = f"or a fine-grained one with {permission}"
    return f"expected {token}, {fine}"


def _pages(github: GitHub, owner: Owner) -> str:
    """Where people find the webhooks of an organization or a repository."""
    web = github.url.removesuffix("/api/v3").replace("://api.", "://", 1)
    among = "organizations/" if owner.kind == "organization" else ""
    return f"{web}/{among}{owner.name}/settings/hooks"
