"""Guarantees of breadth-first execution beyond equal results."""

from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import pytest
from graphql import GraphQLError, ValidationRule

from shop.api.breadth import Document, Executor, by_name

from .schemas import build_marked_schema

pytestmark = pytest.mark.once

SDL = """
type Query { products(first: Int! = 3): [Product!]! thing: Thing version: Int! }
type Mutation { add(amount: Int!): Total fail: Int! }
type Total { amount: Int after: Int }
interface Thing { id: ID! }
type Product implements Thing { id: ID! name: String! cooperative: Cooperative related: [Product!] }
type Cooperative implements Thing { id: ID! name: String! founded: Int }
"""
SCHEMA = build_marked_schema(SDL)
Product = namedtuple("Product", "id name cooperative_id")
PRODUCTS = [Product(1, "Chè", 10), Product(2, "Mật ong", 20), Product(3, "Gạo", 10)]
COOPERATIVES = {10: {"id": 10, "name": "Tà Xùa"}, 20: {"id": 20, "name": "Bắc Hà"}}


class RecordingResolvers:
    """Resolvers that record their calls."""

    def __init__(self):
        self.calls = []

    def products(self, parents, arguments, context, selection):
        self.calls.append(("products", len(parents), arguments, selection.names()))
        return [PRODUCTS[: arguments["first"]]]

    def cooperative(self, parents, arguments, context, selection):
        self.calls.append(("cooperative", len(parents), arguments, selection.names()))
        return [COOPERATIVES[parent.cooperative_id] for parent in parents]

    def related(self, parents, arguments, context, selection):
        self.calls.append(("related", len(parents), arguments, selection.names()))
        return [[product for product in PRODUCTS if product is not parent] for parent in parents]

    @property
    def resolvers(self):
        return {
            "Query": {"products": self.products},
            "Product": {"cooperative": self.cooperative, "related": self.related},
        }


def test_field_is_resolved_once_for_all_parents() -> None:
    recorder = RecordingResolvers()
    source = "{ products { name cooperative { n: name } related { id cooperative { id founded } } } }"

    result = Executor(SCHEMA, recorder.resolvers).execute(source)

    assert result.errors is None
    assert result.data["products"][1] == {
        "name": "Mật ong",
        "cooperative": {"n": "Bắc Hà"},
        "related": [
            {"id": "1", "cooperative": {"id": "10", "founded": None}},
            {"id": "3", "cooperative": {"id": "10", "founded": None}},
        ],
    }
    assert recorder.calls == [
        ("products", 1, {"first": 3}, {"name", "cooperative", "related"}),
        ("cooperative", 3, {}, {"name"}),
        ("related", 3, {}, {"id", "cooperative"}),
        ("cooperative", 6, {}, {"id", "founded"}),
    ]


def test_resolver_without_parents_is_not_called() -> None:
    recorder = RecordingResolvers()

    result = Executor(SCHEMA, recorder.resolvers).execute("{ products(first: 0) { cooperative { id } } }")

    assert result.data == {"products": []}
    assert [name for name, *_ in recorder.calls] == ["products"]


def test_selection_names_nested_fields() -> None:
    requested = {}

    def products(parents, arguments, context, selection):
        requested["below"] = selection.names("related", "cooperative")
        requested["nowhere"] = selection.names("name", "cooperative")
        return [[]]

    def resolve_thing(parents, arguments, context, selection):
        requested["of any type"] = selection.names()
        return [None]

    source = """
        query ($no: Boolean = false) {
          products { __typename a: related { __typename cooperative { id } } ...F @include(if: $no) ...G }
          thing { id ... on Product { name } ... on Cooperative { founded } }
        }
        fragment F on Product { related { cooperative { founded } } }
        fragment G on Product { b: related { cooperative { name } } }"""
    Executor(SCHEMA, {"Query": {"products": products, "thing": resolve_thing}}).execute(source)

    assert requested == {
        "below": {"id", "name"},
        "nowhere": frozenset(),
        "of any type": {"id", "name", "founded"},
    }


def test_failing_property_fails_only_its_object() -> None:
    class Careless:
        id = 1

        @property
        def founded(self):
            raise LookupError("Nobody remembers.")

    resolvers = {"Product": {"cooperative": lambda parents, *_: [COOPERATIVES[10], Careless()]}}
    root = {"products": PRODUCTS[:2]}

    result = Executor(SCHEMA, resolvers).execute("{ products { cooperative { id founded } } }", root=root)

    assert result.data["products"] == [
        {"cooperative": {"id": "10", "founded": None}},
        {"cooperative": {"id": "1", "founded": None}},
    ]
    assert [(error.message, error.path) for error in result.errors] == [
        ("Nobody remembers.", ["products", 1, "cooperative", "founded"])
    ]


def test_resolver_exception_is_reported_at_every_path() -> None:
    def out_of_order(parents, arguments, context, selection):
        raise RuntimeError("Out of order.")

    executor = Executor(SCHEMA, {"Product": {"cooperative": out_of_order}})

    result = executor.execute("{ products { id cooperative { id } } }", root={"products": PRODUCTS[:2]})

    assert result.data == {"products": [{"id": "1", "cooperative": None}, {"id": "2", "cooperative": None}]}
    assert [(error.message, error.path) for error in result.errors] == [
        ("Out of order.", ["products", 0, "cooperative"]),
        ("Out of order.", ["products", 1, "cooperative"]),
    ]


def test_resolver_returning_too_few_values_is_an_error() -> None:
    executor = Executor(SCHEMA, {"Product": {"name": lambda parents, *_: ["only one"]}})

    result = executor.execute("{ products { name } }", root={"products": PRODUCTS})

    assert result.data is None
    assert [error.message for error in result.errors] == [
        "The resolver of Product.name returned 1 value(s) for 3 object(s)."
    ]


class Till:
    def __init__(self):
        self.amount = 0
        self.seen = []

    def add(self, parents, arguments, context, selection):
        self.amount += arguments["amount"]
        self.seen.append(f"add {arguments['amount']}")
        return [{"amount": arguments["amount"]}]

    def after(self, parents, arguments, context, selection):
        self.seen.append("after")
        return [self.amount] * len(parents)

    def fail(self, parents, arguments, context, selection):
        self.seen.append("fail")
        raise RuntimeError("Refused.")

    @property
    def executor(self):
        return Executor(
            SCHEMA, {"Mutation": {"add": self.add, "fail": self.fail}, "Total": {"after": self.after}}
        )


def test_mutations_run_serially_with_their_selections() -> None:
    till = Till()

    result = till.executor.execute(
        "mutation { a: add(amount: 1) { after amount } b: add(amount: 2) { after } }"
    )

    assert result.data == {"a": {"after": 1, "amount": 1}, "b": {"after": 3}}
    assert till.seen == ["add 1", "after", "add 2", "after"]


def test_no_mutation_runs_after_one_that_nulled_the_data() -> None:
    till = Till()

    result = till.executor.execute(
        "mutation { a: add(amount: 1) { amount } fail b: add(amount: 2) { amount } }"
    )

    assert (result.data, till.amount, till.seen) == (None, 1, ["add 1", "fail"])


def test_cached_plan_holds_no_variables() -> None:
    executor = Executor(SCHEMA, RecordingResolvers().resolvers)
    source = "query ($n: Int!, $yes: Boolean!) { products(first: $n) { id name @include(if: $yes) } }"

    results = [executor.execute(source, variables={"n": n, "yes": n > 1}).data["products"] for n in (1, 2, 1)]

    assert results == [
        [{"id": "1"}],
        [{"id": "1", "name": "Chè"}, {"id": "2", "name": "Mật ong"}],
        [{"id": "1"}],
    ]


def test_resolver_may_modify_its_arguments() -> None:
    def products(parents, arguments, context, selection):
        first = arguments.pop("first")
        return [PRODUCTS[:first]]

    executor = Executor(SCHEMA, {"Query": {"products": products}})

    results = [executor.execute("{ products(first: 1) { id } }") for _ in range(2)]

    assert [result.data for result in results] == [{"products": [{"id": "1"}]}] * 2


def test_parsed_document_is_cached() -> None:
    executor = Executor(SCHEMA, {})

    first, second, third = (executor.read(source) for source in ("{ version }", "{ version }", "{version}"))

    assert isinstance(first, Document)
    assert first is second
    assert first is not third


def test_threads_share_plans_but_not_answers() -> None:
    executor = Executor(SCHEMA, RecordingResolvers().resolvers)
    source = "query ($n: Int!) { products(first: $n) { id cooperative { id } related { name } } }"
    sizes = [n % 4 for n in range(200)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: executor.execute(source, variables={"n": n}), sizes))

    assert [len(result.data["products"]) for result in results] == sizes


def test_additional_validation_rules_are_applied() -> None:
    class NoThing(ValidationRule):
        def enter_field(self, node, *_):
            if node.name.value == "thing":
                self.report_error(GraphQLError("No things today.", node))

    result = Executor(SCHEMA, {}, rules=[NoThing]).execute("{ thing { id } }")

    assert (result.data, [error.message for error in result.errors]) == (None, ["No things today."])


def test_document_with_too_many_tokens_is_not_parsed() -> None:
    result = Executor(SCHEMA, {}, max_tokens=10).execute("{ " + "version " * 10 + "}")

    assert result.data is None
    assert result.errors[0].message.startswith("Syntax Error: Document contains more")


@pytest.mark.parametrize(
    ("resolvers", "type_resolvers", "message"),
    [
        ({"Product": {"colour": by_name("id")}}, {}, "a resolver of Product.colour, which the schema lacks"),
        ({"Nothing": {"id": by_name("id")}}, {}, "a resolver of Nothing.id, which the schema lacks"),
        ({}, {"Product": lambda values, context: []}, "Product has a type resolver but is not an interface"),
    ],
)
def test_resolvers_missing_from_the_schema_are_refused(resolvers, type_resolvers, message) -> None:
    with pytest.raises(ValueError, match=message):
        Executor(SCHEMA, resolvers, type_resolvers)
