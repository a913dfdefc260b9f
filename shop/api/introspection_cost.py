"""Estimate the cost of `__schema` and `__type` by the number of entries they list."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)


class IntrospectionCost:
    """Estimates how many entries an introspection lists, from the mean lengths of a schema's lists."""

    def __init__(self, schema: GraphQLSchema) -> None:
        types = list(schema.type_map.values())
        with_fields = [
            named_type for named_type in types if is_object_type(named_type) or is_interface_type(named_type)
        ]
        fields = [field for fielded_type in with_fields for field in fielded_type.fields.values()]
        inputs = [named_type for named_type in types if is_input_object_type(named_type)]
        abstract = [named_type for named_type in types if is_abstract_type(named_type)]
        self._means = {
            "types": float(len(types)),
            "directives": float(len(schema.directives)),
            "fields": len(fields) / len(types),
            "args": sum(len(field.args) for field in fields) / max(1, len(fields)),
            "inputFields": sum(len(input_type.fields) for input_type in inputs) / len(types),
            "enumValues": sum(len(named_type.values) for named_type in types if is_enum_type(named_type))
            / len(types),
            "interfaces": sum(len(fielded_type.interfaces) for fielded_type in with_fields) / len(types),
            "possibleTypes": sum(len(schema.get_possible_types(abstract_type)) for abstract_type in abstract)
            / len(types),
        }
        # `__type` selects one type, which may be the largest.
        self._max_fields = float(max((len(fielded_type.fields) for fielded_type in with_fields), default=0))

    def cost(self, node: FieldNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
        """Return the cost of one `__schema` or `__type` field."""
        if node.selection_set is None:
            return 1
        list_lengths = self._means
        if node.name.value == "__type":
            list_lengths = {**list_lengths, "fields": self._max_fields}
        return 1 + ceil(self._count_entries(node.selection_set, list_lengths, fragments, {}))

    def _count_entries(
        self,
        selections: SelectionSetNode,
        list_lengths: Mapping[str, float],
        fragments: Mapping[str, FragmentDefinitionNode],
        cost_by_fragment: dict[str, float],
    ) -> float:
        total = 0.0
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name not in cost_by_fragment:
                    cost_by_fragment[name] = self._count_entries(
                        fragments[name].selection_set, list_lengths, fragments, cost_by_fragment
                    )
                total += cost_by_fragment[name]
            elif isinstance(node, InlineFragmentNode):
                total += self._count_entries(node.selection_set, list_lengths, fragments, cost_by_fragment)
            elif isinstance(node, FieldNode) and node.selection_set is not None:
                length = list_lengths.get(node.name.value)
                nested_entries = self._count_entries(node.selection_set, self._means, fragments, {})
                total += nested_entries if length is None else length * (1 + nested_entries)
        return total
