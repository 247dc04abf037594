"""The GraphQL API, as githubkit sees it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from githubkit import GitHub, TokenAuthStrategy
from githubkit.exception import GraphQLFailed, PrimaryRateLimitExceeded

from callboard_github.simulator import Organization, Simulator

pytestmark = pytest.mark.anyio

MEMBERS = """
query ($login: String!, $size: Int!, $cursor: String) {
  organization(login: $login) {
    membersWithRole(first: $size, after: $cursor) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { login }
    }
  }
}
"""


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=7)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return github.create_organization("acme")


@asynccontextmanager
async def client(
    github: Simulator, token: str | None = None
) -> AsyncGenerator[GitHub[TokenAuthStrategy]]:
    async with GitHub(
        token or github.token, async_transport=github.transport(), auto_retry=False
    ) as made:
        yield made


async def ask(github: Simulator, query: str, **variables: object) -> Any:
    async with client(github) as kit:
        return await kit.graphql.arequest(query, variables)


async def refusal(github: Simulator, query: str) -> tuple[str | None, str]:
    with pytest.raises(GraphQLFailed) as failed:
        await ask(github, query)
    errors = failed.value.response.errors
    assert errors
    error = errors[0]
    return error.type, error.message


async def all_members(github: Simulator, size: int) -> list[str]:
    cursor, logins = None, list[str]()
    while True:
        page = await ask(github, MEMBERS, login="acme", size=size, cursor=cursor)
        found = page["organization"]["membersWithRole"]
        logins += [node["login"] for node in found["nodes"]]
        cursor = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            return logins


async def test_all_pages_together_are_the_whole_list(
    github: Simulator, acme: Organization
) -> None:
    for number in range(23):
        acme.add_member(f"user-{number:02}")

    assert await all_members(github, 5) == [f"user-{n:02}" for n in range(23)]


async def test_cursor_holds_its_place_when_items_go(
    github: Simulator, acme: Organization
) -> None:
    for number in range(6):
        acme.add_member(f"user-{number}")
    first = await ask(github, MEMBERS, login="acme", size=3)
    cursor = first["organization"]["membersWithRole"]["pageInfo"]["endCursor"]

    acme.remove_member("user-0")
    second = await ask(github, MEMBERS, login="acme", size=3, cursor=cursor)

    nodes = second["organization"]["membersWithRole"]["nodes"]
    assert [node["login"] for node in nodes] == ["user-3", "user-4", "user-5"]


async def test_page_can_be_read_from_the_end(
    github: Simulator, acme: Organization
) -> None:
    for number in range(5):
        acme.create_team(f"T{number}")
    query = """{ organization(login: "acme") { teams(last: 2) {
        nodes { slug } pageInfo { hasPreviousPage startCursor } } } }"""

    teams = (await ask(github, query))["organization"]["teams"]

    assert [node["slug"] for node in teams["nodes"]] == ["t3", "t4"]
    assert teams["pageInfo"]["hasPreviousPage"]


async def test_team_members_are_immediate_when_asked_so(
    github: Simulator, acme: Organization
) -> None:
    top = acme.create_team("Top", members=["ada"])
    acme.create_team("Child", parent=top, members=["bela"])
    query = """{ organization(login: "acme") { team(slug: "top") {
        combinedSlug url editTeamUrl
        all: members(first: 10) { nodes { login } }
        own: members(first: 10, membership: IMMEDIATE) { edges { role node { login } } }
        below: childTeams(first: 10) { nodes { slug parentTeam { slug } } } } } }"""

    team = (await ask(github, query))["organization"]["team"]

    assert [node["login"] for node in team["all"]["nodes"]] == ["ada", "bela"]
    assert team["own"]["edges"] == [{"role": "MEMBER", "node": {"login": "ada"}}]
    assert team["below"]["nodes"] == [{"slug": "child", "parentTeam": {"slug": "top"}}]
    assert team["combinedSlug"] == "acme/top"
    assert team["url"] == "https://github.com/orgs/acme/teams/top"


async def test_teams_are_found_by_their_people(
    github: Simulator, acme: Organization
) -> None:
    top = acme.create_team("Top", members=["ada"])
    acme.create_team("Child", parent=top, members=["bela"])
    acme.create_team("Other", members=["ada"])
    query = """query ($logins: [String!]) { organization(login: "acme") {
        teams(first: 10, userLogins: $logins) { nodes { slug } } } }"""

    found = await ask(github, query, logins=["bela", "nobody"])

    nodes = found["organization"]["teams"]["nodes"]
    assert [node["slug"] for node in nodes] == ["top", "child"]


async def test_repository_gives_files_trees_topics_and_branches(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository(
        "web",
        files={"catalog-info.yaml": "a: 1\n", "docs/b.bin": b"\0\1"},
        topics=["go", "api"],
        visibility="internal",
    )
    acme.create_repository("empty")
    query = """{ repositoryOwner(login: "acme") { __typename
      repositories(first: 10, orderBy: {field: NAME, direction: DESC}) { nodes {
        name visibility isEmpty isArchived url
        defaultBranchRef { name target { ... on Commit { messageHeadline } } }
        file: object(expression: "HEAD:catalog-info.yaml") {
          __typename ... on Blob { text byteSize isBinary } }
        binary: object(expression: "main:docs/b.bin") {
          ... on Blob { text isBinary } }
        root: object(expression: "HEAD:") { ... on Tree {
          entries { name type object { ... on Tree { entries { path } } } } } }
        none: object(expression: "HEAD:nothing") { __typename }
        repositoryTopics(first: 100) { nodes { topic { name } } }
      } } } }"""

    owner = (await ask(github, query))["repositoryOwner"]

    web, empty = owner["repositories"]["nodes"]
    assert owner["__typename"] == "Organization"
    assert web["file"] == {
        "__typename": "Blob",
        "text": "a: 1\n",
        "byteSize": 5,
        "isBinary": False,
    }
    assert web["binary"] == {"text": None, "isBinary": True}
    assert web["root"]["entries"] == [
        {"name": "catalog-info.yaml", "type": "blob", "object": {}},
        {
            "name": "docs",
            "type": "tree",
            "object": {"entries": [{"path": "docs/b.bin"}]},
        },
    ]
    assert web["none"] is None
    assert web["visibility"] == "INTERNAL"
    assert web["defaultBranchRef"]["target"]["messageHeadline"] == "Initial commit"
    topics = [node["topic"]["name"] for node in web["repositoryTopics"]["nodes"]]
    assert topics == ["api", "go"]
    assert (empty["isEmpty"], empty["defaultBranchRef"], empty["file"]) == (
        True,
        None,
        None,
    )


async def test_deployments_and_environments_are_read(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    repository.activity.deploy("staging", "failure")
    repository.activity.deploy("production", "success", by="ada")
    query = """{ repository(owner: "acme", name: "web") {
        environments(first: 10) { nodes { name } }
        deployments(last: 1, environments: ["production"]) { nodes {
          state commitOid creator { login } latestStatus { state } } } } }"""

    found = (await ask(github, query))["repository"]

    names = [node["name"] for node in found["environments"]["nodes"]]
    assert names == ["production", "staging"]
    assert found["deployments"]["nodes"] == [
        {
            "state": "ACTIVE",
            "commitOid": repository.commit().sha,
            "creator": {"login": "ada"},
            "latestStatus": {"state": "SUCCESS"},
        }
    ]


async def test_renamed_repository_is_found_under_its_old_name_unless_told_not_to(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository("web").rename("site")
    found = await ask(github, '{ repository(owner: "acme", name: "web") { name } }')

    assert found["repository"]["name"] == "site"
    kind, _ = await refusal(
        github,
        '{ repository(owner: "acme", name: "web", followRenames: false) { name } }',
    )
    assert kind == "NOT_FOUND"


async def test_node_is_found_by_its_id(github: Simulator, acme: Organization) -> None:
    team = acme.create_team("Platform")
    query = "query ($id: ID!) { node(id: $id) { ... on Team { slug } } }"

    found = await ask(github, query, id=team.node_id)

    assert found["node"] == {"slug": "platform"}


async def test_user_lists_only_organizations_that_who_asks_may_see(
    github: Simulator, acme: Organization
) -> None:
    acme.add_member("ada")
    other = github.create_organization("other", members=["ada"])
    installation = github.create_app("board").install(other)
    token, _ = github.tokens.for_installation(installation)
    query = '{ user(login: "ada") { organizations(first: 9) { nodes { login } } } }'

    person = await ask(github, query)
    async with client(github, token) as kit:
        app: Any = await kit.graphql.arequest(query)

    def logins(found: Any) -> list[str]:
        return [node["login"] for node in found["user"]["organizations"]["nodes"]]

    assert logins(person) == ["acme", "other"]
    assert logins(app) == ["other"]


async def test_emails_are_shown_to_people_and_not_to_apps(
    github: Simulator, acme: Organization
) -> None:
    ada = acme.add_member("ada")
    ada.edit(email="ada@example.com")
    installation = github.create_app("board").install(acme)
    token, _ = github.tokens.for_installation(installation)
    query = """{ user(login: "ada") { email
        organizationVerifiedDomainEmails(login: "acme") } }"""

    person = await ask(github, query)
    async with client(github, token) as kit:
        app: Any = await kit.graphql.arequest(query)

    assert person["user"]["email"] == "ada@example.com"
    assert app["user"]["email"] == ""
    assert app["user"]["organizationVerifiedDomainEmails"] == ["ada@example.com"]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("query", "kind", "message"),
    [
        (
            '{ organization(login: "nope") { login } }',
            "NOT_FOUND",
            "Could not resolve to an Organization with the login of 'nope'.",
        ),
        (
            '{ organization(login: "acme") { teams { totalCount } } }',
            "MISSING_PAGINATION_BOUNDARIES",
            "You must provide a `first` or `last` value",
        ),
        (
            '{ organization(login: "acme") { teams(first: 101) { totalCount } } }',
            "EXCESSIVE_PAGINATION",
            "exceeds the `first` limit of 100 records",
        ),
        (
            '{ organization(login: "acme") { teams(first: 1, after: "x") '
            "{ totalCount } } }",
            "INVALID_CURSOR_ARGUMENTS",
            "does not appear to be a valid cursor",
        ),
        ("{ nothing }", None, "Cannot query field 'nothing' on type 'Query'."),
        ("{ viewer {", None, "Syntax Error"),
    ],
)
async def test_wrong_query_is_answered_with_githubs_error(
    github: Simulator, query: str, kind: str | None, message: str
) -> None:
    found, words = await refusal(github, query)

    assert found == kind
    assert message in words


async def test_cost_is_counted_as_github_counts_it(
    github: Simulator, acme: Organization
) -> None:
    del acme
    # The example of GitHub's page on the limits of GraphQL: 1 + 100 + 5,000 requests
    # and 100 + 5,000 + 300,000 nodes, with the connections of this schema.
    query = """{ rateLimit { cost nodeCount remaining limit }
      organization(login: "acme") { teams(first: 100) { nodes {
        members(first: 50) { nodes { organizations(first: 60) { totalCount } } }
      } } } }"""

    limit = (await ask(github, query))["rateLimit"]

    assert (limit["cost"], limit["nodeCount"]) == (51, 305_100)
    assert limit["remaining"] == limit["limit"] - 51


async def test_query_for_too_many_nodes_is_refused(
    github: Simulator, acme: Organization
) -> None:
    del acme
    kind, _ = await refusal(
        github,
        """{ organization(login: "acme") { teams(first: 100) { nodes {
        members(first: 100) { nodes { organizations(first: 100) { totalCount } } }
        } } } }""",
    )

    assert kind == "MAX_NODE_LIMIT_EXCEEDED"


async def test_used_up_budget_is_an_error_that_githubkit_knows(
    github: Simulator, acme: Organization
) -> None:
    del acme
    github.budgets.exhaust("graphql", reset_in=120)

    with pytest.raises(PrimaryRateLimitExceeded):
        await ask(github, "{ viewer { login } }")
    github.budgets.restore()
    assert await ask(github, "{ viewer { login } }") == {
        "viewer": {"login": "operator"}
    }


async def test_budget_comes_back_after_the_reset() -> None:
    now = 1_800_000_000.0
    github = Simulator(clock=lambda: now)
    github.budgets.exhaust("graphql", reset_in=120)

    with pytest.raises(PrimaryRateLimitExceeded):
        await ask(github, "{ viewer { login } }")
    now += 121
    assert await ask(github, "{ rateLimit { remaining } }") == {
        "rateLimit": {"remaining": 4999}
    }
