"""Query counts of storefront pages do not grow with the number of products."""

from __future__ import annotations

import pytest

from catalog.models import ProductMedia
from shop.api.catalogue.types import products_in_lists
from shop.management.bench.documents import CATEGORY, LIST, PRODUCT, SEARCH
from tests.factories import make_admin, make_category, make_channel, make_product, make_seller
from tests.shop.api.catalogue.test_products import make_picture
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db


def fill(count, *, variants=(("", 0),)):
    make_channel()
    seller, category = make_seller(), make_category("Vải")
    for n in range(count):
        product = make_product(seller, name=f"Khăn {n}", category=category, variants=variants)
        for _ in range(2):
            ProductMedia.objects.create(product=product, picture=make_picture())


@pytest.mark.parametrize("count", [1, 8])
def test_list_queries_do_not_grow_with_products(count, django_assert_num_queries) -> None:
    fill(count)

    with django_assert_num_queries(5):  # channels, products; categories, pictures, prices of all of them
        data = data_of(LIST, channel="viet-nam", count=100)

    assert len(data["products"]["edges"]) == count


@pytest.mark.once
def test_list_reads_products_by_index_without_sorting() -> None:
    """Otherwise SQLite sorts all products on sale for one page."""
    rows = products_in_lists(make_channel().pk).order_by("sort_key", "pk")[:20]

    steps = rows.explain()

    assert "USING INDEX product_by_name" in steps.partition("\n")[0]
    assert "TEMP B-TREE" not in steps


@pytest.mark.parametrize("count", [1, 8])
def test_category_queries_do_not_grow_with_products(count, django_assert_num_queries) -> None:
    fill(count)

    # channels, categories, those within, the category, count, products; categories, pictures, prices
    with django_assert_num_queries(9):
        data = data_of(CATEGORY, channel="viet-nam", slug="vai")

    assert data["category"]["products"]["totalCount"] == count


@pytest.mark.parametrize("count", [1, 8])
def test_search_queries_do_not_grow_with_products(count, django_assert_num_queries) -> None:
    fill(count)

    # channels; synonyms, matches with their ranks; products on sale, products; then as in a list
    with django_assert_num_queries(8):
        data = data_of(SEARCH, channel="viet-nam", words="khan")

    assert len(data["products"]["edges"]) == count


@pytest.mark.parametrize("variants", [(("", 0),), tuple((f"Cỡ {n}", n) for n in range(6))])
def test_product_queries_do_not_grow_with_variants(variants, django_assert_num_queries) -> None:
    fill(1, variants=variants)

    with django_assert_num_queries(18):
        data = data_of(PRODUCT, channel="viet-nam", slug="khan-0")

    assert len(data["product"]["variants"]) == len(variants)


def test_conditions_and_search_words_are_limited() -> None:
    seller = make_seller("HTX Thiên An")
    make_product(seller)
    conditions = [{"name": {"eq": f"Gối {number}"}} for number in range(201)]
    query = """query($where: ProductWhereInput) {
        products(first: 1, channel: "viet-nam", where: $where) { totalCount } }"""
    search_text = " ".join(["thien an", *(f"tu{number}" for number in range(2_000))])

    for where in ({"OR": conditions}, {"AND": conditions}, {"metadata": {"key": "a"}, "OR": conditions}):
        response = execute(query, where=where)
        assert response["data"] == {"products": None}
        assert response["errors"][0]["message"] == "At most 200 conditions can be asked for at once."
    assert data_of(query, where={"OR": conditions[:200]})["products"] == {"totalCount": 0}
    search = "query($text: String) { cooperatives(first: 1, search: $text) { totalCount } }"
    assert data_of(search, text=search_text)["cooperatives"] == {"totalCount": 0}
    assert data_of(search, text="thien an " * 5)["cooperatives"] == {"totalCount": 1}
    for name in ("customers", "orders"):
        query = f"query($text: String) {{ {name}(first: 1, search: $text) {{ totalCount }} }}"
        assert data_of(query, token_of(make_admin()), text=search_text)[name] == {"totalCount": 0}


def test_price_filters_use_the_currency_of_the_channel() -> None:
    usa = make_channel(
        slug="usa", name="USA", currency="USD", default_country="US", requires_listing_review=False
    )
    make_product(make_seller("HTX A", usa), name="Khăn", channel=usa, price=500)
    make_product(make_seller("HTX B"), name="Gối", price=320_000)
    query = """query($filter: ProductFilterInput) {
        products(first: 5, filter: $filter) { edges { node { name } } } }"""

    def matching_names(**filters):
        edges = data_of(query, token_of(make_admin()), filter=filters)["products"]["edges"]
        return [edge["node"]["name"] for edge in edges]

    for name in ("price", "minimalPrice"):
        assert matching_names(**{name: {"gte": 4.5, "lte": 5.5}}) == ["Khăn"]
        assert matching_names(**{name: {"gte": 300_000}}) == ["Gối"]
        assert matching_names(**{name: {"gte": 4.5}, "channel": "usa"}) == ["Khăn"]
