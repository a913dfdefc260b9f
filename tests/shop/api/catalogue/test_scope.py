"""Staff of one cooperative see its products, stock and warehouses only."""

from __future__ import annotations

import pytest

from catalog.models import Product, Variant
from cooperatives.models import Warehouse
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from tests.factories import (
    get_stock,
    make_admin,
    make_channel,
    make_product,
    make_product_type,
    make_seller,
    make_staff,
    make_warehouse,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_sellers():
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    own_product = make_product(thien_an, name="Gối thảo dược", on_hand=5)
    foreign = make_product(yen_duong, name="Trà", on_hand=7)
    staff = make_staff(Permission.MANAGE_PRODUCTS, works_for=(thien_an,))
    return thien_an, own_product, yen_duong, foreign, token_of(staff)


def test_staff_see_only_products_and_stock_of_their_cooperative(two_sellers) -> None:
    _thien_an, own_product, yen_duong, foreign, token = two_sellers
    lists = """query($cooperative: ID) {
      products(first: 10, cooperative: $cooperative) { totalCount edges { node { name } } }
      warehouses(first: 10, cooperative: $cooperative) { totalCount }
      stocks(first: 10) { edges { node { quantity quantityAllocated } } } }"""
    product_query = """query($id: ID!) { product(id: $id) {
      name privateMetadata { key } variants { stocks { quantity } margin } } }"""

    visible = data_of(lists, token)

    assert visible["products"] == {"totalCount": 1, "edges": [{"node": {"name": "Gối thảo dược"}}]}
    assert visible["warehouses"] == {"totalCount": 1}
    assert visible["stocks"]["edges"] == [{"node": {"quantity": 5, "quantityAllocated": 0}}]
    assert data_of(product_query, token, id=global_id("Product", foreign.pk)) == {"product": None}
    assert data_of(product_query, token, id=global_id("Product", own_product.pk))["product"] == {
        "name": "Gối thảo dược",
        "privateMetadata": [],
        "variants": [{"stocks": [{"quantity": 5}], "margin": None}],
    }
    key = global_id("Cooperative", yen_duong.pk)
    assert data_of(lists, token, cooperative=key)["products"] == {"totalCount": 0, "edges": []}
    full_result = data_of(lists, token_of(make_admin()))
    assert full_result["products"]["totalCount"] == full_result["warehouses"]["totalCount"] == 2
    theirs = data_of(lists, token_of(make_admin()), cooperative=key)
    assert theirs["products"] == {"totalCount": 1, "edges": [{"node": {"name": "Trà"}}]}
    assert theirs["warehouses"] == {"totalCount": 1}
    warehouse = "query($id: ID!) { warehouse(id: $id) { name } }"
    hidden = global_id("Warehouse", yen_duong.warehouses.get().pk)
    assert data_of(warehouse, token, id=hidden) == {"warehouse": None}


def test_staff_create_products_only_for_their_cooperative(two_sellers) -> None:
    thien_an, _own_product, yen_duong, _foreign, token = two_sellers
    create = """mutation($input: ProductCreateInput!) { productCreate(input: $input) {
      errors { field code } product { name cooperative { name } } } }"""
    values = {"name": "Khăn", "productType": global_id("ProductType", make_product_type().pk)}
    collections = {"collections": [global_id("Collection", 1)]}

    payload = data_of(create, token, input=values)["productCreate"]

    assert payload == {"errors": [], "product": {"name": "Khăn", "cooperative": {"name": "HTX Thiên An"}}}
    for invalid_values, field, code in (
        ({"cooperative": global_id("Cooperative", yen_duong.pk)}, "cooperative", "NOT_FOUND"),
        (collections, "collections", "INVALID"),
    ):
        refused = data_of(create, token, input=values | invalid_values)["productCreate"]
        assert refused == {"errors": [{"field": field, "code": code}], "product": None}
    token_of_both = token_of(make_staff(Permission.MANAGE_PRODUCTS, works_for=(thien_an, yen_duong)))
    ambiguous = data_of(create, token_of_both, input=values)["productCreate"]
    assert ambiguous["errors"] == [{"field": "cooperative", "code": "REQUIRED"}]
    assert Product.objects.filter(name="Khăn").count() == 1


def test_foreign_row_is_not_found_and_unchanged(two_sellers) -> None:
    _thien_an, own_product, yen_duong, foreign, token = two_sellers
    product, variant = (
        global_id("Product", foreign.pk),
        global_id("ProductVariant", foreign.variants.get().pk),
    )
    warehouse = global_id("Warehouse", yen_duong.warehouses.get().pk)
    stocks = f'stocks: [{{warehouse: "{warehouse}", quantity: 1}}]'
    entry = '[{key: "a", value: "b"}]'
    attempts = [
        f'productUpdate(id: "{product}", input: {{name: "X"}})',
        f'productDelete(id: "{product}")',
        f'productVariantCreate(input: {{product: "{product}", attributes: [], name: "X"}})',
        f'productVariantUpdate(id: "{variant}", input: {{name: "X"}})',
        f'productVariantDelete(id: "{variant}")',
        f'productVariantStocksUpdate(variantId: "{variant}", {stocks})',
        f'updateWarehouse(id: "{warehouse}", input: {{name: "X"}})',
        f'deleteWarehouse(id: "{warehouse}")',
        f'updateMetadata(id: "{product}", input: {entry})',
        f'updatePrivateMetadata(id: "{warehouse}", input: {entry})',
    ]

    for attempt in attempts:
        name = attempt.split("(")[0]
        payload = data_of(f"mutation {{ {attempt} {{ errors {{ code }} }} }}", token)[name]
        assert payload["errors"] == [{"code": "NOT_FOUND"}], name
    foreign.refresh_from_db()
    assert (foreign.name, foreign.metadata) == ("Trà", {})
    assert Variant.objects.filter(product=foreign).count() == 1
    assert get_stock(foreign.variants.get()).on_hand == 7
    assert Warehouse.objects.get(cooperative=yen_duong).closed_at is None
    own_id = global_id("Product", own_product.pk)
    update_metadata = f'mutation {{ updateMetadata(id: "{own_id}", input: {entry}) {{ errors {{ code }} }} }}'
    assert data_of(update_metadata, token)["updateMetadata"] == {"errors": []}
    assert Product.objects.get(pk=own_product.pk).metadata == {"a": "b"}


def test_cooperative_staff_cannot_change_categories_or_channel_listings(two_sellers) -> None:
    _thien_an, own_product, _yen_duong, _foreign, token = two_sellers
    listing = {
        "updateChannels": [{"channelId": global_id("Channel", make_channel().pk), "isPublished": True}]
    }
    attempts = [
        ('mutation { categoryCreate(input: {name: "X"}) { errors { code } } }', {}),
        (
            "mutation($id: ID!, $input: ProductChannelListingUpdateInput!) {"
            " productChannelListingUpdate(id: $id, input: $input) { errors { code } } }",
            {"id": global_id("Product", own_product.pk), "input": listing},
        ),
    ]

    for query, variables in attempts:
        response = execute(query, token, **variables)
        assert response["errors"][0]["extensions"]["code"] == "PermissionDenied"


def test_order_permission_does_not_allow_changing_products() -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    pillow = make_product(thien_an)
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))
    group = make_staff(Permission.MANAGE_PRODUCTS, works_for=(yen_duong,)).permission_groups.get()
    group.users.add(staff)
    token, key = token_of(staff), global_id("Product", pillow.pk)
    make_warehouse(yen_duong, make_channel())

    visible = data_of("query($id: ID!) { product(id: $id) { name } }", token, id=key)
    update = 'mutation($id: ID!) { productUpdate(id: $id, input: {name: "X"}) { errors { code } } }'
    update_metadata = (
        'mutation($id: ID!) { updateMetadata(id: $id, input: [{key: "a", value: "b"}]) { errors { code } } }'
    )

    assert visible == {"product": {"name": "Gối thảo dược"}}
    assert data_of(update, token, id=key)["productUpdate"]["errors"] == [{"code": "NOT_FOUND"}]
    assert data_of(update_metadata, token, id=key)["updateMetadata"]["errors"] == [{"code": "NOT_FOUND"}]


def test_staff_see_foreign_products_in_their_basket_as_buyers(two_sellers) -> None:
    _thien_an, own_product, _yen_duong, foreign, token = two_sellers
    for product in (own_product, foreign):
        Product.objects.filter(pk=product.pk).update(private_metadata={"secret": "x"})
        product.variants.get().prices.update(cost=1_000)
    lines = [
        {"variantId": global_id("ProductVariant", product.variants.get().pk), "quantity": 1}
        for product in (own_product, foreign)
    ]
    query = """mutation($lines: [CheckoutLineInput!]!) {
      checkoutCreate(input: {channel: "viet-nam", lines: $lines}) {
        errors { code } checkout { lines { variant {
        product { name privateMetadata { key } channelListings { purchaseCost { start { amount } } } }
        stocks { quantity } margin channelListings { costPrice { amount } margin }
      } } } } }"""

    payload = data_of(query, token, lines=lines)["checkoutCreate"]

    assert payload["errors"] == []
    variants_by_product = {
        line["variant"]["product"]["name"]: line["variant"] for line in payload["checkout"]["lines"]
    }
    assert variants_by_product["Trà"] == {
        "product": {"name": "Trà", "privateMetadata": [], "channelListings": [{"purchaseCost": None}]},
        "stocks": [],
        "margin": None,
        "channelListings": [{"costPrice": None, "margin": None}],
    }
    own_variant = variants_by_product["Gối thảo dược"]
    assert own_variant["product"]["privateMetadata"] == [{"key": "secret"}]
    assert (own_variant["stocks"], own_variant["channelListings"][0]["costPrice"]) == (
        [{"quantity": 5}],
        {"amount": 1_000},
    )
