"""What a person configures about GitHub.

Owns the sections of ``callboard.toml`` that GitHub's providers have, and the
credentials, which come from the environment or files alone.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from callboard import Settings, SettingsError
from callboard.settings import address_parts

Visibility = Literal["public", "private", "internal"]

TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
PRIVATE_KEY = "GITHUB_APP_PRIVATE_KEY"


class GitHubSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[github]``: which GitHub, and whose."""

    url: str = "https://api.github.com"
    """The API; for an Enterprise Server its address will do."""
    organizations: tuple[str, ...] = ()
    """Logins. Empty: all that the token's owner belongs to, or that installed the app."""
    app_id: int | None = None
    """Of a GitHub App, whose key is in CALLBOARD_GITHUB_APP_PRIVATE_KEY."""
    calls_at_once: Annotated[int, Meta(ge=1, le=100)] = 16
    """GitHub refuses more than 100."""
    patience: Annotated[float, Meta(ge=0)] = 300.0
    """Seconds that a call waits for the rate limit. Beyond, the provider is tried
    again when GitHub says so."""
    most_removed: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """The largest share of its entities that one full read may remove."""


class OrganizationsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[organizations]``: users and groups."""

    enabled: bool = True
    namespaces: Literal["automatic", "default", "organization"] = "automatic"
    """Of groups: all in ``default``, or each in its organization's. Automatic is
    ``default`` when exactly one organization is configured by name."""
    verified_emails: bool = False
    """Take an address in a domain that the organization verified, if there is one."""
    suspended: bool = True
    """Whether suspended people of an Enterprise Server are kept."""


class TopicSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[repositories.topics]``."""

    include: tuple[str, ...] = ()
    """At least one of them; empty for any."""
    exclude: tuple[str, ...] = ()
    """None of them; wins over ``include``."""


class RepositoriesSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[repositories]``: catalog files."""

    enabled: bool = True
    paths: tuple[str, ...] = ("/catalog-info.yaml",)
    """Paths from the root of a repository; ``*``, ``**`` and ``?`` may stand in them."""
    branch: str | None = None
    """Instead of each repository's default branch."""
    names: str | None = None
    """A regular expression that the whole name of a repository matches."""
    topics: TopicSettings = TopicSettings()
    visibility: tuple[Visibility, ...] = ()
    """Only these; empty for all."""
    forks: bool = True
    archived: bool = False
    code_owners: bool = False
    """Whether entities without an owner get the one that CODEOWNERS names for their file."""
    dependencies: bool = False
    """Whether Components depend on the packages that manifests beside them name."""
    packages: tuple[str, ...] = ("@{organization}/*", "github.com/{organization}/*")
    """Which of them: patterns of names in which ``*`` and ``?`` may stand."""


class WorkflowsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[workflows]``: workflows of GitHub Actions, of the repositories that count."""

    enabled: bool = False
    owner: str = "unknown"
    """Whose the Resources are, such as ``group:default/platform``."""


class DeploymentsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[deployments]``: environments, of the repositories that count."""

    enabled: bool = False
    environments: tuple[str, ...] = ("*",)
    """Names; ``*`` and ``?`` may stand in them."""
    owner: str = "unknown"
    """Whose the Resources are, such as ``group:default/platform``."""


class HooksSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[hooks]``: the webhooks on GitHub's side."""

    enabled: bool = True
    """Whether missed deliveries are looked for, and asked for again."""
    url: str | None = None
    """Where GitHub reaches ``/webhooks/github``. Without it a webhook is known for ours
    once something came from it."""
    repositories: tuple[str, ...] = ()
    """Full names of repositories that have a webhook of their own, beside those from
    whose webhooks something came."""
    most: Annotated[int, Meta(ge=1)] = 500
    """Deliveries of one webhook that are asked for again at one look."""


class Token(Struct, frozen=True):
    """A personal access token."""

    value: str


class App(Struct, frozen=True):
    """A GitHub App that signs with its key."""

    id: int
    private_key: str


Credentials: TypeAlias = Token | App


def read_credentials(settings: Settings, github: GitHubSettings) -> Credentials | None:
    """The app, or the token, or None when there is neither.

    Raises:
        SettingsError: Half of an app is configured, or an app and a token, or the token
            can be none.
    """
    tokens = settings.header_secrets(TOKEN)
    # A key in a file comes line by line, one in a variable may have its lines escaped.
    key = "\n".join(settings.secrets(PRIVATE_KEY)).replace("\\n", "\n")
    variable = f"CALLBOARD_{PRIVATE_KEY}"
    if github.app_id is None and key:
        message = f"{settings.place}: github.app_id: expected the id of the app whose"
        raise SettingsError(f"{message} key is in {variable}, got none")
    if github.app_id is not None and not key:
        message = f"{variable} or {variable}_FILE: expected the private key of the app"
        raise SettingsError(f"{message} {github.app_id}, got nothing")
    if github.app_id is not None and tokens:
        message = f"CALLBOARD_{TOKEN} and github.app_id are both set"
        raise SettingsError(f"{message}: expected one kind of credentials")
    if github.app_id is not None:
        return App(github.app_id, key)
    return Token(tokens[0]) if tokens else None


def api_url(settings: Settings, github: GitHubSettings) -> str:
    """The base of REST calls, without a slash at its end.

    Raises:
        SettingsError: It is no address.
    """
    parts = address_parts(github.url)
    if parts is None:
        message = f"{settings.place}: github.url: expected an address such as"
        raise SettingsError(f"{message} https://github.example, got {github.url!r}")
    url = github.url.rstrip("/")
    if parts.hostname in {"github.com", "www.github.com"}:
        return "https://api.github.com"
    if parts.path in {"", "/"} and not str(parts.hostname).startswith("api."):
        return f"{url}/api/v3"
    return url
