"""Webhooks and the deliveries API, for organizations, repositories and apps."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from callboard_github.simulator.documents import (
    delivery_document,
    delivery_summary_document,
    hook_document,
)
from callboard_github.simulator.documents.hooks import hook_config_document
from callboard_github.simulator.errors import Forbidden, NotFound, Unprocessable
from callboard_github.simulator.hooking import ping
from callboard_github.simulator.rest.call import NOTHING, Call, Reply, Routes

if TYPE_CHECKING:
    from callboard_github.simulator.hook import ContentType, Hook, HookDelivery
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository

_DAY = 24 * 3600


def _owner(call: Call, *, write: bool = False) -> "Organization | Repository":
    """Return whose webhooks these are, if the caller may see or change them.

    Raises:
        NotFound: A person may not: GitHub does not say that there is something.
        Forbidden: An installation may not.
    """
    if "org" in call.path:
        owner = call.organization(inside=True)
        allowed = call.identity.may("organization_hooks", "admin:org_hook", write=write)
        ruled = _rules(call, owner)
    else:
        owner = call.repository()
        scopes = ["repo", "admin:repo_hook", "write:repo_hook"]
        scopes += [] if write else ["read:repo_hook"]
        allowed = call.identity.may("repository_hooks", *scopes, write=write)
        ruled = owner.owner is call.identity.user or (
            owner.organization is not None and _rules(call, owner.organization)
        )
    if call.identity.installation is not None and not allowed:
        message = "Resource not accessible by integration"
        raise Forbidden(message)
    if not allowed or not (ruled or call.identity.installation is not None):
        raise NotFound
    return owner


def _rules(call: Call, organization: "Organization") -> bool:
    """Return whether the person who asks owns an organization."""
    user = call.identity.user
    return user is not None and (
        user.site_admin or organization.members.get(user.id) == "admin"
    )


def _hook(call: Call, *, write: bool = False) -> "Hook":
    if "hook" not in call.path:
        if (hook := call.app().hook) is None:
            raise NotFound
        return hook
    number = call.number("hook")
    for hook in _owner(call, write=write).hooks:
        if hook.id == number:
            return hook
    raise NotFound


def _list(call: Call) -> Reply:
    return call.page(_owner(call).hooks, hook_document)


def _create(call: Call) -> Reply:
    config = _config(call.body.get("config"))
    url = config.get("url")
    if not isinstance(url, str) or not url:
        message = "Validation Failed: config.url is missing"
        raise Unprocessable(message)
    hook = _owner(call, write=True).create_hook(
        url,
        secret=cast("str | None", config.get("secret")),
        events=_events(call) or ("push",),
        content_type=cast("ContentType", config.get("content_type", "form")),
        active=call.body.get("active") is not False,
    )
    return Reply(hook_document(hook), 201)


def _one(call: Call) -> Reply:
    return Reply(hook_document(_hook(call)))


def _edit(call: Call) -> Reply:
    hook = _hook(call, write=True)
    if "config" in call.body:
        config = _config(call.body["config"])
        _configure(hook, config)
        if "secret" not in config:  # taken for a wish to have none
            hook.secret = None
    events = _events(call)
    added = frozenset(cast("list[str]", call.body.get("add_events", [])))
    gone = frozenset(cast("list[str]", call.body.get("remove_events", [])))
    wanted = frozenset(events) if events else hook.events
    active = call.body.get("active")
    hook.edit(
        events=(wanted | added) - gone,
        active=active if isinstance(active, bool) else None,
    )
    return Reply(hook_document(hook))


def _delete(call: Call) -> Reply:
    hook = _hook(call, write=True)
    _owner(call, write=True).hooks.remove(hook)
    del call.state.hooks[hook.id]
    return NOTHING


def _show_config(call: Call) -> Reply:
    return Reply(hook_config_document(_hook(call)))


def _edit_config(call: Call) -> Reply:
    hook = _hook(call, write=True)
    _configure(hook, call.body)
    return Reply(hook_config_document(hook))


def _ping(call: Call) -> Reply:
    ping(_hook(call))
    return NOTHING


def _config(value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = "Invalid request. For 'config', an object is expected."
        raise Unprocessable(message)
    return cast("dict[str, object]", value)


def _configure(hook: "Hook", config: Mapping[str, object]) -> None:
    hook.edit(
        url=cast("str | None", config.get("url")),
        secret=cast("str | None", config.get("secret")),
        content_type=cast("ContentType | None", config.get("content_type")),
        insecure_ssl=str(config["insecure_ssl"]) == "1"
        if "insecure_ssl" in config
        else None,
    )


def _events(call: Call) -> list[str]:
    events: object = call.body.get("events")
    if events is None:
        return []
    if not isinstance(events, list):
        message = "Invalid request. For 'events', an array is expected."
        raise Unprocessable(message)
    return cast("list[str]", events)


# Deliveries.


def _remembered(call: Call) -> "list[HookDelivery]":
    """Return what was sent inside the window, newest first."""
    since = call.service.clock() - call.state.limits.deliveries_days * _DAY
    return [
        delivery
        for delivery in reversed(_hook(call).deliveries)
        if delivery.delivered is not None and delivery.delivered >= since
    ]


def _deliveries(call: Call) -> Reply:
    found = _remembered(call)
    wanted = call.query.get("status")
    if wanted in {"success", "failure"}:
        found = [d for d in found if d.failed == (wanted == "failure")]
    if cursor := call.query.get("cursor"):
        # The cursor names the delivery that the last page ended with.
        number = int(cursor.removeprefix("v1_")) if cursor[3:].isdigit() else 0
        found = [delivery for delivery in found if delivery.id < number]
    size = call.per_page()
    shown, more = found[:size], len(found) > size
    links = [("next", {"cursor": f"v1_{shown[-1].id}"})] if more else []
    return Reply(
        [delivery_summary_document(delivery) for delivery in shown],
        headers=call.link(links),
    )


def _delivery(call: Call) -> Reply:
    number = call.number("delivery")
    for delivery in _remembered(call):
        if delivery.id == number:
            return Reply(delivery_document(delivery))
    raise NotFound


def _redeliver(call: Call) -> Reply:
    number = call.number("delivery")
    if all(delivery.id != number for delivery in _remembered(call)):
        raise NotFound
    _hook(call, write=True).redeliver(number)
    return Reply({}, 202)


def _below(prefix: str) -> Routes:
    handlers: list[tuple[str, str, Callable[[Call], Reply]]] = [
        ("GET", f"{prefix}/config", _show_config),
        ("PATCH", f"{prefix}/config", _edit_config),
        ("GET", f"{prefix}/deliveries", _deliveries),
        ("GET", f"{prefix}/deliveries/{{delivery}}", _delivery),
        ("POST", f"{prefix}/deliveries/{{delivery}}/attempts", _redeliver),
    ]
    return handlers


def _for_owner(prefix: str) -> Routes:
    return (
        ("GET", prefix, _list),
        ("POST", prefix, _create),
        ("GET", f"{prefix}/{{hook}}", _one),
        ("PATCH", f"{prefix}/{{hook}}", _edit),
        ("DELETE", f"{prefix}/{{hook}}", _delete),
        ("POST", f"{prefix}/{{hook}}/pings", _ping),
        *_below(f"{prefix}/{{hook}}"),
    )


ROUTES: Routes = (
    *_below("/app/hook"),
    *_for_owner("/orgs/{org}/hooks"),
    *_for_owner("/repos/{owner}/{repo}/hooks"),
)
