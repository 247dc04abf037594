"""Webhooks and their deliveries as GitHub shows them."""

from typing import TYPE_CHECKING

import msgspec

from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.identity import timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.hook import Hook, HookDelivery


def hook_document(hook: "Hook") -> Document:
    """Return a webhook; its secret shows only as stars."""
    api = hook.state.api
    document: Document = {
        "type": {
            "repository": "Repository",
            "organization": "Organization",
            "integration": "App",
        }[hook.target_type],
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": sorted(hook.events),
        "config": hook_config_document(hook),
        "updated_at": timestamp(hook.updated),
        "created_at": timestamp(hook.created),
    }
    if hook.app is not None:
        document["app_id"] = hook.app.id
        below = f"{api}/app/hook"
    elif hook.organization is not None:
        below = f"{hook.organization.api_url}/hooks/{hook.id}"
    elif hook.repository is not None:
        below = f"{hook.repository.api_url}/hooks/{hook.id}"
        document["test_url"] = f"{below}/test"
        document["last_response"] = _last_response(hook)
    else:
        below = f"{api}/hooks/{hook.id}"
    if hook.app is None:
        document["url"] = below
        document["ping_url"] = f"{below}/pings"
    document["deliveries_url"] = f"{below}/deliveries"
    return document


def hook_config_document(hook: "Hook") -> Document:
    """Return a webhook's configuration."""
    config: Document = {
        "content_type": hook.content_type,
        "insecure_ssl": "1" if hook.insecure_ssl else "0",
        "url": hook.url,
    }
    if hook.secret:
        config["secret"] = "********"  # noqa: S105 - what GitHub shows instead
    return config


def _last_response(hook: "Hook") -> Document:
    for delivery in reversed(hook.deliveries):
        if delivery.delivered is not None:
            status = "active" if delivery.status == "OK" else "misconfigured"
            code = delivery.status_code or None
            return {"code": code, "status": status, "message": delivery.status}
    return {"code": None, "status": "unused", "message": None}


def delivery_summary_document(delivery: "HookDelivery") -> Document:
    """Return a delivery as a list of deliveries carries it."""
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": timestamp(delivery.delivered or 0),
        "redelivery": delivery.redelivery,
        "duration": round(delivery.duration, 2),
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": (
            None if delivery.throttled is None else timestamp(delivery.throttled)
        ),
    }


def delivery_document(delivery: "HookDelivery") -> Document:
    """Return a delivery with its request and the response to it."""
    return delivery_summary_document(delivery) | {
        "url": delivery.hook.url,
        "request": {
            "headers": delivery.headers,
            "payload": msgspec.Raw(delivery.body),
        },
        "response": {
            "headers": delivery.response_headers,
            "payload": delivery.response_body,
        },
    }
