"""Calls to GitHub: shown, retried, held back, and told apart when they fail."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import anyio
import msgspec
import pytest
import trio.testing

from callboard import EventName, Provider, Retry, Run, Untyped, on
from callboard.testing import perform, sample
from callboard.tree import Tree
from callboard_github.client import GitHub, Query
from callboard_github.errors import (
    BadCredentialsError,
    GitHubError,
    NotAllowedError,
    NotFoundError,
    NotInstalledError,
    RateLimitedError,
    TooMuchError,
    UnexpectedAnswerError,
    UnreachableError,
)
from callboard_github.settings import App, Token
from callboard_github.simulator import Organization, Simulator
from callboard_github.testing import reach

pytestmark = pytest.mark.anyio

LOGIN = Query(
    "Who",
    "query Who($login: String!) { rateLimit { cost } organization(login: $login)"
    " { login } }",
    dict[str, Any],
)
TEAMS = Query(
    "SomeTeams",
    "query SomeTeams($login: String!, $first: Int!, $after: String) {"
    " organization(login: $login) { teams(first: $first, after: $after)"
    " { pageInfo { hasNextPage endCursor } nodes { slug } } } }",
    dict[str, Any],
)


Call: TypeAlias = Callable[[Run], Coroutine[Any, Any, Any]]


class Account(msgspec.Struct):
    login: str


class Caller(Provider):
    """Makes one call as a provider would, so that its spans can be seen."""

    name = "caller"
    retry = Retry(attempts=1)

    def __init__(self, call: Call) -> None:
        self.call = call
        self.result: Any = None
        self.error: BaseException | None = None

    @on(EventName("plain", "thing", None))
    async def handle(self, event: Untyped, run: Run) -> None:
        del event
        try:
            self.result = await self.call(run)
        except GitHubError as error:
            self.error = error


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=7)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return github.create_organization("acme", members=["operator", "ada"])


async def make(call: Call) -> tuple[Caller, Tree]:
    caller = Caller(call)
    return caller, await perform(caller, delivery=sample())


def nodes(tree: Tree) -> dict[str, dict[str, Any]]:
    """Labels by name of node."""
    return {task.name: dict(task.labels) for task in tree.record().tasks}


@asynccontextmanager
async def opened(github: Simulator, **how: Any) -> AsyncGenerator[GitHub]:
    client, _ = reach(github, **how)
    async with client.opened():
        yield client


async def test_rest_call_is_a_span_with_its_cost_and_what_is_left(
    github: Simulator, acme: Organization
) -> None:
    async with opened(github) as client:
        caller, tree = await make(lambda run: client.get(run, "/orgs/acme", Account))
    assert caller.result == Account(acme.login)
    labels = nodes(tree)["GET /orgs/acme"]
    assert labels == {"cost": 1, "remaining": 4999, "limit": 5000}


@pytest.mark.usefixtures("acme")
async def test_graphql_call_is_a_span_with_its_cost_and_what_is_left(
    github: Simulator,
) -> None:
    async with opened(github) as client:
        caller, tree = await make(
            lambda run: client.query(run, LOGIN, {"login": "acme"})
        )
    assert caller.result["organization"] == {"login": "acme"}
    labels = nodes(tree)["graphql Who"]
    assert labels == {"cost": 1, "remaining": 4999, "limit": 5000}


@pytest.mark.usefixtures("acme")
async def test_unchanged_answer_is_asked_for_conditionally_and_costs_nothing(
    github: Simulator,
) -> None:
    async with opened(github) as client:
        await make(lambda run: client.get(run, "/orgs/acme", Account))
        caller, tree = await make(lambda run: client.get(run, "/orgs/acme", Account))
    assert caller.result == Account("acme")
    labels = nodes(tree)["GET /orgs/acme"]
    assert (labels["cost"], labels["unchanged"]) == (0, True)
    assert labels["remaining"] == 4999


async def test_changed_answer_replaces_the_known_one(
    github: Simulator, acme: Organization
) -> None:
    async with opened(github) as client:
        await make(lambda run: client.get(run, "/orgs/acme", Account))
        acme.edit(description="Something else")
        _, tree = await make(lambda run: client.get(run, "/orgs/acme", Account))
    assert nodes(tree)["GET /orgs/acme"]["cost"] == 1


@pytest.mark.usefixtures("acme")
async def test_lists_are_read_to_their_last_page(github: Simulator) -> None:
    for number in range(250):
        github.create_organization(f"org{number}", members=["operator"])
    async with opened(github) as client:
        caller, _ = await make(client.access.organizations)
    assert len(caller.result) == 251


def on_mock_clock(main: Any) -> Any:
    mock = trio.testing.MockClock(autojump_threshold=0)
    return anyio.run(main, backend="trio", backend_options={"clock": mock})


def test_server_error_is_tried_again_and_the_wait_is_shown() -> None:
    github = Simulator(seed=7)
    github.create_organization("acme")
    github.faults.fail(2, status=503)

    async def main() -> tuple[Caller, Tree]:
        async with opened(github) as client:
            return await make(lambda run: client.query(run, LOGIN, {"login": "acme"}))

    caller, tree = on_mock_clock(main)
    assert caller.result["organization"] == {"login": "acme"}
    names = list(nodes(tree))
    assert "waiting 0.5 s for a retry" in names
    assert "waiting 2 s for a retry" in names
    assert nodes(tree)["graphql Who"]["tried"] == 2


def test_server_error_that_stays_is_raised_with_what_was_called() -> None:
    github = Simulator(seed=7)
    github.faults.fail(3, status=503, message="Unicorn")

    async def main() -> tuple[Caller, Tree]:
        async with opened(github) as client:
            return await make(lambda run: client.get(run, "/orgs/acme", Account))

    caller, _ = on_mock_clock(main)
    assert isinstance(caller.error, UnreachableError)
    assert str(caller.error) == "GET /orgs/acme: GitHub said 503 Unicorn"


def test_answer_that_was_cut_off_is_asked_for_again() -> None:
    github = Simulator(seed=7)
    github.create_organization("acme")
    github.faults.dropped = 1.0

    async def main() -> tuple[Caller, Tree]:
        async with opened(github) as client:

            async def call(run: Run) -> Any:
                async with anyio.create_task_group() as group:

                    async def mend() -> None:
                        await anyio.sleep(0.1)
                        github.faults.dropped = 0.0

                    group.start_soon(mend)
                    return await client.query(run, LOGIN, {"login": "acme"})

            return await make(call)

    caller, tree = on_mock_clock(main)
    assert caller.result["organization"] == {"login": "acme"}
    assert "expected JSON" in str(nodes(tree)["graphql Who"]["failed"])


def test_secondary_limit_is_waited_for_where_people_see_it() -> None:
    github = Simulator(seed=7)
    github.create_organization("acme")
    github.faults.exhaust_secondary(1, retry_after=43)

    async def main() -> tuple[Caller, Tree, float]:
        start = anyio.current_time()
        async with opened(github) as client:
            caller, tree = await make(
                lambda run: client.query(run, LOGIN, {"login": "acme"})
            )
        return caller, tree, anyio.current_time() - start

    caller, tree, took = on_mock_clock(main)
    assert caller.result is not None
    assert "waiting 43 s for the rate limit" in nodes(tree)
    assert took == pytest.approx(43)


def test_every_call_of_the_account_waits_for_its_limit() -> None:
    github = Simulator(seed=7)
    github.create_organization("acme")
    github.faults.exhaust_secondary(1, retry_after=20)

    async def main() -> list[str]:
        async with opened(github) as client:

            async def both(run: Run) -> None:
                async def one() -> None:
                    await client.query(run, LOGIN, {"login": "acme"})

                async def later() -> None:
                    await anyio.sleep(5)
                    await one()

                async with anyio.create_task_group() as group:
                    group.start_soon(one)
                    group.start_soon(later)

            _, tree = await make(both)
            return list(nodes(tree))

    names = on_mock_clock(main)
    assert "waiting 20 s for the rate limit" in names
    assert "waiting 15 s for the rate limit" in names


def test_limit_beyond_patience_is_raised_with_the_time_to_come_back() -> None:
    github = Simulator(seed=7)
    github.create_organization("acme")
    github.budgets.exhaust("graphql", reset_in=1800)

    async def main() -> tuple[Caller, Tree]:
        async with opened(github, patience=60.0) as client:
            return await make(lambda run: client.query(run, LOGIN, {"login": "acme"}))

    caller, _ = on_mock_clock(main)
    assert isinstance(caller.error, RateLimitedError)
    assert caller.error.retry_after == pytest.approx(1800, abs=5)


async def test_pages_get_smaller_where_github_gives_up(
    github: Simulator, acme: Organization
) -> None:
    for number in range(30):
        acme.create_team(f"Team {number}")
    github.faults.fail(2, status=502, matching="graphql")
    sizes: list[int] = []
    async with opened(github) as client:
        await make(
            lambda run: client.query_pages(
                run,
                TEAMS,
                {"login": "acme"},
                lambda page: (
                    page["organization"]["teams"]["pageInfo"]["endCursor"]
                    if page["organization"]["teams"]["pageInfo"]["hasNextPage"]
                    else None
                ),
                first=40,
                each=lambda page: sizes.append(
                    len(page["organization"]["teams"]["nodes"])
                ),
            )
        )
    assert sizes == [10, 10, 10]


async def test_partial_answer_is_an_error_not_a_short_list(
    github: Simulator, acme: Organization
) -> None:
    acme.create_team("Only")
    github.faults.partial = 1.0
    async with opened(github) as client:
        caller, _ = await make(
            lambda run: client.query(
                run,
                TEAMS,
                {"login": "acme", "first": 5, "after": None},
                insist=False,
            )
        )
    assert isinstance(caller.error, TooMuchError)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("/orgs/nowhere", Account, NotFoundError),
        ("/orgs/acme", list[int], UnexpectedAnswerError),
    ],
)
async def test_errors_are_told_apart(
    github: Simulator, path: str, kind: Any, expected: type[GitHubError]
) -> None:
    async with opened(github) as client:
        caller, _ = await make(lambda run: client.get(run, path, kind))
    assert type(caller.error) is expected


async def test_graphql_not_found_is_not_found(github: Simulator) -> None:
    async with opened(github) as client:
        caller, _ = await make(
            lambda run: client.query(run, LOGIN, {"login": "nowhere"})
        )
    assert isinstance(caller.error, NotFoundError)


async def test_error_names_call_and_answer_but_no_token(github: Simulator) -> None:
    client = GitHub(
        "https://api.github.com",
        Token("ghp_0123456789abcdefghijWRONG"),
        transport=github.transport(),
    )
    async with client.opened():
        caller, _ = await make(lambda run: client.get(run, "/user", Account))
    assert isinstance(caller.error, BadCredentialsError)
    assert str(caller.error) == "GET /user: GitHub said 401 Bad credentials"
    chain: list[str] = []
    error: BaseException | None = caller.error
    while error is not None:
        chain.append(repr(error) + str(error))
        error = error.__cause__ or error.__context__
    assert "WRONG" not in "".join(chain)


async def test_app_asks_for_one_token_per_installation_and_keeps_it(
    github: Simulator, acme: Organization
) -> None:
    app = github.create_app("callboard")
    app.install(acme)
    async with opened(github, app=app) as client:
        first, tree = await make(
            lambda run: client.query(run, LOGIN, {"login": "acme"}, account="ACME")
        )
        _, again = await make(
            lambda run: client.query(run, LOGIN, {"login": "acme"}, account="acme")
        )
    assert first.result["organization"] == {"login": "acme"}
    asked = [name for name in nodes(tree) if name.startswith("POST")]
    assert asked == [
        f"POST /app/installations/{next(iter(app.installations))}/access_tokens"
    ]
    assert not [name for name in nodes(again) if name.startswith("POST")]


async def test_app_is_refused_where_it_is_not_installed(
    github: Simulator, acme: Organization
) -> None:
    app = github.create_app("callboard")
    app.install(acme)
    github.create_organization("globex")
    async with opened(github, app=app) as client:
        caller, _ = await make(
            lambda run: client.query(run, LOGIN, {"login": "globex"}, account="globex")
        )
    assert isinstance(caller.error, NotInstalledError)


async def test_suspended_installation_is_not_asked(
    github: Simulator, acme: Organization
) -> None:
    app = github.create_app("callboard")
    app.install(acme).suspend()
    async with opened(github, app=app) as client:
        caller, _ = await make(client.access.organizations)
    assert caller.result == []


async def test_private_key_that_is_none_is_said_without_showing_it(
    github: Simulator,
) -> None:
    client = GitHub(
        "https://api.github.com", App(1, "not a key"), transport=github.transport()
    )
    async with client.opened():
        caller, _ = await make(client.access.organizations)
    assert isinstance(caller.error, NotAllowedError)
    assert "not a key" not in str(caller.error)


@pytest.mark.parametrize(
    ("url", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghe.example/api/v3", "https://ghe.example/api/graphql"),
    ],
)
async def test_graphql_is_found_from_the_base(url: str, graphql: str) -> None:
    assert GitHub(url, Token("t")).graphql_url == graphql
