"""Documents that select everything below a root field of the schema, with random arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from shop.api.ids import global_id
from tests.factories import PASSWORD

TEXTS = ["", " ", "abc", "ạ🌾", "x" * 300, "'; --", "%_\\", "2026-11-25", "viet-nam", "a@example.com"]
# Usual values of arguments and input fields with these names.
USUAL_VALUES = {
    "city": "Phường Nghĩa Đô",
    "country": "VN",
    "currencyCode": "VND",
    "defaultCountry": "VN",
    "email": "lan@example.com",
    "firstName": "Lan",
    "name": "Bí xanh thơm",
    "oldPassword": PASSWORD,
    "password": PASSWORD,
    "redirectUrl": "http://127.0.0.1:3000/",
    "slug": "bi-xanh-thom",
    "streetAddress1": "Số 5, ngõ 12",
    "title": "Giới thiệu",
}
INVENTED_KEYS = [1, 2, 3, 10**18, "x", "0b1c5f2e-94d6-4a7e-9c39-3f0f7a3d9b11"]
INVENTED_TYPES = [
    "Product",
    "ProductVariant",
    "User",
    "Address",
    "Channel",
    "Order",
    "Group",
    "App",
    "Checkout",
    "Warehouse",
]
SCALARS: dict[str, list[Any]] = {
    "DateTime": ["2026-11-25T10:00:00+07:00", "9998-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "x"],
    "Date": ["2026-11-25", "9998-12-31", "0001-01-01", "", "x"],
    "UUID": ["5e7d1f60-3c51-4a67-8f0e-6a3d8f2c9b10", "0b1c5f2e-94d6-4a7e-9c39-3f0f7a3d9b11", "x"],
    "JSONString": ["{}", "[]", '{"blocks": [{"type": "x"}]}', "{", '"x"'],
    "Boolean": [True, False],
    "Int": [0, 1, 2, -1, 2**31 - 1],
    "Float": [0, 1.5, -1, 1e300],
    "PositiveInt": [1, 100, 0],
    **{name: [0, 7, -1] for name in ("Day", "Hour", "Minute")},
    **{name: [20_000, 1.5, 7, 0, -1, "1e400"] for name in ("Decimal", "PositiveDecimal", "WeightScalar")},
}
_DEEPEST_INPUT = 3


class Chance(Random):
    """A random source that mostly picks existing `ids`, by type, that fit the argument."""

    def __init__(self, seed: str, ids: Mapping[str, Sequence[str]]) -> None:
        super().__init__(seed)
        self.ids = ids
        self.root_field = ""

    def pick_id(self, name: str) -> str:
        """Return an id for an argument or input field of this name (`productId`, `channels`, `id`)."""
        type_hint = name.removesuffix("Ids").removesuffix("Id").removesuffix("s").lower()
        matching_types = [type_ for type_ in self.ids if type_hint.endswith(type_.lower())]
        matching_types = matching_types or [
            type_ for type_ in self.ids if type_.lower() in self.root_field.lower()
        ]
        if self.ids and self.random() < 0.8:
            plain = (
                max(matching_types, key=len)
                if matching_types and name != "id"
                else self.choice(matching_types or list(self.ids))
            )
            return self.choice(self.ids[plain])
        invented_id = global_id(self.choice(INVENTED_TYPES), self.choice(INVENTED_KEYS))
        return self.choice([invented_id, invented_id, invented_id, "abc"])


def make_document(
    schema: GraphQLSchema, operation_type: str, name: str, chance: Chance, depth: int = 3
) -> str:
    """Return a document with one root field and everything below it, `depth` levels down."""
    chance.root_field = name
    root = schema.type_map[operation_type.capitalize()]
    return f"{operation_type} {{ {_field(schema, name, root.fields[name], chance, depth)} }}"  # type: ignore[attr-defined]


def _field(schema: GraphQLSchema, name: str, field: GraphQLField, chance: Chance, depth: int) -> str:
    arguments = []
    for key, argument in field.args.items():
        if key == "first":
            arguments.append("first: 2")
        elif key in ("last", "after", "before"):
            continue
        elif is_required_argument(argument) or chance.random() < 0.3:
            arguments.append(f"{key}: {_literal(argument.type, chance, 0, key)}")
    text = f"{name}({', '.join(arguments)})" if arguments else name
    inner = get_named_type(field.type)
    return text if is_leaf_type(inner) else f"{text} {{ {_selections(schema, inner, chance, depth)} }}"


def _selections(schema: GraphQLSchema, type_: Any, chance: Chance, depth: int) -> str:
    parts = ["__typename"]
    if depth <= 0:
        return parts[0]
    if is_abstract_type(type_) and not getattr(type_, "fields", None):
        return " ".join(
            f"... on {possible_type.name} {{ {_selections(schema, possible_type, chance, depth - 1)} }}"
            for possible_type in schema.get_possible_types(type_)
        )
    # Connections and edges do not count as levels.
    further = depth if type_.name.endswith(("Connection", "Edge")) else depth - 1
    for name, field in type_.fields.items():
        if is_leaf_type(get_named_type(field.type)) or further > 0:
            parts.append(_field(schema, name, field, chance, further))
    return " ".join(parts)


def _literal(type_: Any, chance: Chance, level: int, name: str) -> str:
    if is_non_null_type(type_):
        return _literal(type_.of_type, chance, level, name)
    if is_list_type(type_):
        count = chance.choice([0, 1, 1, 2])
        return f"[{', '.join(_literal(type_.of_type, chance, level + 1, name) for _ in range(count))}]"
    if name in USUAL_VALUES and not is_input_object_type(type_) and chance.random() < 0.7:
        value = USUAL_VALUES[name]
        return value if is_enum_type(type_) else json.dumps(value, ensure_ascii=False)
    if is_enum_type(type_):
        return chance.choice(list(type_.values))
    if is_input_object_type(type_):
        values = {
            key: _literal(field.type, chance, level + 1, key)
            for key, field in type_.fields.items()
            if is_required_input_field(field) or (level < _DEEPEST_INPUT and chance.random() < 0.4)
        }
        return "{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}"
    if type_.name == "ID":
        return json.dumps(chance.pick_id(name))
    if type_.name == "Upload":
        return "null"
    if type_.name in ("Metadata", "JSON", "GenericScalar", "_Any"):
        return '{a: "1"}'
    return json.dumps(chance.choice(SCALARS.get(type_.name, TEXTS)), ensure_ascii=False)
