"""Bind areas to the schema: every field has one resolver, and every resolver has a field."""

from __future__ import annotations

import pytest
from django.db.models import TextChoices

from shop.api.areas import AREAS
from shop.api.endpoint import built_schema
from shop.api.object_types import Type
from shop.api.root_fields import Mutations, Queries
from shop.api.schema import Area, build_schema_and_executor
from shop.core.errors import Missing, Refused


class Flow(TextChoices):
    CHARGE = "charge-now", "charge"
    LATER = "authorize", "authorise"


@pytest.fixture
def area(tmp_path):
    """Return factory of areas from SDL and types."""

    def make_area(sdl, *types, **options):
        (tmp_path / "area.graphql").write_text(sdl)
        return Area(tmp_path, types, **options)

    return make_area


def word_query(value, field="word"):
    query = Queries()
    query.field(field)(lambda arguments, context, selection: value)
    return query


def test_all_areas_bind_to_the_contract() -> None:
    assert build_schema_and_executor(AREAS).schema.query_type.name == "Query"


def test_field_without_a_resolver_is_refused(area) -> None:
    with pytest.raises(ValueError, match=r"No resolver answers Query\.other\."):
        build_schema_and_executor([area("type Query { word: String other: String }", word_query("a"))])


def test_resolver_without_a_field_is_refused(area) -> None:
    with pytest.raises(ValueError, match=r"There is a resolver of Query\.word, which the schema lacks\."):
        build_schema_and_executor(
            [area("type Query { other: String }", word_query("a", "other"), word_query("a"))]
        )


def test_two_resolvers_of_one_field_are_refused(area) -> None:
    with pytest.raises(ValueError, match=r"Query\.word has two resolvers\."):
        build_schema_and_executor([area("type Query { word: String }", word_query("a"), word_query("b"))])
    thing_type = Type("Thing")
    thing_type.id()
    with pytest.raises(ValueError, match=r"Thing\.id has two resolvers\."):
        thing_type.id()


def test_unknown_scalar_or_enum_is_refused(area) -> None:
    with pytest.raises(ValueError, match="The scalar Colour has no behaviour"):
        build_schema_and_executor([area("scalar Colour type Query { word: Colour }", word_query("a"))])
    with pytest.raises(ValueError, match="The schema has no enum Flow"):
        build_schema_and_executor(
            [area("type Query { word: String }", word_query("a"), enums={"Flow": Flow})]
        )


SDL = "enum Flow { CHARGE AUTHORIZE OTHER } type Query { word(flow: Flow = CHARGE, flows: [Flow!]): [Flow] }"


def test_enums_are_mapped_to_their_schema_names(area) -> None:
    query = Queries()
    query.field("word")(lambda arguments, *_: [arguments["flow"], *arguments.get("flows", ()), Flow.LATER])
    executor = build_schema_and_executor([area(SDL, query, enums={"Flow": Flow})]).executor

    assert executor.execute("{ word }").data == {"word": ["CHARGE", "AUTHORIZE"]}
    assert executor.execute("{ word(flow: OTHER, flows: [AUTHORIZE]) }").data == {
        "word": ["OTHER", "AUTHORIZE", "AUTHORIZE"]
    }
    received = []
    query.resolvers["word"] = lambda parents, arguments, *_: received.append(arguments) or [[]]
    build_schema_and_executor([area(SDL, query, enums={"Flow": Flow})]).executor.execute(
        "{ word(flows: [AUTHORIZE]) }"
    )
    assert received == [{"flow": "charge-now", "flows": ["authorize"]}]


MUTATION_SDL = """
    type Query { word: String }
    type Mutation { rename(to: String!): Rename }
    type Rename { name: String errors: [NameError!]! nameErrors: [NameError!]! }
    type NameError { field: String message: String code: NameErrorCode! lines: [String!] }
    enum NameErrorCode { INVALID NOT_FOUND UNIQUE }
"""


class Taken(Refused):
    code = "taken"
    default_message = "Somebody has that name."


@pytest.mark.parametrize(
    ("raised", "entry"),
    [
        (
            Taken(field="to", lines=["x"]),
            {"field": "to", "message": "Somebody has that name.", "code": "UNIQUE", "lines": ["x"]},
        ),
        (
            Missing("It is gone."),
            {"field": None, "message": "It is gone.", "code": "NOT_FOUND", "lines": None},
        ),
        (Refused("No."), {"field": None, "message": "No.", "code": "INVALID", "lines": None}),
    ],
)
def test_refusals_become_payload_errors(area, raised, entry) -> None:
    mutation = Mutations(codes={"taken": "UNIQUE"})

    @mutation.field()
    def rename(arguments, context, selection):
        if arguments["to"] == "x":
            raise raised
        return {"name": arguments["to"]}

    executor = build_schema_and_executor([area(MUTATION_SDL, word_query("a"), mutation)]).executor
    payload_fields = "{ name errors { field message code lines } nameErrors { code } }"

    result = executor.execute(
        f'mutation {{ a: rename(to: "x") {payload_fields} b: rename(to: "y") {payload_fields} }}'
    )

    assert result.errors is None
    assert result.data == {
        "a": {"name": None, "errors": [entry], "nameErrors": [{"code": entry["code"]}]},
        "b": {"name": "y", "errors": [], "nameErrors": []},
    }


def test_every_query_and_mutation_has_a_description() -> None:
    schema = built_schema().schema

    for root in (schema.query_type, schema.mutation_type):
        assert [name for name, field in root.fields.items() if not field.description] == []
