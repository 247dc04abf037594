"""Runs a GraphQL query against the state."""

import functools
import operator
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from callboard_github.simulator.graphql.accounts import (
    ORGANIZATION,
    USER,
    find_organization,
    find_owner,
    find_user,
    find_viewer,
)
from callboard_github.simulator.graphql.activity import DEPLOYMENT
from callboard_github.simulator.graphql.code import BLOB, COMMIT, TREE_ENTRY
from callboard_github.simulator.graphql.cost import MOST_NODES, Estimate, estimate
from callboard_github.simulator.graphql.fields import Fields, Info
from callboard_github.simulator.graphql.refusal import Refusal
from callboard_github.simulator.graphql.repositories import (
    REPOSITORY,
    TOPIC,
    find_repository,
)
from callboard_github.simulator.graphql.teams import TEAM
from callboard_github.simulator.identity import timestamp
from callboard_github.simulator.repository import Repository
from callboard_github.simulator.team import Team

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLError, GraphQLSchema

    from callboard_github.simulator.documents import Document
    from callboard_github.simulator.graphql.scope import Scope


def _rate_limit(
    _root: object,
    info: Info,
    dryRun: bool = False,  # noqa: N803 - the schema's argument
) -> dict[str, object]:
    del dryRun
    scope = info.context
    return {
        "cost": scope.cost,
        "limit": scope.window.limit,
        "nodeCount": scope.nodes,
        "remaining": scope.window.remaining,
        "resetAt": timestamp(scope.window.reset),
        "used": scope.window.used,
    }


def _node(_root: object, info: Info, id: str) -> object:  # noqa: A002 - the schema's
    scope = info.context
    state = scope.state
    for records in (state.users, state.organizations, state.teams, state.repositories):
        for record in records.values():
            if record.node_id == id and _shown_to(scope, record):
                return record
    message = f"Could not resolve to a node with the global id of '{id}'."
    raise Refusal("NOT_FOUND", message)


def _shown_to(scope: "Scope", record: object) -> bool:
    if isinstance(record, Repository):
        return scope.visible(record)
    if isinstance(record, Team):
        return scope.identity.belongs_to(record.organization.login)
    return True


def _nodes(_root: object, info: Info, ids: list[str]) -> list[object]:
    def found(id_: str) -> object:
        try:
            return _node(None, info, id_)
        except Refusal as refusal:
            return refusal  # graphql-core makes null and an error of it

    return [found(id_) for id_ in ids]


_QUERY: Fields = {
    "node": _node,
    "nodes": _nodes,
    "organization": find_organization,
    "rateLimit": _rate_limit,
    "repository": find_repository,
    "repositoryOwner": find_owner,
    "user": find_user,
    "viewer": find_viewer,
}

_TYPES: Mapping[str, Fields] = {
    "Query": _QUERY,
    "Organization": ORGANIZATION,
    "User": USER,
    "Team": TEAM,
    "Repository": REPOSITORY,
    "RepositoryTopic": TOPIC,
    "Blob": BLOB,
    "TreeEntry": TREE_ENTRY,
    "Commit": COMMIT,
    "Deployment": DEPLOYMENT,
}

_NAMES = {"CommitObject": "Commit"}


@functools.cache
def schema() -> "GraphQLSchema":
    """Return the schema with its resolvers; built at the first use."""
    from graphql import GraphQLAbstractType, GraphQLObjectType, build_schema

    text = files(__package__ or "").joinpath("schema.graphql").read_text("utf-8")
    built = build_schema(text)
    for name, fields in _TYPES.items():
        kind = cast("GraphQLObjectType", built.type_map[name])
        for field, found in fields.items():
            if isinstance(found, str):
                kind.fields[field].resolve = _attribute(found)
            else:
                kind.fields[field].resolve = found

    def resolve_type(record: object, *_: object) -> str:
        name = type(record).__name__
        return _NAMES.get(name, name)

    for kind in built.type_map.values():
        if isinstance(kind, GraphQLAbstractType):
            kind.resolve_type = resolve_type
    return built


def _attribute(name: str) -> "functools.partial[object]":
    return functools.partial(_get, operator.attrgetter(name))


def _get(getter: "operator.attrgetter[object]", record: object, _info: Info) -> object:
    return getter(record)


@functools.lru_cache(maxsize=256)
def prepare(query: str) -> "tuple[DocumentNode | None, tuple[GraphQLError, ...]]":
    """Parse and validate a query, once for each text.

    Returns:
        The document, or None and why not.
    """
    from graphql import GraphQLError, parse, validate

    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    errors = tuple(validate(schema(), document))
    return (None, errors) if errors else (document, ())


def price(
    query: str, operation: str | None, variables: Mapping[str, object]
) -> Estimate:
    """Return what a query costs; a broken one costs the least."""
    document, _ = prepare(query)
    return Estimate() if document is None else estimate(document, operation, variables)


def execute(
    scope: "Scope",
    query: str,
    operation: str | None,
    variables: Mapping[str, object],
) -> "Document":
    """Return the response to a query: ``data``, ``errors`` or both."""
    from graphql import execute_sync  # pyright: ignore[reportUnknownVariableType]  # its middleware is untyped

    document, errors = prepare(query)
    if document is None:
        return {"errors": [_shown(error) for error in errors]}
    if scope.nodes > MOST_NODES:
        message = (
            f"By the time this query traverses to its last connection, it is "
            f"requesting up to {scope.nodes:,} possible nodes which exceeds the "
            f"maximum limit of {MOST_NODES:,}."
        )
        return {"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}]}
    result = execute_sync(
        schema(),
        document,
        context_value=scope,
        variable_values=dict(variables),
        operation_name=operation,
    )
    response: Document = {"data": result.data}
    if result.errors:
        response["errors"] = [_shown(error) for error in result.errors]
    return response


def _shown(error: "GraphQLError") -> "Document":
    shown: Document = dict(error.formatted)
    extensions = cast("Document", shown.pop("extensions", None) or {})
    if "type" in extensions:
        shown = {"type": extensions["type"], **shown}
    return shown
