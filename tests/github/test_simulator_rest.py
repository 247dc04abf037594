"""The REST API, as githubkit and plain clients see it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from githubkit import AppAuthStrategy, GitHub, TokenAuthStrategy
from githubkit.exception import RequestFailed

from callboard_github.simulator import Organization, Policy, Simulator

pytestmark = pytest.mark.anyio


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=7)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return github.create_organization("acme", members=["ada", "bela", "chidi"])


@asynccontextmanager
async def client(
    github: Simulator, token: str | None = None
) -> AsyncGenerator[GitHub[TokenAuthStrategy]]:
    """Give a githubkit client that needs no network."""
    async with GitHub(
        token or github.token, async_transport=github.transport(), auto_retry=False
    ) as made:
        yield made


@asynccontextmanager
async def plain(
    github: Simulator, token: str | None = None
) -> AsyncGenerator[httpx.AsyncClient]:
    """Give an httpx client; without a token for ``""``."""
    token = github.token if token is None else token
    async with httpx.AsyncClient(
        transport=github.transport(),
        base_url="https://api.github.com",
        headers={"authorization": f"Bearer {token}"} if token else {},
    ) as made:
        yield made


async def test_githubkit_reads_organization_members_and_teams(
    github: Simulator, acme: Organization
) -> None:
    parent = acme.create_team("Top", members=["ada"])
    acme.create_team("Child", parent=parent, members=["bela"])

    async with client(github) as kit:
        members = (await kit.rest.orgs.async_list_members("acme")).parsed_data
        teams = (await kit.rest.teams.async_list("acme")).parsed_data
        child = (await kit.rest.teams.async_get_by_name("acme", "child")).parsed_data
        inside = await kit.rest.teams.async_list_members_in_org("acme", "top")
        user = (await kit.rest.users.async_get_by_username("ada")).parsed_data

    assert [member.login for member in members] == ["ada", "bela", "chidi"]
    assert [team.slug for team in teams] == ["top", "child"]
    assert child.parent
    assert child.parent.slug == "top"
    # Members of child teams count as members of the parent in the REST API.
    assert [member.login for member in inside.parsed_data] == ["ada", "bela"]
    assert user.login == "ada"


async def test_githubkit_follows_all_pages_of_a_list(
    github: Simulator, acme: Organization
) -> None:
    for number in range(205):
        acme.create_repository(f"r{number:03}")

    async with client(github) as kit:
        names = [
            repository.name
            async for repository in kit.rest.paginate(
                kit.rest.repos.async_list_for_org, org="acme", per_page=100
            )
        ]

    assert names == [f"r{number:03}" for number in reversed(range(205))]


async def test_pages_are_linked_and_at_most_a_hundred_long(
    github: Simulator, acme: Organization
) -> None:
    for number in range(250):
        acme.create_repository(f"r{number:03}")

    async with plain(github) as http:
        first = await http.get("/orgs/acme/repos?per_page=1000")
        second = await http.get(first.links["next"]["url"])
        last = await http.get(first.links["last"]["url"])

    assert [len(page.json()) for page in (first, second, last)] == [100, 100, 50]
    assert set(first.links) == {"next", "last"}
    assert set(second.links) == {"prev", "next", "last", "first"}
    assert set(last.links) == {"prev", "first"}


async def test_files_directories_trees_and_blobs_are_read(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository("web", files={"catalog-info.yaml": "é", "docs/a.md": "x"})

    async with client(github) as kit, plain(github) as http:
        file = await http.get("/repos/acme/web/contents/catalog-info.yaml?ref=main")
        raw = await http.get(
            "/repos/acme/web/contents/catalog-info.yaml",
            headers={"accept": "application/vnd.github.raw+json"},
        )
        folder = await http.get("/repos/acme/web/contents/docs")
        tree = await kit.rest.git.async_get_tree("acme", "web", "main", recursive="1")
        blob = await http.get(file.json()["git_url"].partition("github.com")[2])
        missing = await http.get("/repos/acme/web/contents/nothing")

    assert file.json()["content"] == "w6k=\n"
    assert raw.text == "é"
    assert [entry["path"] for entry in folder.json()] == ["docs/a.md"]
    assert [entry.path for entry in tree.parsed_data.tree] == [
        "catalog-info.yaml",
        "docs",
        "docs/a.md",
    ]
    assert blob.json()["content"] == "w6k=\n"
    assert (missing.status_code, missing.json()["message"]) == (404, "Not Found")


async def test_tree_says_when_it_is_cut_off(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository("web", files={f"f{number}": "" for number in range(9)})
    github.limits.tree_entries = 5

    async with client(github) as kit:
        tree = await kit.rest.git.async_get_tree("acme", "web", "main", recursive="1")

    assert tree.parsed_data.truncated
    assert len(tree.parsed_data.tree) == 5


async def test_commits_and_comparisons_are_read(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    first = repository.head
    assert first is not None
    repository.push({"a": "2"}, {"b": "1"}, by="ada")

    async with client(github) as kit:
        commits = await kit.rest.repos.async_list_commits("acme", "web")
        one = await kit.rest.repos.async_get_commit("acme", "web", "main")
        both = await kit.rest.repos.async_compare_commits(
            "acme", "web", f"{first.sha}...main"
        )

    assert len(commits.parsed_data) == 3
    assert [file.filename for file in one.parsed_data.files or []] == ["b"]
    assert (both.parsed_data.status, both.parsed_data.ahead_by) == ("ahead", 2)
    files = {file.filename: file.status for file in both.parsed_data.files or []}
    assert files == {"a": "modified", "b": "added"}


async def test_conditional_request_is_answered_304_and_costs_nothing(
    github: Simulator, acme: Organization
) -> None:
    async with plain(github) as http:
        first = await http.get("/orgs/acme/members")
        tag = {"if-none-match": first.headers["etag"]}
        same = await http.get("/orgs/acme/members", headers=tag)
        acme.add_member("dana")
        other = await http.get("/orgs/acme/members", headers=tag)

    assert [r.status_code for r in (first, same, other)] == [200, 304, 200]
    left = [int(r.headers["x-ratelimit-remaining"]) for r in (first, same, other)]
    assert left == [4999, 4999, 4998]


async def test_renamed_repository_redirects(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    repository.rename("site")

    async with plain(github) as http:
        moved = await http.get("/repos/acme/web/contents/a?ref=main")
        followed = await http.get(moved.headers["location"])

    assert moved.status_code == 301
    assert followed.json()["path"] == "a"


async def test_bad_missing_and_revoked_tokens_are_refused(
    github: Simulator, acme: Organization
) -> None:
    del acme
    revoked = github.token_for("ada")
    github.revoke(revoked)

    async with plain(github, "wrong") as bad, plain(github, "") as nobody:
        unknown = await bad.get("/orgs/acme")
        anonymous = await nobody.get("/user")
        public = await nobody.get("/orgs/acme")
    async with plain(github, revoked) as late:
        gone = await late.get("/orgs/acme")

    assert (unknown.status_code, unknown.json()["message"]) == (401, "Bad credentials")
    assert anonymous.status_code == 401
    assert (public.status_code, public.headers["x-ratelimit-limit"]) == (200, "60")
    assert gone.status_code == 401


async def test_anonymous_sees_no_private_repository(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository("hidden")
    acme.create_repository("shown", visibility="public")

    async with plain(github, "") as nobody:
        listed = await nobody.get("/orgs/acme/repos")
        hidden = await nobody.get("/repos/acme/hidden")
        teams = await nobody.get("/orgs/acme/teams")

    assert [found["name"] for found in listed.json()] == ["shown"]
    assert hidden.status_code == 404
    assert teams.status_code == 404


async def test_app_signs_in_and_its_installation_sees_its_account_only(
    github: Simulator, acme: Organization
) -> None:
    other = github.create_organization("other")
    other.create_repository("theirs")
    acme.create_repository("ours")
    app = github.create_app("board")
    installation = app.install(acme)

    async with GitHub(
        AppAuthStrategy(app.id, github.private_key(app)),
        async_transport=github.transport(),
        auto_retry=False,
    ) as kit:
        me = (await kit.rest.apps.async_get_authenticated()).parsed_data
        found = (await kit.rest.apps.async_list_installations()).parsed_data
        inside = kit.with_auth(kit.auth.as_installation(installation.id))
        seen = await inside.rest.apps.async_list_repos_accessible_to_installation()
        with pytest.raises(RequestFailed) as refused:
            await inside.rest.repos.async_get("other", "theirs")

    assert me
    assert me.slug == "board"
    assert [one.id for one in found] == [installation.id]
    assert [one.name for one in seen.parsed_data.repositories] == ["ours"]
    assert refused.value.response.status_code == 404


async def test_suspended_installation_gets_no_token(
    github: Simulator, acme: Organization
) -> None:
    app = github.create_app("board")
    installation = app.install(acme)
    installation.suspend()

    async with GitHub(
        AppAuthStrategy(app.id, github.private_key(app)),
        async_transport=github.transport(),
        auto_retry=False,
    ) as kit:
        with pytest.raises(RequestFailed) as refused:
            await kit.rest.apps.async_create_installation_access_token(installation.id)

    assert refused.value.response.status_code == 403


async def test_installation_token_expires_after_an_hour() -> None:
    now = 1_800_000_000.0
    github = Simulator(clock=lambda: now)
    acme = github.create_organization("acme")
    app = github.create_app("board")
    installation = app.install(acme)
    token, expires = github.tokens.for_installation(installation)

    async with plain(github, token) as http:
        fresh = await http.get("/installation/repositories")
        now = expires + 1
        stale = await http.get("/installation/repositories")

    assert (fresh.status_code, stale.status_code) == (200, 401)


async def test_hourly_limit_is_counted_refused_and_reset() -> None:
    now = 1_800_000_000.0
    github = Simulator(clock=lambda: now, policy=Policy(per_hour=2))
    github.create_organization("acme")

    async with plain(github) as http:
        answers = [await http.get("/orgs/acme") for _ in range(3)]
        now += 3601
        later = await http.get("/orgs/acme")
        limits = await http.get("/rate_limit")

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    refused = answers[2]
    assert "API rate limit exceeded" in refused.json()["message"]
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["x-ratelimit-reset"] == "1800003600"
    assert later.status_code == 200
    assert limits.json()["resources"]["core"]["used"] == 1


async def test_too_many_points_in_a_minute_hit_the_secondary_limit() -> None:
    now = 1_800_000_000.0
    github = Simulator(clock=lambda: now, policy=Policy(rest_points_per_minute=2))
    github.create_organization("acme")

    async with plain(github) as http:
        answers = [await http.get("/orgs/acme") for _ in range(3)]
        now += int(answers[2].headers["retry-after"])
        later = await http.get("/orgs/acme")

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert "secondary rate limit" in answers[2].json()["message"]
    assert later.status_code == 200


async def test_too_many_calls_at_once_hit_the_secondary_limit(
    github: Simulator, acme: Organization
) -> None:
    del acme
    github.budgets.policy.concurrent = 2
    github.faults.latency = 3600
    statuses: list[int] = []

    async with plain(github) as http, anyio.create_task_group() as group:

        async def call() -> None:
            answer = await http.get("/orgs/acme")
            statuses.append(answer.status_code)
            group.cancel_scope.cancel()

        for _ in range(3):
            group.start_soon(call)

    assert statuses == [403]


async def test_hooks_are_made_listed_changed_and_deleted(
    github: Simulator, acme: Organization
) -> None:
    async with client(github) as kit:
        made = await kit.rest.orgs.async_create_webhook(
            "acme",
            data={
                "name": "web",
                "config": {
                    "url": "http://receiver.invalid/",
                    "content_type": "json",
                    "secret": "hush",
                },
                "events": ["team", "membership"],
            },
        )
        number = made.parsed_data.id
        await kit.rest.orgs.async_update_webhook(
            "acme", number, data={"events": ["push"], "active": False}
        )
        await kit.rest.orgs.async_update_webhook_config_for_org(
            "acme", number, data={"url": "http://elsewhere.invalid/", "secret": "new"}
        )
        listed = (await kit.rest.orgs.async_list_webhooks("acme")).parsed_data

        assert [d.event for d in github.outbox.take()] == ["ping"]
        (hook,) = acme.hooks
        assert (hook.events, hook.active) == (frozenset({"push"}), False)
        assert (hook.url, hook.secret) == ("http://elsewhere.invalid/", "new")
        assert listed[0].config.url == "http://elsewhere.invalid/"
        assert made.json()["config"].get("secret") == "********"

        await kit.rest.orgs.async_delete_webhook("acme", number)
        assert acme.hooks == []


async def test_workflow_runs_and_deployments_are_read(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    repository.activity.run_workflow("CI", "success")
    repository.activity.run_workflow("CI", "failure")
    repository.activity.deploy("production", "success")

    async with client(github) as kit:
        runs = await kit.rest.actions.async_list_workflow_runs_for_repo("acme", "web")
        failed = await kit.rest.actions.async_list_workflow_runs(
            "acme", "web", "ci.yml", status="failure"
        )
        deployments = await kit.rest.repos.async_list_deployments("acme", "web")
        statuses = await kit.rest.repos.async_list_deployment_statuses(
            "acme", "web", deployments.parsed_data[0].id
        )
        environments = await kit.rest.repos.async_get_all_environments("acme", "web")

    assert [r.conclusion for r in runs.parsed_data.workflow_runs] == [
        "failure",
        "success",
    ]
    assert failed.parsed_data.total_count == 1
    assert [status.state for status in statuses.parsed_data] == ["success"]
    assert [e.name for e in environments.parsed_data.environments or []] == [
        "production"
    ]


async def test_unknown_route_and_broken_json_are_answered_as_github_does(
    github: Simulator, acme: Organization
) -> None:
    del acme
    async with plain(github) as http:
        unknown = await http.get("/nothing/here")
        broken = await http.post("/orgs/acme/hooks", content=b"{")
        absent = await http.post("/orgs/acme/hooks", json={"config": {}})

    assert (unknown.status_code, unknown.json()["status"]) == (404, "404")
    assert broken.json()["message"] == "Problems parsing JSON"
    assert (broken.status_code, absent.status_code) == (400, 422)


async def test_links_of_documents_lead_to_pages(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform & <Co>", members=["ada"])
    acme.create_repository("web", files={"catalog-info.yaml": "kind: <X>\n"})

    async with plain(github, "") as browser:
        accept = {"accept": "text/html"}
        paths = (team.html_url.partition("github.com")[2], "/acme", "/acme/web")
        pages = [await browser.get(path, headers=accept) for path in paths]
        file = await browser.get(
            "/acme/web/blob/main/catalog-info.yaml", headers=accept
        )
        raw = await browser.get("/acme/web/raw/main/catalog-info.yaml")

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert "Platform &amp; &lt;Co&gt;" in pages[0].text
    assert "kind: &lt;X&gt;" in file.text
    assert raw.text == "kind: <X>\n"
