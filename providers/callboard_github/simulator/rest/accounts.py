"""People, organizations and their members."""

from typing import TYPE_CHECKING

from callboard_github.simulator.documents import (
    Document,
    organization_document,
    organization_profile_document,
    user_document,
    user_profile_document,
)
from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.rest.call import NOTHING, Call, Reply, Routes

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.user import User


def _me(call: Call) -> Reply:
    return Reply(user_profile_document(call.user()))


def _my_organizations(call: Call) -> Reply:
    return call.page(_organizations_of(call, call.user()), organization_document)


def _user(call: Call) -> Reply:
    return Reply(user_profile_document(call.state.user(call.path["login"])))


def _user_organizations(call: Call) -> Reply:
    user = call.state.user(call.path["login"])
    return call.page(_organizations_of(call, user), organization_document)


def _organizations_of(call: Call, user: "User") -> "list[Organization]":
    return [
        organization
        for organization in call.state.organizations.values()
        if user.id in organization.members
    ]


def _organization(call: Call) -> Reply:
    return Reply(organization_profile_document(call.organization()))


def _members(call: Call) -> Reply:
    organization = call.organization()
    role = call.query.get("role", "all")
    # Who does not belong sees public members, and here nobody is one.
    inside = call.identity.belongs_to(organization.login)
    people = [
        user
        for user in organization.people
        if inside and role in {"all", organization.members[user.id]}
    ]
    return call.page(people, user_document)


def _member(call: Call) -> Reply:
    user = call.state.user(call.path["login"])
    if user.id not in call.organization(inside=True).members:
        raise NotFound
    return NOTHING


def _membership(call: Call) -> Reply:
    organization = call.organization(inside=True)
    user = call.state.user(call.path["login"])
    if user.id not in organization.members:
        raise NotFound
    document: Document = organization.membership(user)
    return Reply(document | {"organization": organization_document(organization)})


ROUTES: Routes = (
    ("GET", "/user", _me),
    ("GET", "/user/orgs", _my_organizations),
    ("GET", "/users/{login}", _user),
    ("GET", "/users/{login}/orgs", _user_organizations),
    ("GET", "/orgs/{org}", _organization),
    ("GET", "/orgs/{org}/members", _members),
    ("GET", "/orgs/{org}/members/{login}", _member),
    ("GET", "/orgs/{org}/memberships/{login}", _membership),
)
