"""A world of random values, equal for both executors.

Each value derives from a seed, the object, the field and its arguments. Some are null, some fail, some are
invalid for their type.
"""

import random

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLScalarType,
    graphql_sync,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from shop.api.breadth import Executor

VALID_VALUES = {
    "Int": [0, 7, -3, True, 4.0, "12"],
    "Float": [0.5, 2, "1.25", False],
    "String": ["", "chữ", 5, True, 1.5],
    "Boolean": [True, False, 1, 0.0],
    "ID": ["id", 9, "9"],
    "Mark": ["good", 1, {"deep": [1]}],
}
INVALID_VALUES = {
    "Int": ["seven", 2**31, 1.5, [1]],
    "Float": [float("inf"), "x", {}],
    "String": [[], {}, float("nan")],
    "Boolean": ["yes", []],
    "ID": [True, []],
    "Mark": ["refused", "vanishing"],
}


class Node:
    """An object of the world. `resolved_type` is the result of its type resolver."""

    def __init__(self, type_name, identity, resolved_type=None):
        self.type_name = type_name
        self.identity = identity
        self.resolved_type = resolved_type or type_name

    def __repr__(self):
        return f"<{self.type_name} {self.identity}>"


class World:
    """One schema, and the values of the current seed."""

    def __init__(self, schema):
        self.schema = schema
        self.change_seed(seed=0, failure_rate=0.05)
        fields = {
            type_.name: {name: self.resolver(type_.name, name) for name in type_.fields}
            for type_ in schema.type_map.values()
            if is_object_type(type_) and not type_.name.startswith("__")
        }
        abstract_types = [
            named_type for named_type in schema.type_map.values() if is_abstract_type(named_type)
        ]
        self.executor = Executor(
            schema, fields, {abstract_type.name: self.types_of for abstract_type in abstract_types}
        )

    def change_seed(self, seed, failure_rate):
        """Change the seed; `failure_rate` is the fraction of failing or forbidden null values."""
        self.seed = seed
        self.failure_rate = failure_rate

    def breadth_first(self, source, variables=None, operation_name=None):
        return self.executor.execute(
            source, variables=variables, operation_name=operation_name, root=Node("root", "root")
        )

    def depth_first(self, source, variables=None, operation_name=None):
        """Execute the document with graphql-core on the same world."""
        return graphql_sync(
            self.schema,
            source,
            Node("root", "root"),
            variable_values=variables,
            operation_name=operation_name,
            field_resolver=lambda parent, info, **arguments: self.value(
                info.parent_type.name, info.field_name, parent, arguments
            ),
            type_resolver=lambda value, info, type_: _raise_or_return(value.resolved_type),
        )

    def resolver(self, type_name, name):
        def resolve(parents, arguments, context, selection):
            self.fail_for_all(type_name, name, arguments)
            return [call_or_catch(self.value, type_name, name, parent, arguments) for parent in parents]

        return resolve

    def types_of(self, values, context):
        return [value.resolved_type for value in values]

    def value(self, type_name, name, parent, arguments):
        self.fail_for_all(type_name, name, arguments)
        chance = random.Random(f"{self.seed} {parent!r} {type_name}.{name} {arguments!r}")
        type_ = self.schema.type_map[type_name].fields[name].type
        return _raise_or_return(self.draw(chance, type_, f"{parent!r}.{name}"))

    def fail_for_all(self, type_name, name, arguments):
        """Fail the field for every object."""
        chance = random.Random(f"{self.seed} {type_name}.{name} {arguments!r}")
        if chance.random() < self.failure_rate / 2:
            raise ValueError(f"{type_name}.{name} is out of order.")

    def draw(self, chance, type_, identity):
        sample = chance.random()
        if sample < self.failure_rate:
            return _failure(chance, identity)
        if is_non_null_type(type_):
            return (
                None
                if sample < 1.4 * self.failure_rate
                else self.valid_value(chance, type_.of_type, identity)
            )
        return None if sample < 0.12 + self.failure_rate else self.valid_value(chance, type_, identity)

    def valid_value(self, chance, type_, identity):
        is_invalid = chance.random() < self.failure_rate
        if is_list_type(type_):
            if is_invalid:
                return chance.choice(["no list", 5, {"no": "list"}])
            count = chance.choice([0, 1, 2, 3])
            items = [self.draw(chance, type_.of_type, f"{identity}.{index}") for index in range(count)]
            return chance.choice([list, tuple, iter])(items)
        if isinstance(type_, GraphQLEnumType):
            return chance.choice([*type_.values, *(["nonsense", 5, []] if is_invalid else [])])
        if isinstance(type_, GraphQLScalarType):
            return chance.choice((INVALID_VALUES if is_invalid else VALID_VALUES)[type_.name])
        if is_object_type(type_):
            return Node(type_.name, identity)
        name = chance.choice(self.schema.get_possible_types(type_)).name
        resolved_type = (
            chance.choice([None, "Nowhere", "Int", "Query", 5, ValueError("What is it?")])
            if is_invalid
            else name
        )
        node = Node(name, identity)
        node.resolved_type = resolved_type
        return node


def client_view(result):
    """Return a result as a client receives it, with the order of keys and errors."""
    return _in_order(result.data), [error.formatted for error in result.errors or ()]


def _in_order(data):
    if isinstance(data, dict):
        return [(key, _in_order(value)) for key, value in data.items()]
    if isinstance(data, list):
        return [_in_order(item) for item in data]
    return (type(data), data)


def _failure(chance, identity):
    return chance.choice(
        [
            ValueError(f"{identity} failed."),
            GraphQLError(f"{identity} was refused.", extensions={"code": "REFUSED"}),
            KeyError(identity),
            GraphQLError("Placed elsewhere.", path=["elsewhere"]),
        ]
    )


def _raise_or_return(value):
    if isinstance(value, Exception):
        raise value
    return value


def call_or_catch(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return error
