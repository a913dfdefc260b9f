"""The response cache: reused while nothing has changed, and never for the wrong person."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Category, Product
from shop.api import response_cache
from shop.api.ids import global_id
from shop.cache.catalogue_version import catalogue_version
from shop.core.actors import Actor
from shop.core.database.bounded_cache import Cache
from shop.core.models import Change
from tests.factories import NOW, get_stock, make_admin, make_channel, make_seller, make_user, make_variant
from tests.shop.api.checkout.operations import (
    CHECKOUT_BY_ID,
    COMPLETE_CHECKOUT,
    DELIVERY_OPTIONS,
    ORDER,
    complete_order,
    mutate_checkout,
    prepare_checkout,
    start_checkout,
)
from tests.shop.api.client import data_of, execute, post
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)

PRODUCT = """query($channel: String!, $slug: String!) { product(channel: $channel, slug: $slug) {
  name variants { quantityAvailable pricing { price { gross { amount } } } }
} }"""
RENAME = """mutation($id: ID!, $name: String!) { productUpdate(id: $id, input: { name: $name }) {
  errors { code } } }"""
PRICE = """mutation($id: ID!, $channel: ID!, $price: PositiveDecimal!) {
  productVariantChannelListingUpdate(id: $id, input: [{ channelId: $channel, price: $price }]) {
    errors { code } } }"""


@pytest.fixture(autouse=True)
def empty_cache(settings, monkeypatch):
    """Return the response cache, switched on and empty."""
    settings.API_CACHE_SECONDS = 3600
    settings.API_DUMMY_PAYMENT = True
    cache = Cache(100_000)
    monkeypatch.setattr(response_cache, "_responses", cache)
    return cache


def product_as_customer(variant):
    """Return the name, price and quantity that a buyer sees of a product, and the number of queries."""
    with CaptureQueriesContext(connection) as queries:
        product = data_of(PRODUCT, channel="viet-nam", slug=variant.product.slug)["product"]
    (only,) = product["variants"]
    price = only["pricing"]["price"]["gross"]["amount"]
    return (product["name"], price, only["quantityAvailable"]), len(queries)


def test_cached_answer_is_reused_until_name_price_or_stock_changes() -> None:
    make_channel(requires_listing_review=False)
    seller = make_seller()
    variant = make_variant(seller, on_hand=9)
    admin = token_of(make_admin())
    key, product = (global_id("ProductVariant", variant.pk), global_id("Product", variant.product_id))
    checkout = start_checkout((variant, 2))

    def rename():
        mutate_checkout(RENAME, admin, id=product, name="Gối lá thơm")

    def reprice():
        mutate_checkout(PRICE, admin, id=key, channel=global_id("Channel", make_channel().pk), price=250_000)

    def count():
        warehouse = get_stock(variant).warehouse_id
        count_stock(
            cooperative=seller,
            variant_id=variant.pk,
            warehouse_id=warehouse,
            counted_quantity=7,
            actor=Actor.system(),
            now=NOW,
        )

    def reserve():
        mutate_checkout(DELIVERY_OPTIONS, id=checkout)

    shown_values = [product_as_customer(variant)[0]]
    for change in (rename, reprice, count, reserve):
        assert product_as_customer(variant) == (shown_values[-1], 1)
        change()
        shown_values.append(product_as_customer(variant)[0])

    assert shown_values == [
        ("Gối thảo dược", 320_000, 9),
        ("Gối lá thơm", 320_000, 9),
        ("Gối lá thơm", 250_000, 9),
        ("Gối lá thơm", 250_000, 7),
        ("Gối lá thơm", 250_000, 5),
    ]


def test_personal_failed_and_mutating_requests_are_not_cached(empty_cache) -> None:
    buyer, admin = make_user(), make_admin()
    variant = make_variant(make_seller(), price=90_000, on_hand=9)
    hidden = make_variant(name="Áo chàm", state="draft")
    open_channel = make_channel()
    type(open_channel).objects.update(allow_unpaid_orders=True)
    checkout = prepare_checkout((variant, 1))
    order = complete_order(prepare_checkout((variant, 1)))

    assert len(empty_cache) == 0
    data_of("{ me { email } }")
    data_of("{ me { email } shop { name } }", token_of(buyer))
    data_of("query { ...Two } fragment Two on Query { shop { name } me { email } }")
    data_of(CHECKOUT_BY_ID, id=checkout)
    data_of(ORDER, id=order)
    data_of("{ shop { name } }", "a-string-that-is-no-token")
    execute("{ channels { id } shop { name } }")
    data_of(COMPLETE_CHECKOUT, id=checkout)
    assert len(empty_cache) == 0

    variables = {"channel": "viet-nam", "slug": hidden.product.slug}
    assert data_of(PRODUCT, **variables) == {"product": None}
    assert data_of(PRODUCT, token_of(admin), **variables)["product"]["name"] == "Áo chàm"
    assert data_of(PRODUCT, **variables) == {"product": None}
    assert len(empty_cache) == 1


def test_answers_are_cached_per_host(empty_cache) -> None:
    for host in ("localhost", "127.0.0.1", "localhost"):
        assert post({"query": "{ shop { name } }"}, host=host).status_code == 200

    assert len(empty_cache) == 2


def test_late_commit_of_an_older_change_changes_the_catalogue_version() -> None:
    def write(key):
        Change.objects.create(
            pk=key,
            created_at=NOW,
            action="x",
            kind="x",
            key="1",
            root_kind="x",
            root_key="1",
            actor_kind="system",
            entry_point="api",
        )

    write(5)
    write(7)
    before = catalogue_version()
    write(6)

    assert catalogue_version() != before


def test_staff_changes_of_products_show_at_once() -> None:
    channel = make_channel(requires_listing_review=False)
    variant = make_variant(make_seller())
    category = Category.objects.get_or_create(name="Trà", slug="tra")[0]
    Product.objects.filter(pk=variant.product_id).update(category=category)
    admin, channel_id = token_of(make_admin()), global_id("Channel", channel.pk)
    key, product = global_id("ProductVariant", variant.pk), global_id("Product", variant.product_id)
    query = """query($slug: String!) {
      products(channel: "viet-nam", first: 1) { edges { node { slug } } }
      product(channel: "viet-nam", slug: $slug) {
        category { seoTitle metadata { key } } metadata { key }
        variants { pricing { pricePrior { gross { amount } } } } } }"""

    def values():
        data = data_of(query, slug=variant.product.slug)
        product = data["product"]
        prior = product["variants"][0]["pricing"]["pricePrior"]
        return [
            len(data["products"]["edges"]),
            product["category"]["seoTitle"],
            [entry["key"] for entry in product["category"]["metadata"]],
            [entry["key"] for entry in product["metadata"]],
            prior and prior["gross"]["amount"],
        ]

    shown_values, category_id = [values()], global_id("Category", category.pk)
    for change in (
        f'categoryUpdate(id: "{category_id}", input: {{seo: {{title: "Trà ngon"}}}})',
        f'categoryUpdate(id: "{category_id}", input: {{metadata: [{{key: "a", value: "1"}}]}})',
        f'productUpdate(id: "{product}", input: {{metadata: [{{key: "a", value: "1"}}]}})',
        f'productUpdate(id: "{product}", input: {{metadata: [{{key: "b", value: "1"}}]}})',
        f'productVariantChannelListingUpdate(id: "{key}", input: '
        f'[{{channelId: "{channel_id}", price: 320000, priorPrice: 400000}}])',
        f'productChannelListingUpdate(id: "{product}", input: '
        f'{{updateChannels: [{{channelId: "{channel_id}", visibleInListings: false}}]}})',
    ):
        (payload,) = data_of(f"mutation {{ {change} {{ errors {{ field code }} }} }}", admin).values()
        assert payload == {"errors": []}
        shown_values.append(values())

    assert shown_values == [
        [1, None, [], [], None],
        [1, "Trà ngon", [], [], None],
        [1, "Trà ngon", ["a"], [], None],
        [1, "Trà ngon", ["a"], ["a"], None],
        [1, "Trà ngon", ["a"], ["a", "b"], None],
        [1, "Trà ngon", ["a"], ["a", "b"], 400_000],
        [0, "Trà ngon", ["a"], ["a", "b"], 400_000],
    ]
