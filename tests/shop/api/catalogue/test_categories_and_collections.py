"""Categories and collections, including the collection of each cooperative."""

from __future__ import annotations

import pytest

from catalog.models import Collection, CollectionListing, CollectionProduct
from shop.api.ids import global_id
from tests.factories import make_category, make_channel, make_product, make_seller
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db


def make_collection(*products, slug="tet", published=True):
    collection = Collection.objects.create(slug=slug, name=slug.capitalize())
    CollectionListing.objects.create(collection=collection, channel=make_channel(), is_published=published)
    for position, product in enumerate(products):
        CollectionProduct.objects.create(collection=collection, product=product, sort_order=position)
    return collection


CATEGORY = """
query ($slug: String!) {
  category(slug: $slug) {
    name level
    ancestors(first: 5) { edges { node { slug } } }
    children(first: 5) { edges { node { slug } } }
    products(first: 5, channel: "viet-nam", sortBy: { field: PRICE, direction: DESC }) {
      totalCount edges { node { name } }
    }
  }
}
"""


def test_category_includes_products_of_its_children() -> None:
    food = make_category("Thực phẩm")
    fresh_category = make_category("Rau tươi", parent=food)
    make_product(name="Bí xanh", category=fresh_category, price=20_000)
    make_product(name="Gạo nếp", category=food, price=30_000)
    make_product(name="Khăn", price=90_000)

    parent_data, child_data = data_of(CATEGORY, slug="thuc-pham"), data_of(CATEGORY, slug="rau-tuoi")

    assert parent_data["category"] == {
        "name": "Thực phẩm",
        "level": 0,
        "ancestors": {"edges": []},
        "children": {"edges": [{"node": {"slug": "rau-tuoi"}}]},
        "products": {
            "totalCount": 2,
            "edges": [{"node": {"name": "Gạo nếp"}}, {"node": {"name": "Bí xanh"}}],
        },
    }
    assert child_data["category"]["ancestors"] == {"edges": [{"node": {"slug": "thuc-pham"}}]}
    assert child_data["category"]["products"] == {"totalCount": 1, "edges": [{"node": {"name": "Bí xanh"}}]}


def test_products_of_categories_take_one_query_per_level(django_assert_num_queries) -> None:
    food = make_category("Thực phẩm")
    for n in range(4):
        make_product(name=f"Rau {n}", category=make_category(f"Rau {n}", parent=food))
    query = """{ categories(first: 20) { edges { node { slug
      products(first: 2, channel: "viet-nam") { edges { node { name } } } } } } }"""

    with django_assert_num_queries(4):  # channels, categories, products of both levels
        data = data_of(query)

    edges = data["categories"]["edges"]
    assert [len(edge["node"]["products"]["edges"]) for edge in edges] == [2, 1, 1, 1, 1]


COLLECTION = """
query ($slug: String!) {
  collection(slug: $slug, channel: "viet-nam") {
    id name products(first: 5) { totalCount edges { node { name collections { slug } } } }
  }
}
"""


def test_collection_lists_products_in_sort_order() -> None:
    seller = make_seller(slug="thien-an")
    second_product, first_product = make_product(seller, name="Bí xanh"), make_product(seller, name="Gạo nếp")
    collection = make_collection(first_product, second_product)

    data = data_of(COLLECTION, slug="tet")

    collections = [{"slug": "tet"}, {"slug": "thien-an"}]
    assert data["collection"] == {
        "id": global_id("Collection", collection.pk),
        "name": "Tet",
        "products": {
            "totalCount": 2,
            "edges": [
                {"node": {"name": "Gạo nếp", "collections": collections}},
                {"node": {"name": "Bí xanh", "collections": collections}},
            ],
        },
    }


def test_every_cooperative_has_a_collection() -> None:
    thien_an = make_seller("HTX Thiên An", slug="thien-an")
    make_product(thien_an)
    make_product(make_seller("HTX Yến Dương", slug="yen-duong"), name="Bí xanh")

    data = data_of(COLLECTION, slug="thien-an")
    listed = data_of('{ collections(channel: "viet-nam", first: 9) { totalCount edges { node { slug } } } }')

    collection = data["collection"]
    assert collection["id"] == global_id("Collection", 10**9 + thien_an.pk)
    assert [edge["node"]["name"] for edge in collection["products"]["edges"]] == ["Gối thảo dược"]
    assert listed["collections"] == {
        "totalCount": 2,
        "edges": [{"node": {"slug": "thien-an"}}, {"node": {"slug": "yen-duong"}}],
    }


def test_collections_continue_after_the_cursor() -> None:
    make_seller("HTX Bằng Thành", slug="bang-thanh")
    make_collection(slug="dong")
    make_seller("HTX Yến Dương", slug="yen-duong")
    query = """query ($after: String) { collections(channel: "viet-nam", first: 2, after: $after) {
      edges { node { slug } } pageInfo { hasNextPage endCursor } } }"""

    first = data_of(query)["collections"]
    second = data_of(query, after=first["pageInfo"]["endCursor"])["collections"]

    slugs = [edge["node"]["slug"] for page in (first, second) for edge in page["edges"]]
    assert sorted(slugs) == ["bang-thanh", "dong", "yen-duong"]
    assert [first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]] == [True, False]


def test_customers_do_not_see_unpublished_collections() -> None:
    make_collection(published=False)

    assert data_of(COLLECTION, slug="tet") == {"collection": None}
