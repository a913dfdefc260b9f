"""Draw operations from hypothesis-graphql and transform them.

Literals become variables. Selections move into fragments, repeat, split in two under one key, and get
conditions, aliases and type names.
"""

import random

import hypothesis_graphql
from graphql import (
    FieldNode,
    GraphQLNonNull,
    NameNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    is_abstract_type,
    parse,
    print_ast,
    validate,
    visit,
)
from graphql.utilities import value_from_ast_untyped
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis_graphql import nodes

MARK_STRATEGIES = {"Mark": st.sampled_from(["a", "b", "c", "refused"]).map(nodes.String)}
CONDITIONS = ["@include(if: $yes)", "@skip(if: $yes)", "@include(if: $no)", "@skip(if: $no)"]
LITERAL_CONDITIONS = ["@include(if: true)", "@skip(if: true)", "@skip(if: false) @include(if: $yes)"]
RARE_CONDITIONS = ["@include(if: $unsure)", "@skip(if: $no) @include(if: $yes)", "@skip(if: $unsure)"]
INVALID_VALUES = [None, 5, "nonsense", [], [None], {"x": 1}, {}, True]


@st.composite
def operations(draw, schema):
    """Draw a valid document, with valid or invalid variables."""
    draw_documents = draw(st.sampled_from([hypothesis_graphql.queries, hypothesis_graphql.mutations]))
    try:
        plain = draw_documents(schema, custom_scalars=MARK_STRATEGIES, allow_x00=False)
    except ValueError:  # hypothesis-graphql overflows on a few schemas ("math domain error")
        reject()
    source = draw(plain)
    return twist_document(schema, source, random.Random(draw(st.integers(0, 2**32))))


def twist_document(schema, source, chance):
    """Return the transformed document, or the original if the transformed one is invalid."""
    types = TypeInfo(schema)
    twist = Twist(types, chance)
    document = visit(parse(source), TypeInfoVisitor(types, twist))
    text = "\n".join([print_ast(document), *twist.fragments])
    text = (
        text.replace("query", "query" + twist.variable_definitions(), 1) if text.startswith("query") else text
    )
    if text.startswith("{"):
        text = "query" + twist.variable_definitions() + " " + text
    elif text.startswith("mutation"):
        text = text.replace("mutation", "mutation" + twist.variable_definitions(), 1)
    try:
        invalid = validate(schema, parse(text))
    except Exception as error:  # a transformed document must always parse
        raise AssertionError(text) from error
    return (source, {}) if invalid else (text, twist.variables)


class Twist(Visitor):
    def __init__(self, types, chance):
        super().__init__()
        self.types = types
        self.chance = chance
        self.definitions = {}
        self.variables = {}
        self.fragments = []
        self.aliases = 0
        self.carelessness = chance.choice([0.0, 0.0, 0.0, 0.1])  # probability of an invalid variable

    def variable_definitions(self):
        lines = [f"${name}: {type_}" for name, type_ in self.definitions.items()]
        return f"({', '.join(lines)})" if lines else ""

    def leave_argument(self, node, *_):
        argument = self.types.get_argument()
        if argument is None or self.chance.random() > 0.4:
            return None
        name = f"v{len(self.definitions)}"
        type_, default = argument.type, ""
        if isinstance(type_, GraphQLNonNull) and self.chance.random() < 0.3:
            type_ = type_.of_type
        if print_ast(node.value) != "null" and self.chance.random() < 0.4:
            default = f" = {print_ast(node.value)}"
        self.definitions[name] = f"{type_}{default}"
        omitted = default and self.chance.random() < 0.3
        if self.chance.random() < self.carelessness:
            self.variables[name] = self.chance.choice(INVALID_VALUES)
        elif not omitted and self.chance.random() > self.carelessness:
            self.variables[name] = value_from_ast_untyped(node.value)
        return with_changes(node, value=VariableNode(name=NameNode(value=name)))

    def leave_selection_set(self, node, *_):
        parent = self.types.get_parent_type()
        selections = [self.conditional(selection) for selection in node.selections]
        if self.chance.random() < 0.3:
            position = self.chance.randrange(len(selections) + 1)
            selections.insert(position, self.chance.choice([field("__typename"), field("kind: __typename")]))
        for twist in (self.split, self.repeat, self.enclose, self.specialise, self.introspect):
            if self.chance.random() < 0.3:
                selections = twist(selections, parent)
        return with_changes(node, selections=tuple(selections))

    def conditional(self, node):
        if self.chance.random() > 0.15 or node.directives:
            return node
        return with_changes(node, directives=parse_selection(f"a {self.condition()}").directives)

    def condition(self):
        conditions = self.chance.choices([CONDITIONS, LITERAL_CONDITIONS, RARE_CONDITIONS], [6, 3, 1])[0]
        condition_text = self.chance.choice(conditions)
        for name, type_ in (("yes", "Boolean!"), ("no", "Boolean!"), ("unsure", "Boolean = true")):
            if f"${name}" in condition_text and name not in self.definitions:
                self.definitions[name] = type_
                value = {"yes": True, "no": False, "unsure": self.chance.choice([True, None])}[name]
                self.variables[name] = not value if self.chance.random() < 0.2 else value
        return condition_text

    def split(self, selections, parent):
        """Split a field with several sub-selections into two fields under one key."""
        for position, node in enumerate(selections):
            child_selections = node.selection_set.selections if node.selection_set else ()
            if isinstance(node, FieldNode) and len(child_selections) > 1:
                split_at = self.chance.randrange(1, len(child_selections))
                halves = [
                    with_changes(node, selection_set=SelectionSetNode(selections=child_part))
                    for child_part in (child_selections[:split_at], child_selections[split_at:])
                ]
                return [*selections[:position], halves[0], *selections[position + 1 :], halves[1]]
        return selections

    def repeat(self, selections, parent):
        """Repeat a field, under its own key or another."""
        node = self.chance.choice(selections)
        if not isinstance(node, FieldNode):
            return selections
        if self.chance.random() < 0.5:
            self.aliases += 1
            node = with_changes(node, alias=NameNode(value=f"again{self.aliases}"))
        return [*selections, node]

    def enclose(self, selections, parent):
        """Move some of the fields into a fragment, inline or named and spread once or twice."""
        start = self.chance.randrange(len(selections))
        stop = self.chance.randrange(start, len(selections)) + 1
        inner = tuple(selections[start:stop])
        condition = f" {self.condition()}" if self.chance.random() < 0.3 else ""
        remaining = [*selections[:start], *selections[stop:]]
        if self.chance.random() < 0.5:
            name = self.chance.choice(["", f"on {parent.name}"])
            empty = parse_selection(f"... {name}{condition} {{ a }}")
            return [*remaining, with_changes(empty, selection_set=SelectionSetNode(selections=inner))]
        name = f"Part{len(self.fragments)}"
        fragment_body = print_ast(SelectionSetNode(selections=inner))
        self.fragments.append(f"fragment {name} on {parent.name} {fragment_body}")
        repeated_spread = [parse_selection(f"...{name}")] if self.chance.random() < 0.4 else []
        return [parse_selection(f"...{name}{condition}"), *remaining, *repeated_spread]

    def specialise(self, selections, parent):
        """Repeat some fields of an interface or union in a fragment on one of its types."""
        if not is_abstract_type(parent):
            return selections
        type_ = self.chance.choice(self.types._schema.get_possible_types(parent))
        known_fields = [
            selection
            for selection in selections
            if isinstance(selection, FieldNode) and selection.name.value in type_.fields
        ]
        inner = self.chance.sample(known_fields, self.chance.randint(0, len(known_fields))) or [
            field("__typename")
        ]
        empty = parse_selection(f"... on {type_.name} {{ a }}")
        on_type = with_changes(empty, selection_set=SelectionSetNode(selections=tuple(inner)))
        return [on_type, *selections] if self.chance.random() < 0.5 else [*selections, on_type]

    def introspect(self, selections, parent):
        if parent.name != "Query" or self.chance.random() < 0.5:
            return selections
        introspection_field = self.chance.choice(
            ['__type(name: "Query") { name fields { name } }', "__schema { queryType { name } }"]
        )
        return [*selections, field(introspection_field)]


def parse_selection(selection):
    return parse(f"{{ {selection} }}", no_location=True).definitions[0].selection_set.selections[0]


field = parse_selection


def with_changes(node, **changes):
    return type(node)(**{key: getattr(node, key) for key in node.keys if key != "loc"} | changes)
