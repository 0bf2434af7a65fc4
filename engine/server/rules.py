"""Which documents are valid: the specification's rules, as far as Dagger holds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLError,
    ScalarLeafsRule,
    ValidationRule,
    ValuesOfCorrectTypeRule,
    get_named_type,
    is_leaf_type,
    specified_rules,
)

if TYPE_CHECKING:
    from graphql import FieldNode


class SelectionRule(ValidationRule):
    """Says in Dagger's words that an object needs a selection (dagger dagql/server.go)."""

    def enter_field(self, node: FieldNode, *_args: Any) -> None:  # noqa: ANN401 (graphql's signature)
        """Complain about an object without a selection."""
        field_type = self.context.get_type()
        named = get_named_type(field_type)
        if named and not is_leaf_type(named) and not node.selection_set:
            message = f'field "{node.name.value}" of type "{named.name}" must have a selection of subfields'
            self.report_error(GraphQLError(message, node))


# Values are checked when arguments are decoded, where quoted enum values are welcome.
RULES = [rule for rule in specified_rules if rule not in {ValuesOfCorrectTypeRule, ScalarLeafsRule}] + [SelectionRule]
