"""A few plain web pages, so that links of a served simulator lead somewhere.

Owns what a browser, or whoever follows a ``download_url``, finds beside the API.
There is no signing in: whoever reaches the simulator sees everything.
"""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from callboard_github.simulator.errors import NotFound

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State

_PAGE = """<!doctype html>
<meta charset="utf-8"><title>{title} · simulated GitHub</title>
<style>body{{font:16px/1.5 system-ui;max-width:50em;margin:2em auto;padding:0 1em}}
pre{{background:#8881;padding:1em;overflow:auto}}</style>
<p><small>A simulated GitHub</small></p><h1>{title}</h1>
{body}"""


def page(state: "State", path: str) -> Response | None:
    """Return the page at a path, or None if it is none of ours."""
    parts = [part for part in path.split("/") if part]
    try:
        match parts:
            case ["orgs", login, "teams", slug]:
                return _team(state, login, slug)
            case [login]:
                return _account(state, login)
            case [owner, name]:
                return _directory(state.repository(owner, name), None, "")
            case [owner, name, "raw", reference, *below]:
                commit = state.repository(owner, name).commit(reference)
                content = commit.snapshot.files.get("/".join(below))
                return None if content is None else PlainTextResponse(content)
            case [owner, name, "blob" | "tree", reference, *below]:
                repository = state.repository(owner, name)
                return _directory(repository, reference, "/".join(below))
            case _:
                pass
    except NotFound:
        pass
    return None


def _team(state: "State", login: str, slug: str) -> Response:
    team = state.organization(login).team(slug)
    people = [(user.html_url, user.login) for user in team.people]
    children = [(child.html_url, child.name) for child in team.children]
    body = f"<p>{escape(team.description or '')}</p>{_links(people)}"
    return _html(team.name, body + _links(children))


def _account(state: "State", login: str) -> Response:
    account = state.account(login)
    owned = [(r.html_url, r.name) for r in state.owned_by(account)]
    teams = getattr(account, "teams", {}).values()
    body = _links((team.html_url, team.name) for team in teams)
    return _html(account.name or account.login, body + _links(owned))


def _directory(
    repository: "Repository", reference: str | None, path: str
) -> Response | None:
    title = "/".join((repository.full_name, *path.split("/"))).rstrip("/")
    if repository.head is None and reference is None:
        return _html(title, "<p>Nothing here yet.</p>")
    commit = repository.commit(reference)
    if (content := commit.snapshot.files.get(path)) is not None:
        text = escape(content.decode("utf-8", "replace"))
        return _html(title, f"<pre>{text}</pre>")
    entries = commit.snapshot.directories.get(path)
    if entries is None:
        return None
    where = reference or repository.default_branch
    return _html(
        title,
        f"<p>{escape(repository.description or '')}</p>"
        + _links(
            (f"{repository.html_url}/{entry.kind}/{where}/{entry.path}", entry.name)
            for entry in entries
        ),
    )


def _links(links: Iterable[tuple[str, str]]) -> str:
    items = "".join(
        f'<li><a href="{escape(url)}">{escape(text)}</a></li>' for url, text in links
    )
    return f"<ul>{items}</ul>"


def _html(title: str, body: str) -> Response:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body))
