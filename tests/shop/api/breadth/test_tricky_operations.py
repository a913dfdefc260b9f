"""Tricky operations give the same results as graphql-core."""

import pytest
from graphql import GraphQLError, get_introspection_query, graphql_sync

from shop.api.breadth import Executor

from .schemas import build_marked_schema
from .world import client_view

pytestmark = pytest.mark.once

SDL = """
type Query {
  shop: Shop!
  pets(first: Int = 2, kinds: [Kind!] = [CAT]): [Pet!]
  any: [Either]
  beings: [Being]
  strict: Strict
  grid: [[Int!]!]
  cube: [[[Int!]!]]!
  mark(given: Mark = "d"): Mark
  marks: [Mark!]!
  kinds: [Kind]
  search(filter: Filter): String
  needs(count: Int! = 3): Int
  failing: Int
  refused: Int!
}
type Mutation { one: Int two: Int! three: Int four: Pet }
interface Being { id: ID! name: String }
interface Pet implements Being { id: ID! name: String friend: Pet owner: Person }
type Cat implements Pet & Being { id: ID! name: String friend: Pet owner: Person! lives: Int! }
type Dog implements Pet & Being { id: ID! name: String! friend: Pet owner: Person barks: Boolean }
type Person implements Being { id: ID! name: String pets: [Pet!]! best: Pet! }
type Shop { name: String owner: Person! staff: [Person] }
type Strict { a: Int b: Int! c: Int deep: Deep! }
type Deep { x: Int! y: Int! deep: Deep! }
union Either = Cat | Person
enum Kind { CAT DOG }
scalar Mark
input Filter { text: String! = "all" kinds: [Kind!] depth: Filter }
"""

FAILED = ValueError("It failed.")
PERSON = {"__typename": "Person", "id": 1, "name": "Mỷ", "pets": []}
CAT = {"__typename": "Cat", "id": "c", "name": "Mun", "lives": 9, "owner": PERSON}
DOG = {"__typename": "Dog", "id": "d", "name": "Vện", "barks": True, "friend": CAT, "owner": None}
NAMELESS = {"__typename": "Dog", "id": "n", "name": None, "friend": CAT, "owner": FAILED}
WORLD = {
    "shop": {"name": "Chợ", "owner": PERSON | {"pets": [CAT, DOG], "best": CAT}, "staff": [PERSON, None]},
    "pets": [CAT, DOG],
    "any": [CAT, PERSON, None, CAT, DOG, {"__typename": "Nothing"}, {"__typename": "Kind"}, {}, 5],
    "beings": [DOG, PERSON, CAT, NAMELESS, FAILED],
    "strict": {"a": FAILED, "b": FAILED, "c": FAILED, "deep": {"x": None, "y": FAILED}},
    "grid": [[1, 2], [], [3, None], None],
    "cube": [[[1], []], [[None]], None, [], "no list"],
    "mark": "m",
    "marks": ["a", "refused"],
    "kinds": ["CAT", "BIRD", None, [], "DOG"],
    "search": "found",
    "needs": 1,
    "failing": FAILED,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": NAMELESS,
}

SCHEMA = build_marked_schema(SDL)


def echo(parents, arguments, context, selection):
    return [repr(arguments)] * len(parents)


def refuse(parents, arguments, context, selection):
    raise GraphQLError("Not for you.", extensions={"code": "REFUSED"})


EXECUTOR = Executor(SCHEMA, {"Query": {"search": echo, "refused": refuse, "needs": echo}})


def read(parent, info, **arguments):
    """Resolve a field of the same world for graphql-core."""
    if (info.parent_type.name, info.field_name) in {("Query", "search"), ("Query", "needs")}:
        return repr(arguments)
    if info.field_name == "refused":
        raise GraphQLError("Not for you.", extensions={"code": "REFUSED"})
    value = parent.get(info.field_name)
    if isinstance(value, Exception):
        raise value
    return value


def name_type(value, info, type_):
    return value.get("__typename") if isinstance(value, dict) else None


OPERATIONS = {
    "same key twice with other sub-selections": "{ shop { owner { id } } shop { name owner { name id } } }",
    "a failure of a field selected twice": "{ failing mark failing }",
    "a refused argument of a field selected twice": """
        query ($count: Int = 5) { needs(count: $count) mark needs(count: $count) }""",
    "order of first mention": "{ kinds shop { staff { name id } name } k: kinds shop { owner { id } } }",
    "aliases of one field with other arguments": "{ a: search(filter: {}) b: search search(filter: null) }",
    "overlapping fragments on interface and types": """
        { pets { ...P ... on Dog { barks friend { id } } ... on Being { name } ... on Cat { lives id } } }
        fragment P on Pet { friend { name ... on Cat { lives } } id }""",
    "interface and union of several types": """
        { any { __typename ... on Being { id } ... on Cat { lives } }
          beings { id kind: __typename ... on Pet { friend { id } } ... on Person { name } } }""",
    "wrong types of a union": "{ any { ... on Cat { id } __typename } }",
    "two errors under one nulled parent": "{ strict { a c b deep { x } } }",
    "errors before the one that empties the parent": "{ strict { c deep { y x } a } }",
    "an error two levels below its nullable place": "{ strict { deep { x } } kinds }",
    "an error that empties everything": "{ kinds refused failing shop { name } }",
    "null in a list of lists": "{ grid }",
    "null deep in lists that may not be empty": "{ cube }",
    "a leaf that fails to serialise": "{ kinds mark }",
    "a leaf in a list that may not be null": "{ mark marks }",
    "an item's missing name": "{ beings { ... on Dog { name } ... on Person { name } id } }",
    "an owner who failed": "{ beings { ... on Pet { owner { name } id } } }",
    "conditions on fields": "query ($yes: Boolean!) { mark @include(if: $yes) needs @skip(if: $yes) kinds }",
    "skip and include together": """
        query ($yes: Boolean!) { a: mark @skip(if: $yes) @include(if: $yes)
          b: mark @skip(if: false) @include(if: $yes) c: mark @skip(if: true) @include(if: $yes) }""",
    "conditions on fragments": """
        query ($yes: Boolean!) { ...F @include(if: $yes) mark ... @skip(if: $yes) { search } ...F }
        fragment F on Query { needs mark }""",
    "a condition decides the order of keys": "query ($yes: Boolean!) { mark @skip(if: $yes) needs mark }",
    "a condition that is null, below": """
        query ($unsure: Boolean = true) {
          shop { name @include(if: $unsure) staff { id @skip(if: $unsure) } } mark }""",
    "a condition that is null, at the root": "query ($unsure: Boolean = true) { mark @include(if: $unsure) }",
    "an argument with a default given null": "query ($count: Int = 5) { needs(count: $count) }",
    "an input object with defaults": "query ($f: Filter) { search(filter: $f) }",
    "an input object around a variable": "query ($k: [Kind!]) { search(filter: {depth: {kinds: $k}}) }",
    "a scalar that refuses": "query ($m: Mark) { mark(given: $m) }",
    "introspection beside fields": """
        { __typename __type(name: "Cat") { name fields { name } } mark __schema { queryType { name } } }""",
    "introspection of a variable's type": "query ($n: String!) { mark __type(name: $n) { kind name } }",
    "introspection with a condition": """
        query ($yes: Boolean!) { __type(name: "Dog") { ...T } mark }
        fragment T on __Type { name kind @include(if: $yes) fields { name } }""",
    "introspection that fails": 'query ($n: String = "Cat") { mark __type(name: $n) { name } kinds }',
    "introspection that empties everything": """
        query ($unsure: Boolean = true) {
          mark __schema { directives { args(includeDeprecated: $unsure) { name } } } }""",
    "mutations": "mutation { one four { id owner { id } } three }",
    "a mutation by another name": "mutation { first: one again: one __typename }",
    "not a document": "{ shop { ",
    "not valid": "{ shop { nothing } }",
    "a shared fragment in a cycle": "{ shop { ...F } } fragment F on Shop { name ...F }",
    "nested deeply": "{ pets {" + "friend { " * 100 + "id" + " }" * 102,
    "nested too deeply to parse": "{ pets {" + "friend { " * 1000 + "id" + " }" * 1002,
    "fragments within fragments, too many to validate": "{ pets { ...F0 } }"
    + "".join(f" fragment F{n} on Pet {{ friend {{ ...F{n + 1} }} }}" for n in range(300))
    + " fragment F300 on Pet { id }",
    "nothing at all": "",
    "only a fragment": "fragment F on Shop { name }",
    "two operations and no name": "query A { mark } query B { kinds }",
}
VARIABLES = [
    {},
    {"yes": True, "unsure": None, "n": "Pet", "count": None, "m": "refused", "f": None, "k": None},
    {"yes": False, "unsure": False, "n": "Nothing", "count": 8, "m": "x", "f": {"kinds": "CAT"}, "k": "DOG"},
    {"yes": "yes", "unsure": 1, "n": None, "count": "8", "m": None, "f": {"text": None}, "k": ["BIRD", 5]},
    {"yes": True, "n": "Cat", "f": {"depth": {"depth": {}}, "kinds": ["DOG"]}, "k": []},
]


@pytest.mark.parametrize("source", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("variables", VARIABLES)
def test_operation_is_answered_like_graphql_core(source, variables) -> None:
    expected = graphql_sync(
        SCHEMA, source, WORLD, variable_values=variables, field_resolver=read, type_resolver=name_type
    )

    results = [EXECUTOR.execute(source, variables=variables, root=WORLD) for _ in range(2)]

    assert [client_view(result) for result in results] == [client_view(expected)] * 2


@pytest.mark.parametrize("name", ["A", "B", "C", ""])
def test_operation_name_is_handled_like_graphql_core(name) -> None:
    source = "query A { mark } mutation B { one }"
    expected = graphql_sync(SCHEMA, source, WORLD, operation_name=name, field_resolver=read)

    result = EXECUTOR.execute(source, operation_name=name, root=WORLD)

    assert client_view(result) == client_view(expected)


def test_introspection_is_answered_like_graphql_core() -> None:
    source = get_introspection_query(input_value_deprecation=True)

    results = [EXECUTOR.execute(source) for _ in range(2)]

    assert [client_view(result) for result in results] == [client_view(graphql_sync(SCHEMA, source))] * 2
    assert results[0].data["__schema"] is results[1].data["__schema"]
