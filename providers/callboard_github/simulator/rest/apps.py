"""Apps, installations and their tokens."""

from callboard_github.simulator.documents import (
    Document,
    app_document,
    installation_document,
    repository_document,
)
from callboard_github.simulator.errors import Forbidden, NotFound
from callboard_github.simulator.identity import timestamp
from callboard_github.simulator.rest.call import Call, Reply, Routes
from callboard_github.simulator.tokens import SUSPENDED


def _app(call: Call) -> Reply:
    return Reply(app_document(call.app()))


def _installations(call: Call) -> Reply:
    return call.page(list(call.app().installations.values()), installation_document)


def _installation(call: Call) -> Reply:
    found = call.app().installations.get(call.number("id"))
    if found is None:
        raise NotFound
    return Reply(installation_document(found))


def _installation_of(call: Call) -> Reply:
    app = call.app()
    if "repo" in call.path:
        account = call.state.repository(call.path["owner"], call.path["repo"]).owner
    else:
        account = call.state.account(call.path.get("org") or call.path["login"])
    for installation in app.installations.values():
        if installation.account is account:
            return Reply(installation_document(installation))
    raise NotFound


def _access_token(call: Call) -> Reply:
    installation = call.app().installations.get(call.number("id"))
    if installation is None:
        raise NotFound
    if installation.suspended is not None:
        raise Forbidden(SUSPENDED)
    token, expires = call.service.tokens.for_installation(installation)
    document: Document = {
        "token": token,
        "expires_at": timestamp(expires),
        "permissions": dict(installation.permissions),
        "repository_selection": installation.selection,
    }
    return Reply(document, 201)


def _installation_repositories(call: Call) -> Reply:
    installation = call.installation()
    seen = installation.repositories
    return call.page(
        seen,
        repository_document,
        lambda page: {
            "total_count": len(seen),
            "repository_selection": installation.selection,
            "repositories": page,
        },
    )


ROUTES: Routes = (
    ("GET", "/app", _app),
    ("GET", "/app/installations", _installations),
    ("GET", "/app/installations/{id}", _installation),
    ("POST", "/app/installations/{id}/access_tokens", _access_token),
    ("GET", "/installation/repositories", _installation_repositories),
    ("GET", "/orgs/{org}/installation", _installation_of),
    ("GET", "/users/{login}/installation", _installation_of),
    ("GET", "/repos/{owner}/{repo}/installation", _installation_of),
)
