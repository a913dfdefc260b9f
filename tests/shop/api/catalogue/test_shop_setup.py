"""Set up a shop over the API alone, as the Dashboard and importers do."""

from __future__ import annotations

import pytest

from catalog.models import Listing, Movement, Product, Variant
from catalog.states import ListingState
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import (
    get_stock,
    make_admin,
    make_category,
    make_channel,
    make_cooperative,
    make_divisions,
    make_product,
    make_product_type,
    make_seller,
    make_user,
    make_warehouse,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def token():
    return token_of(make_admin())


def mutate(mutation, token, **variables):
    """Execute a mutation that succeeds, and return its payload."""
    (payload,) = data_of(mutation, token, **variables).values()
    assert payload.pop("errors") == []
    return payload


def mutation_errors(mutation, token, **variables):
    """Execute a mutation that saves nothing, and return its errors."""
    before = all_rows()
    (payload,) = data_of(mutation, token, **variables).values()
    assert all_rows() == before
    errors = payload.pop("errors")
    assert set(payload.values()) == {None}
    return errors


CATEGORY = """mutation ($parent: ID, $input: CategoryInput!) {
  categoryCreate(parent: $parent, input: $input) {
  category { id slug level parent { slug } description } errors { field code } } }"""
CREATE_PRODUCT_TYPE = """mutation ($input: ProductTypeInput!) { productTypeCreate(input: $input) {
  productType { id slug productAttributes { slug } variantAttributes { slug } }
  errors { field code } } }"""
ATTRIBUTE = """mutation ($input: AttributeCreateInput!) { attributeCreate(input: $input) {
  attribute { id slug inputType choices(first: 9) { edges { node { name slug } } } }
  errors { field code } } }"""
PRODUCT = """mutation ($input: ProductCreateInput!) { productCreate(input: $input) {
  product { id slug description weight { value unit } cooperative { slug } category { slug }
    pricing { onSale } attributes { attribute { slug } values { name } } collections { slug } }
  errors { field code } } }"""
VARIANT = """mutation ($input: ProductVariantCreateInput!) { productVariantCreate(input: $input) {
  productVariant { id name sku stocks { quantity warehouse { id } } attributes { values { slug } } }
  errors { field code } } }"""
UPDATE_CHANNEL_LISTING = """mutation ($id: ID!, $input: ProductChannelListingUpdateInput!) {
  productChannelListingUpdate(id: $id, input: $input) {
    product { channelListings { channel { slug } isPublished } } errors { field code } } }"""
PRICE = """mutation ($id: ID!, $input: [ProductVariantChannelListingAddInput!]!) {
  productVariantChannelListingUpdate(id: $id, input: $input) {
    variant { channelListings { price { amount } costPrice { amount } } } errors { field code } } }"""


def test_shop_is_set_up_until_a_product_is_on_sale(token) -> None:
    channel = make_channel()
    platform_seller = make_cooperative(slug="nha", is_platform_seller=True)
    warehouse = make_warehouse(platform_seller, channel)
    channel_id, warehouse_id = global_id("Channel", channel.pk), global_id("Warehouse", warehouse.pk)

    food = mutate(CATEGORY, token, input={"name": "Thực phẩm"})["category"]
    rice = mutate(CATEGORY, token, parent=food["id"], input={"name": "Gạo nếp"})["category"]
    dye = mutate(
        ATTRIBUTE, token, input={"name": "Giống", "type": "PRODUCT_TYPE", "values": [{"name": "Khẩu"}]}
    )
    size = mutate(ATTRIBUTE, token, input={"name": "Cỡ", "type": "PRODUCT_TYPE"})["attribute"]
    product_type = mutate(
        CREATE_PRODUCT_TYPE,
        token,
        input={
            "name": "Gạo",
            "productAttributes": [dye["attribute"]["id"]],
            "variantAttributes": [size["id"]],
        },
    )["productType"]
    product = mutate(
        PRODUCT,
        token,
        input={
            "name": "Khẩu nua lếch",
            "productType": product_type["id"],
            "category": rice["id"],
            "weight": 1.5,
            "description": '{"blocks": [{"type": "paragraph", "data": {"text": "Dẻo<script>x</script>"}}]}',
            "attributes": [{"id": dye["attribute"]["id"], "dropdown": {"value": "Khẩu"}}],
        },
    )["product"]
    mutate(
        UPDATE_CHANNEL_LISTING,
        token,
        id=product["id"],
        input={"updateChannels": [{"channelId": channel_id, "isPublished": True}]},
    )
    variant = mutate(
        VARIANT,
        token,
        input={
            "product": product["id"],
            "name": "Túi",
            "sku": "KNL-1",
            "attributes": [{"id": size["id"], "dropdown": {"value": "1 kg"}}],
            "stocks": [{"warehouse": warehouse_id, "quantity": 12}],
        },
    )["productVariant"]
    priced = mutate(
        PRICE, token, id=variant["id"], input=[{"channelId": channel_id, "price": 60000, "costPrice": 40000}]
    )

    assert (food["slug"], food["level"], food["parent"]) == ("thuc-pham", 0, None)
    assert (rice["slug"], rice["level"], rice["parent"]) == ("gao-nep", 1, {"slug": "thuc-pham"})
    assert product_type["productAttributes"] == [{"slug": "giong"}]
    assert product_type["variantAttributes"] == [{"slug": "co"}]
    assert product == {
        "id": product["id"],
        "slug": "khau-nua-lech",
        "description": product["description"],
        "weight": {"value": 1.5, "unit": "KG"},
        "cooperative": {"slug": "nha"},
        "category": {"slug": "gao-nep"},
        "pricing": None,
        "attributes": [{"attribute": {"slug": "giong"}, "values": [{"name": "Khẩu"}]}],
        "collections": [],
    }
    assert "Dẻo" in product["description"]
    assert "script" not in product["description"]
    assert variant["stocks"] == [{"quantity": 12, "warehouse": {"id": warehouse_id}}]
    assert variant["attributes"] == [{"values": [{"slug": "1-kg"}]}]
    assert priced["variant"]["channelListings"] == [
        {"price": {"amount": 60000.0}, "costPrice": {"amount": 40000.0}}
    ]
    storefront_data = data_of("""{ products(channel: "viet-nam", first: 5) { edges { node {
      name isAvailable pricing { priceRange { start { gross { amount } } } }
      variants { sku quantityAvailable } } } } }""")
    assert [edge["node"] for edge in storefront_data["products"]["edges"]] == [
        {
            "name": "Khẩu nua lếch",
            "isAvailable": True,
            "pricing": {"priceRange": {"start": {"gross": {"amount": 60000.0}}}},
            "variants": [{"sku": "KNL-1", "quantityAvailable": 12}],
        }
    ]
    assert Change.objects.filter(action="product.created", entry_point="api").count() == 1


def test_publishing_fails_while_legal_details_are_missing(token) -> None:
    product = make_product(make_seller(), state=ListingState.DRAFT)
    channel_id = global_id("Channel", make_channel().pk)
    requested = {"updateChannels": [{"channelId": channel_id, "isPublished": True}]}

    errors = mutation_errors(
        UPDATE_CHANNEL_LISTING, token, id=global_id("Product", product.pk), input=requested
    )

    assert errors == [{"field": None, "code": "INVALID"}]
    assert Listing.objects.get().state == ListingState.DRAFT


def test_product_is_paused_and_withdrawn_from_a_channel(token) -> None:
    product = make_product()
    channel_id = global_id("Channel", make_channel().pk)
    key = global_id("Product", product.pk)

    mutate(
        UPDATE_CHANNEL_LISTING,
        token,
        id=key,
        input={"updateChannels": [{"channelId": channel_id, "isPublished": False}]},
    )
    assert Listing.objects.get().state == ListingState.PAUSED

    mutate(UPDATE_CHANNEL_LISTING, token, id=key, input={"removeChannels": [channel_id]})
    assert Listing.objects.get().state == ListingState.WITHDRAWN


STOCKS = """mutation ($variant: ID!, $stocks: [StockInput!]!) {
  productVariantStocksUpdate(variantId: $variant, stocks: $stocks) {
    productVariant { stocks { quantity } } errors { field code } } }"""


def test_stock_update_records_the_difference_as_movement(token) -> None:
    variant = make_product(on_hand=10).variants.get()
    warehouse = global_id("Warehouse", get_stock(variant).warehouse_id)

    payload = mutate(
        STOCKS,
        token,
        variant=global_id("ProductVariant", variant.pk),
        stocks=[{"warehouse": warehouse, "quantity": 3}],
    )

    assert payload["productVariant"] == {"stocks": [{"quantity": 3}]}
    assert list(Movement.objects.order_by("pk").values_list("quantity", flat=True)) == [10, -7]


def test_stock_in_a_foreign_warehouse_is_refused(token) -> None:
    variant = make_product().variants.get()
    foreign = make_warehouse(make_cooperative(), make_channel())

    errors = mutation_errors(
        STOCKS,
        token,
        variant=global_id("ProductVariant", variant.pk),
        stocks=[{"warehouse": global_id("Warehouse", foreign.pk), "quantity": 3}],
    )

    assert errors == [{"field": None, "code": "NOT_FOUND"}]


@pytest.mark.parametrize("quantity", [-1, 1_000_001])
def test_invalid_stock_quantities_are_refused(token, quantity) -> None:
    variant = make_product().variants.get()

    errors = mutation_errors(
        STOCKS,
        token,
        variant=global_id("ProductVariant", variant.pk),
        stocks=[{"warehouse": global_id("Warehouse", get_stock(variant).warehouse_id), "quantity": quantity}],
    )

    assert errors == [{"field": "quantity", "code": "INVALID"}]


@pytest.mark.parametrize(
    ("invalid_values", "error"),
    [
        ({"price": 0}, {"field": "price", "code": "INVALID_PRICE"}),
        ({"price": 1e12}, {"field": "price", "code": "INVALID_PRICE"}),
        ({"price": 5000, "costPrice": 1e12}, {"field": "price", "code": "INVALID_PRICE"}),
        (
            {"price": 5000, "channelId": global_id("Channel", 999)},
            {"field": "channelId", "code": "NOT_FOUND"},
        ),
    ],
)
def test_invalid_prices_are_refused(token, invalid_values, error) -> None:
    variant = make_product().variants.get()
    requested = {"channelId": global_id("Channel", make_channel().pk)} | invalid_values

    assert mutation_errors(PRICE, token, id=global_id("ProductVariant", variant.pk), input=[requested]) == [
        error
    ]


@pytest.mark.parametrize(
    ("invalid_values", "error"),
    [
        ({"name": " "}, {"field": "name", "code": "REQUIRED"}),
        ({"name": "Gối", "weight": 9e12}, {"field": "weight", "code": "INVALID"}),
        ({"name": "G" * 251}, {"field": "name", "code": "INVALID"}),
        ({"name": "Gối", "slug": "g~1"}, {"field": "slug", "code": "INVALID"}),
        ({"name": "Gối", "slug": "goi-thao-duoc"}, {"field": "slug", "code": "UNIQUE"}),
        (
            {"name": "Gối", "category": global_id("Category", 999)},
            {"field": "category", "code": "NOT_FOUND"},
        ),
        (
            {"name": "Gối", "taxClass": global_id("TaxClass", 999)},
            {"field": "taxClass", "code": "NOT_FOUND"},
        ),
        ({"name": "Gối", "category": "abc"}, {"field": "category", "code": "GRAPHQL_ERROR"}),
        (
            {"name": "Gối", "collections": [global_id("Collection", 999)]},
            {"field": "collections", "code": "NOT_FOUND"},
        ),
        (
            {"name": "Gối", "cooperative": global_id("Cooperative", 999)},
            {"field": "cooperative", "code": "NOT_FOUND"},
        ),
        (
            {"name": "Gối", "attributes": [{"id": global_id("Attribute", 999), "boolean": True}]},
            {"field": "attributes", "code": "ATTRIBUTE_CANNOT_BE_ASSIGNED"},
        ),
    ],
)
def test_invalid_product_is_refused_and_nothing_is_saved(token, invalid_values, error) -> None:
    make_cooperative(is_platform_seller=True)
    make_product()
    requested = {"productType": global_id("ProductType", make_product_type().pk)} | invalid_values

    assert mutation_errors(PRODUCT, token, input=requested) == [error]


def test_product_create_requires_permission() -> None:
    product_type_id = global_id("ProductType", make_product_type().pk)

    for token in (None, token_of(make_user()), token_of(make_user(is_staff=True))):
        response = execute(PRODUCT, token, input={"name": "Gối", "productType": product_type_id})
        assert response["data"] == {"productCreate": None}
        assert response["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert not Product.objects.exists()


def test_product_update_changes_only_given_fields(token) -> None:
    make_channel(requires_listing_review=False)
    product = make_product(category=make_category("Gối"))
    query = """mutation ($id: ID!, $input: ProductInput!) { productUpdate(id: $id, input: $input) {
      product { name slug category { slug } seoTitle metafield(key: "erp") } errors { field code } } }"""

    payload = mutate(
        query,
        token,
        id=global_id("Product", product.pk),
        input={"name": "Gối lá", "seo": {"title": "Gối"}, "metadata": [{"key": "erp", "value": "7"}]},
    )

    assert payload["product"] == {
        "name": "Gối lá",
        "slug": "goi-thao-duoc",
        "category": {"slug": "goi"},
        "seoTitle": "Gối",
        "metafield": "7",
    }
    product.refresh_from_db()
    assert product.search_text.startswith("goi la")


def test_collection_is_created_published_and_deleted(token) -> None:
    pillow = make_product()
    created = mutate(
        """mutation ($input: CollectionCreateInput!) { collectionCreate(input: $input) {
          collection { id slug } errors { field code } } }""",
        token,
        input={"name": "Quà Tết", "products": [global_id("Product", pillow.pk)]},
    )["collection"]
    collection_query = (
        """{ collection(slug: "qua-tet", channel: "viet-nam") { products(first: 3) { totalCount } } }"""
    )

    assert data_of(collection_query) == {"collection": None}
    mutate(
        """mutation ($id: ID!, $input: CollectionChannelListingUpdateInput!) {
          collectionChannelListingUpdate(id: $id, input: $input) {
            collection { channelListings { isPublished } } errors { field code } } }""",
        token,
        id=created["id"],
        input={"addChannels": [{"channelId": global_id("Channel", make_channel().pk), "isPublished": True}]},
    )
    assert data_of(collection_query) == {"collection": {"products": {"totalCount": 1}}}
    mutate(
        "mutation ($id: ID!) { collectionDelete(id: $id) { collection { slug } errors { code } } }",
        token,
        id=created["id"],
    )
    assert data_of(collection_query) == {"collection": None}


def test_collection_of_a_cooperative_cannot_be_deleted(token) -> None:
    collection_id = global_id("Collection", 10**9 + make_seller().pk)

    errors = mutation_errors(
        "mutation ($id: ID!) { collectionDelete(id: $id) { collection { slug } errors { field code } } }",
        token,
        id=collection_id,
    )

    assert errors == [{"field": "id", "code": "INVALID"}]


def test_stocked_product_is_hidden_instead_of_deleted(token) -> None:
    product = make_product()
    variant = product.variants.get()

    errors = mutation_errors(
        """mutation ($id: ID!) { productVariantDelete(id: $id) {
          productVariant { id } errors { field code } } }""",
        token,
        id=global_id("ProductVariant", variant.pk),
    )
    mutate(
        "mutation ($id: ID!) { productDelete(id: $id) { product { name } errors { code } } }",
        token,
        id=global_id("Product", product.pk),
    )

    assert errors == [{"field": "id", "code": "INVALID"}]
    assert Variant.objects.exists()
    assert Product.objects.get().is_removed
    assert data_of('{ product(slug: "goi-thao-duoc", channel: "viet-nam") { name } }', token) == {
        "product": None
    }
    assert Cooperative.objects.get().state == CooperativeState.APPROVED


WAREHOUSE = """mutation ($input: WarehouseCreateInput!) { createWarehouse(input: $input) {
  warehouse { id slug companyName address { city country { code } } cooperative { slug } }
  errors { field code } } }"""
WAREHOUSE_ADDRESS = {
    "firstName": "Kho",
    "streetAddress1": "Thôn Nà Ít",
    "city": "Xã Phủ Thông",
    "countryArea": "Thái Nguyên",
    "country": "VN",
    "companyName": "HTX Thiên An",
}


def test_warehouse_is_created_updated_and_deleted(token) -> None:
    make_channel()
    make_divisions()
    thien_an = make_seller(slug="thien-an")
    owner = global_id("Cooperative", thien_an.pk)

    created = mutate(
        WAREHOUSE, token, input={"name": "Kho mới", "address": WAREHOUSE_ADDRESS, "cooperative": owner}
    )["warehouse"]
    changed = mutate(
        """mutation ($id: ID!, $input: WarehouseUpdateInput!) { updateWarehouse(id: $id, input: $input) {
          warehouse { name clickAndCollectOption } errors { field code } } }""",
        token,
        id=created["id"],
        input={"name": "Kho lớn", "clickAndCollectOption": "LOCAL"},
    )["warehouse"]
    deleted = mutate(
        "mutation ($id: ID!) { deleteWarehouse(id: $id) { warehouse { name } errors { field code } } }",
        token,
        id=created["id"],
    )

    assert created == {
        "id": created["id"],
        "slug": "kho-moi",
        "companyName": "HTX Thiên An",
        "address": {"city": "Xã Phủ Thông", "country": {"code": "VN"}},
        "cooperative": {"slug": "thien-an"},
    }
    assert changed == {"name": "Kho lớn", "clickAndCollectOption": "LOCAL"}
    assert deleted == {"warehouse": {"name": "Kho lớn"}}
    assert thien_an.warehouses.count() == 1


def test_warehouse_with_stock_cannot_be_deleted(token) -> None:
    variant = make_product(make_seller()).variants.get()
    make_warehouse(variant.cooperative, make_channel())

    errors = mutation_errors(
        "mutation ($id: ID!) { deleteWarehouse(id: $id) { warehouse { name } errors { field code } } }",
        token,
        id=global_id("Warehouse", get_stock(variant).warehouse_id),
    )

    assert errors == [{"field": None, "code": "INVALID"}]
