"""What a GraphQL query costs, before it is run.

GitHub's "Rate limits and query limits for the GraphQL API": every connection needs
one request for each item of the connections around it; the sum divided by 100,
rounded, at least 1, is the cost. The product of all ``first`` and ``last`` down to a
connection is what it may return; the sum must not exceed 500,000.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphql import DocumentNode, FieldNode, SelectionSetNode

MOST_NODES = 500_000


@dataclass
class Estimate:
    """The price of a query."""

    requests: int = 0
    nodes: int = 0

    @property
    def cost(self) -> int:
        """Points of the hourly budget."""
        return max(1, round(self.requests / 100))


def estimate(
    document: "DocumentNode", operation: str | None, variables: Mapping[str, object]
) -> Estimate:
    """Return what the named, or the only, operation of a document costs."""
    from graphql import FragmentDefinitionNode, OperationDefinitionNode

    fragments = {
        found.name.value: found
        for found in document.definitions
        if isinstance(found, FragmentDefinitionNode)
    }
    total = Estimate()

    def visit(selections: "SelectionSetNode", around: int) -> None:
        from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode

        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                inside = around
                if (size := _size(selection, variables)) is not None:
                    total.requests += around
                    inside = around * max(1, size)
                    total.nodes += around * size
                if selection.selection_set is not None:
                    visit(selection.selection_set, inside)
            elif isinstance(selection, InlineFragmentNode):
                visit(selection.selection_set, around)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = fragments.get(selection.name.value)
                if fragment is not None:
                    visit(fragment.selection_set, around)

    for found in document.definitions:
        if isinstance(found, OperationDefinitionNode):
            name = None if found.name is None else found.name.value
            if operation in {None, name}:
                visit(found.selection_set, 1)
    return total


def _size(field: "FieldNode", variables: Mapping[str, object]) -> int | None:
    from graphql import IntValueNode, VariableNode

    for argument in field.arguments or ():
        if argument.name.value in {"first", "last"}:
            value = argument.value
            if isinstance(value, IntValueNode):
                return int(value.value)
            if isinstance(value, VariableNode):
                given = variables.get(value.name.value)
                return given if isinstance(given, int) else None
    return None
