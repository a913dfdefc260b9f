"""Cursor paging in both directions, with nulls among the sort keys, and for many parents at once."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest

from shop.api import connections
from shop.api.connections import SortKey, connect, connect_for_parents, connect_list
from shop.api.filters import sort_keys
from shop.api.object_types import Type
from shop.api.root_fields import Queries
from shop.api.schema import Area, build_schema_and_executor
from shop.core.models import TaxClass, TaxRate

pytestmark = pytest.mark.django_db

ARGUMENTS = "(first: Int, last: Int, after: String, before: String)"
SDL = f"""
    scalar Date
    type Query {{
        rates(first: Int, last: Int, after: String, before: String, down: Boolean): RateConnection
        classes: [Class!]
        words{ARGUMENTS}: WordConnection
    }}
    type Class {{ name: String rates{ARGUMENTS}: RateConnection }}
    type RateConnection {{ pageInfo: PageInfo! edges: [RateEdge!]! totalCount: Int }}
    type RateEdge {{ node: Rate! cursor: String! }}
    type Rate {{ country: String validFrom: Date }}
    type WordConnection {{ pageInfo: PageInfo! edges: [WordEdge!]! totalCount: Int }}
    type WordEdge {{ node: String! cursor: String! }}
    type PageInfo {{ hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }}
"""
PAGE_FIELDS = """{
    edges { node { country } cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
}"""
NODE_FIELDS = "{ edges { node { country } } }"


@pytest.fixture
def executor(tmp_path):
    rate = Type("Rate", rows=lambda context: TaxRate.objects.all())
    rate.columns(country="country", validFrom="valid_from")
    tax_class = Type("Class")
    tax_class.value_fields("name")
    query = Queries()

    @query.field()
    def rates(arguments, context, selection):
        keys = [SortKey("valid_from", is_descending=bool(arguments.get("down")), is_nullable=True)]
        return connect(rate, rate.rows(context), arguments, selection, order=sort_keys(None, {}, keys))

    @query.field()
    def classes(arguments, context, selection):
        return [SimpleNamespace(id=key, name=name) for key, name in context]

    @tax_class.field("rates")
    def rates_of_class(classes, arguments, context, selection):
        keys = [tax_class.id for tax_class in classes]
        order = [SortKey("country", is_descending=True), SortKey("id")]
        rows = rate.rows(context)
        return connect_for_parents(
            rate, rows, arguments, selection, order=order, parent_column="tax_class_id", parents=keys
        )

    @query.field()
    def words(arguments, context, selection):
        return connect_list(["a", "b", "c", "d"], arguments, selection)

    (tmp_path / "area.graphql").write_text(SDL)
    return build_schema_and_executor(
        [Area(tmp_path, (connections.page_info_object, rate, tax_class, query))]
    ).executor


@pytest.fixture
def dated_rates():
    """Return rates in the order of their first days; two have none, two the same."""
    days = {"AT": 3, "BE": None, "CZ": 1, "DE": 3, "EE": 2, "FR": None}
    for country, day in days.items():
        since = None if day is None else datetime.date(2026, 1, day)
        TaxRate.objects.create(country=country, rate=5, valid_from=since)
    return ["CZ", "EE", "AT", "DE", "BE", "FR"]


def countries(page):
    return [edge["node"]["country"] for edge in page["edges"]]


def test_forward_paging_covers_all_rows(executor, dated_rates, django_assert_num_queries) -> None:
    text = f"query($after: String) {{ rates(first: 2, after: $after) {PAGE_FIELDS} }}"
    paged, after = [], None
    while True:
        with django_assert_num_queries(2):
            result = executor.execute(text, variables={"after": after})
        page = result.data["rates"]
        paged += countries(page)
        assert page["totalCount"] == 6
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert paged == dated_rates


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_backward_paging_covers_all_rows(executor, dated_rates, descending, size) -> None:
    all_rows = executor.execute(
        f"query($down: Boolean) {{ rates(first: 9, down: $down) {NODE_FIELDS} }}",
        variables={"down": descending},
    )
    arguments = "last: $size, before: $before, down: $down"
    text = f"query($size: Int, $before: String, $down: Boolean) {{ rates({arguments}) {PAGE_FIELDS} }}"
    paged, before = [], None
    while True:
        result = executor.execute(text, variables={"before": before, "down": descending, "size": size})
        page = result.data["rates"]
        paged = countries(page) + paged
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break

    assert paged == countries(all_rows.data["rates"])


def test_descending_order_puts_nulls_first(executor, dated_rates) -> None:
    result = executor.execute(f"{{ rates(first: 100, down: true) {NODE_FIELDS} }}")

    assert countries(result.data["rates"]) == ["FR", "BE", "DE", "AT", "EE", "CZ"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [("first: 2", ["EE", "AT"]), ("last: 2", ["AT", "DE"]), ("first: 9", ["EE", "AT", "DE"])],
)
def test_page_between_two_cursors(executor, dated_rates, arguments, expected) -> None:
    edges = executor.execute(f"{{ rates(first: 100) {PAGE_FIELDS} }}").data["rates"]["edges"]
    ends = {"after": edges[0]["cursor"], "before": edges[4]["cursor"]}
    arguments = f"{arguments}, after: $after, before: $before"

    result = executor.execute(
        f"query($after: String, $before: String) {{ rates({arguments}) {NODE_FIELDS} }}", variables=ends
    )

    assert countries(result.data["rates"]) == expected


def test_page_of_no_rows(executor) -> None:
    page = executor.execute(f"{{ rates(first: 2) {PAGE_FIELDS} }}").data["rates"]

    nothing = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert page == {"edges": [], "pageInfo": nothing, "totalCount": 0}


def test_only_requested_columns_are_selected(executor, dated_rates, django_assert_num_queries) -> None:
    with django_assert_num_queries(1) as queries:
        executor.execute(f"{{ rates(first: 2) {NODE_FIELDS} }}")
    columns = queries[0]["sql"].partition(" FROM ")[0]
    assert [name for name in ("country", "valid_from", "valid_until", "rate") if f'"{name}"' in columns] == [
        "country",
        "valid_from",
    ]

    with django_assert_num_queries(1) as queries:
        executor.execute("{ rates(first: 2) { totalCount } }")
    assert "COUNT" in queries[0]["sql"]


def test_nested_connection_pages_each_parent(executor, django_assert_num_queries) -> None:
    first, second, empty = (TaxClass.objects.create(name=name) for name in ("first", "second", "empty"))
    for tax_class, listed in ((first, "AT BE CZ DE"), (second, "EE FR")):
        for country in listed.split():
            TaxRate.objects.create(tax_class=tax_class, country=country, rate=5)
    context = [(tax_class.pk, tax_class.name) for tax_class in (first, second, empty)]

    def pages(arguments):
        with django_assert_num_queries(2):
            result = executor.execute(
                f"{{ classes {{ rates({arguments}) {PAGE_FIELDS} }} }}", context=context
            )
        return [tax_class["rates"] for tax_class in result.data["classes"]]

    first_pages = pages("first: 2")
    assert [countries(page) for page in first_pages] == [["DE", "CZ"], ["FR", "EE"], []]
    assert [page["totalCount"] for page in first_pages] == [4, 2, 0]
    assert [page["pageInfo"]["hasNextPage"] for page in first_pages] == [True, False, False]
    assert [countries(page) for page in pages("last: 3")] == [["CZ", "BE", "AT"], ["FR", "EE"], []]
    after = first_pages[0]["pageInfo"]["endCursor"]
    assert countries(pages(f'first: 2, after: "{after}"')[0]) == ["BE", "AT"]


def test_connection_over_a_python_list(executor) -> None:
    def nodes(arguments):
        page = executor.execute(f"{{ words({arguments}) {{ edges {{ node }} totalCount }} }}").data["words"]
        assert page["totalCount"] == 4
        return [edge["node"] for edge in page["edges"]]

    second = connections.encode_cursor([1])
    assert nodes("first: 2") == ["a", "b"]
    assert nodes("last: 2") == ["c", "d"]
    assert nodes(f'first: 2, after: "{second}"') == ["c", "d"]
    assert nodes(f'last: 2, before: "{second}"') == ["a"]


MISSING_LIMIT = "The `rates` connection needs either `first` or `last` to say how many are wanted."
INVALID_CURSOR = "The cursor is not one of this list."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", MISSING_LIMIT),
        ("first: 1, last: 1", MISSING_LIMIT),
        ("first: 101", "The `rates` connection gives at most 100 at once: `first` is 101."),
        ("last: -1", "The `rates` connection gives at most 100 at once: `last` is -1."),
        ('first: 1, after: "abc"', INVALID_CURSOR),
        ('first: 1, after: "%"', INVALID_CURSOR),
        (f'first: 1, after: "{connections.encode_cursor([1])}"', INVALID_CURSOR),
        (f'first: 1, before: "{connections.encode_cursor(["x", 1])}"', INVALID_CURSOR),
        (f'first: 1, before: "{connections.encode_cursor([None, "x"])}"', INVALID_CURSOR),
        (f'first: 1, before: "{connections.encode_cursor([None, [1]])}"', INVALID_CURSOR),
    ],
)
def test_invalid_paging_arguments_are_errors(executor, arguments, message) -> None:
    argument_text = f"({arguments})" if arguments else ""

    result = executor.execute(f"{{ rates{argument_text} {{ edges {{ cursor }} }} }}")

    assert result.data == {"rates": None}
    assert [error.message for error in result.errors] == [message]


def test_first_zero_returns_an_empty_page(executor, dated_rates) -> None:
    page = executor.execute(f"{{ rates(first: 0) {PAGE_FIELDS} }}").data["rates"]

    assert page["edges"] == []
    assert page["totalCount"] == 6
    assert page["pageInfo"]["hasNextPage"]
