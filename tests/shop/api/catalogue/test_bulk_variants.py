"""Several variants in one mutation, as the Dashboard's product page saves its table."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Price, ProductRevision, Stock, Variant
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change, Channel
from tests.factories import make_admin, make_product, make_seller, make_staff, make_variant
from tests.refusals import all_rows
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)

CREATE = """mutation($product: ID!, $variants: [ProductVariantBulkCreateInput!]!, $policy: ErrorPolicyEnum) {
  productVariantBulkCreate(product: $product, variants: $variants, errorPolicy: $policy) {
    count productVariants { name }
    results { productVariant { name sku } errors { field code path } } errors { index code } } }"""
UPDATE = """mutation($product: ID!, $variants: [ProductVariantBulkUpdateInput!]!, $policy: ErrorPolicyEnum) {
  productVariantBulkUpdate(product: $product, variants: $variants, errorPolicy: $policy) {
    count results { productVariant { name } errors { field code } } errors { field code } } }"""


def create(product, token, *variants, policy=None):
    rows = [{"attributes": []} | row for row in variants]
    key = global_id("Product", product.pk)
    return data_of(CREATE, token, product=key, variants=rows, policy=policy)["productVariantBulkCreate"]


def update(product, token, *variants, policy=None):
    key = global_id("Product", product.pk)
    result = data_of(UPDATE, token, product=key, variants=list(variants), policy=policy)
    return result["productVariantBulkUpdate"]


def test_variants_are_created_with_prices_and_stocks() -> None:
    product, token = make_product(make_seller()), token_of(make_admin())
    channel = global_id("Channel", Channel.objects.get().pk)
    warehouse = global_id("Warehouse", product.cooperative.warehouses.get().pk)

    result = create(
        product,
        token,
        {
            "name": "Gói 1 kg",
            "sku": "GAO-1",
            "channelListings": [{"channelId": channel, "price": 45_000}],
            "stocks": [{"warehouse": warehouse, "quantity": 12}],
        },
        {"name": "Gói 5 kg", "sku": "GAO-5"},
    )

    assert result == {
        "count": 2,
        "productVariants": [{"name": "Gói 1 kg"}, {"name": "Gói 5 kg"}],
        "results": [
            {"productVariant": {"name": "Gói 1 kg", "sku": "GAO-1"}, "errors": []},
            {"productVariant": {"name": "Gói 5 kg", "sku": "GAO-5"}, "errors": []},
        ],
        "errors": [],
    }
    one = Variant.objects.get(sku="GAO-1")
    assert (one.prices.get().amount, one.stocks.get().on_hand) == (45_000, 12)
    assert not Price.objects.filter(variant__sku="GAO-5").exists()


def test_what_a_refusal_rejects_depends_on_the_policy() -> None:
    product, token = make_product(make_seller()), token_of(make_admin())
    channel = global_id("Channel", Channel.objects.get().pk)
    make_variant(product.cooperative, name="Khác").product.variants.update(sku="TAKEN")
    rows = (
        {"name": "Gói 1 kg", "sku": "NEW"},
        {"name": "Gói 2 kg", "sku": "TAKEN"},
        {"name": "Gói 5 kg", "channelListings": [{"channelId": channel, "price": 0}]},
    )
    before = all_rows()

    rejected = create(product, token, *rows)

    assert (rejected["count"], rejected["productVariants"]) == (0, [])
    assert [row["errors"] for row in rejected["results"]] == [
        [],
        [{"field": "sku", "code": "UNIQUE", "path": "sku"}],
        [{"field": "price", "code": "INVALID_PRICE", "path": "price"}],
    ]
    assert rejected["errors"] == [{"index": 1, "code": "UNIQUE"}, {"index": 2, "code": "INVALID_PRICE"}]
    assert all_rows() == before

    some = create(product, token, *rows, policy="REJECT_FAILED_ROWS")

    assert [variant["name"] for variant in some["productVariants"]] == ["Gói 1 kg"]
    rows = ({"name": "Gói 3 kg"}, *rows[1:])

    without_price = create(product, token, *rows, policy="IGNORE_FAILED")

    assert [variant["name"] for variant in without_price["productVariants"]] == ["Gói 3 kg", "Gói 5 kg"]
    assert without_price["errors"] == [{"index": 1, "code": "UNIQUE"}, {"index": 2, "code": "INVALID_PRICE"}]
    assert not Price.objects.filter(variant__name="Gói 5 kg").exists()


def test_names_prices_and_stocks_are_changed_together() -> None:
    product, token = make_product(make_seller(), variants=(("Nhỏ", 0), ("To", 5_000))), token_of(make_admin())
    small, large = product.variants.in_order()
    prices = {variant: Price.objects.get(variant=variant) for variant in (small, large)}
    stock = Stock.objects.get(variant=small)

    result = update(
        product,
        token,
        {
            "id": global_id("ProductVariant", small.pk),
            "name": "Nhỏ nhất",
            "channelListings": {
                "update": [
                    {
                        "channelListing": global_id("ProductVariantChannelListing", prices[small].pk),
                        "price": 99_000,
                    }
                ]
            },
            "stocks": {"update": [{"stock": global_id("Stock", stock.pk), "quantity": 7}]},
        },
        {
            "id": global_id("ProductVariant", large.pk),
            "channelListings": {"remove": [global_id("ProductVariantChannelListing", prices[large].pk)]},
        },
    )

    assert result == {
        "count": 2,
        "results": [
            {"productVariant": {"name": "Nhỏ nhất"}, "errors": []},
            {"productVariant": {"name": "To"}, "errors": []},
        ],
        "errors": [],
    }
    small.refresh_from_db()
    stock.refresh_from_db()
    assert (small.name, small.prices.get().amount, stock.on_hand) == ("Nhỏ nhất", 99_000, 7)
    assert not Price.objects.filter(variant=large).exists()
    assert Change.objects.get(action="price.removed").snapshot["amount"] == prices[large].amount

    cost_only = {
        "channelListing": global_id("ProductVariantChannelListing", prices[small].pk),
        "costPrice": 40_000,
    }
    row = {"id": global_id("ProductVariant", small.pk), "channelListings": {"update": [cost_only]}}
    assert update(product, token, row)["errors"] == []
    assert (small.prices.get().amount, small.prices.get().cost) == (99_000, 40_000)

    # Rows of another product and stocks of another variant are not found, and nothing changes.
    other = make_variant(make_seller("HTX Tài Hoan"), name="Khác")
    before = all_rows()
    foreign = update(product, token, {"id": global_id("ProductVariant", other.pk), "name": "Gạo"})
    wrong_stock = {"update": [{"stock": global_id("Stock", stock.pk), "quantity": 1}]}
    mixed = update(product, token, {"id": global_id("ProductVariant", large.pk), "stocks": wrong_stock})
    assert foreign["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    assert mixed["errors"] == [{"field": "stocks", "code": "NOT_FOUND"}]
    assert all_rows() == before


def test_staff_of_a_cooperative_propose_names_of_their_own_products_only() -> None:
    seller = make_seller()
    product = make_product(seller, variants=(("Nhỏ", 0),))
    variant = product.variants.get()
    own_staff = make_staff(Permission.MANAGE_PRODUCTS, works_for=(seller,))
    foreign_staff = make_staff(Permission.MANAGE_PRODUCTS, works_for=(make_seller("HTX Tài Hoan"),))
    row = {"id": global_id("ProductVariant", variant.pk), "name": "Nhỏ nhất"}
    before = all_rows()

    foreign = update(product, token_of(foreign_staff), row)

    assert foreign == {"count": 0, "results": [], "errors": [{"field": "product", "code": "NOT_FOUND"}]}
    assert all_rows() == before

    own = update(product, token_of(own_staff), row)

    assert (own["count"], own["errors"]) == (1, [])
    variant.refresh_from_db()
    assert variant.name == "Nhỏ"
    assert ProductRevision.objects.get().product_id == product.pk


def test_query_count_of_reading_rows_is_constant() -> None:
    product = make_product(make_seller(), variants=(("a", 0), ("b", 0), ("c", 0)))
    token = token_of(make_admin())
    missing = {"update": [{"stock": global_id("Stock", 10**9), "quantity": 1}]}
    rows = [
        {"id": global_id("ProductVariant", variant.pk), "stocks": missing}
        for variant in product.variants.in_order()
    ]

    def count_queries(variants):
        with CaptureQueriesContext(connection) as queries:
            assert update(product, token, *variants)["errors"][0]["code"] == "NOT_FOUND"
        return len(queries)

    assert count_queries(rows[:1]) == count_queries(rows)
    too_many = [{"id": rows[0]["id"]}] * 101
    assert update(product, token, *too_many)["errors"] == [{"field": None, "code": "INVALID"}]
