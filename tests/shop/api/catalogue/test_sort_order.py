"""Reorder mutations."""

from __future__ import annotations

import uuid

import pytest

from catalog.models import (
    Attribute,
    AttributeScope,
    AttributeValue,
    Collection,
    CollectionProduct,
    InputType,
    ProductMedia,
    ProductTypeAttribute,
)
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.content.models import PageType, PageTypeAttribute
from shop.core.models import Change, Channel
from tests.factories import make_admin, make_product, make_seller, make_staff, make_warehouse
from tests.refusals import all_rows
from tests.shop.api.catalogue.test_products import make_picture
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)


def move(
    name, id_argument, token, type_name, moves, input_type="ReorderInput", field="id", extra_arguments=""
):
    """Execute a reorder mutation and return its errors; `moves` are the owner's id, and keys with offsets."""
    text = f"""mutation($of: ID!, $moves: [{input_type}!]!) {{
      {name}({id_argument}: $of, moves: $moves{extra_arguments}) {{ errors {{ field code }} }} }}"""
    owner, requested = moves
    items = [{field: global_id(type_name, key), "sortOrder": offset} for key, offset in requested]
    return data_of(text, token, of=owner, moves=items)[name]["errors"]


def test_reorder_mutations_change_sort_order() -> None:
    token, seller = token_of(make_admin()), make_seller()
    product = make_product(seller, variants=(("a", 0), ("b", 0), ("c", 0)))
    variants = list(product.variants.in_order())
    collection = Collection.objects.create(slug="tet", name="Tết")
    products = [product, make_product(seller, name="Gạo"), make_product(seller, name="Ngô")]
    for position, collected in enumerate(products):
        CollectionProduct.objects.create(collection=collection, product=collected, sort_order=position)
    dye = Attribute.objects.create(slug="mau", name="Màu", input_type=InputType.DROPDOWN)
    values = [AttributeValue.objects.create(attribute=dye, slug=name, name=name) for name in "abc"]
    attributes = [dye, *(Attribute.objects.create(slug=f"co-{n}", name="Cỡ") for n in range(2))]
    product_type = product.product_type
    for attribute in attributes:
        ProductTypeAttribute.objects.create(
            product_type=product_type, attribute=attribute, scope=AttributeScope.PRODUCT
        )

    def keys(rows):
        return [row.pk for row in rows]

    first, second, third = keys(variants)
    owner = global_id("Product", product.pk)
    assert (
        move(
            "productVariantReorder", "productId", token, "ProductVariant", (owner, [(third, -2), (first, 9)])
        )
        == []
    )
    assert keys(product.variants.in_order()) == [third, second, first]
    assert Change.objects.latest("pk").action == "product.rearranged"

    owner = global_id("Collection", collection.pk)
    moves = (owner, [(products[0].pk, 1)])
    types = {"input_type": "MoveProductInput", "field": "productId"}
    assert move("collectionReorderProducts", "collectionId", token, "Product", moves, **types) == []
    rows = CollectionProduct.objects.order_by("sort_order")
    assert list(rows.values_list("product", flat=True)) == [products[1].pk, products[0].pk, products[2].pk]

    owner = global_id("Attribute", dye.pk)
    assert (
        move("attributeReorderValues", "attributeId", token, "AttributeValue", (owner, [(values[2].pk, -1)]))
        == []
    )
    assert "".join(dye.values.order_by("sort_order").values_list("name", flat=True)) == "acb"

    moves = (global_id("ProductType", product_type.pk), [(attributes[2].pk, -2)])
    name = "productTypeReorderAttributes"
    assert move(name, "productTypeId", token, "Attribute", moves, extra_arguments=", type: PRODUCT") == []
    rows = ProductTypeAttribute.objects.order_by("sort_order")
    assert list(rows.values_list("attribute", flat=True)) == [attributes[2].pk, dye.pk, attributes[1].pk]

    story = PageType.objects.create(slug="bai", name="Bài")
    for position, attribute in enumerate(attributes):
        PageTypeAttribute.objects.create(page_type=story, attribute=attribute, sort_order=position)
    moves = (global_id("PageType", story.pk), [(dye.pk, 1)])
    assert move("pageTypeReorderAttributes", "pageTypeId", token, "Attribute", moves) == []
    rows = story.attribute_rows.order_by("sort_order")
    assert list(rows.values_list("attribute", flat=True)) == [attributes[1].pk, dye.pk, attributes[2].pk]

    pictures = [
        ProductMedia.objects.create(product=product, picture=make_picture(), alt=name) for name in "ab"
    ]
    text = """mutation($of: ID!, $ids: [ID!]!) { productMediaReorder(productId: $of, mediaIds: $ids) {
      media { alt } errors { field code } } }"""
    ids = [global_id("ProductMedia", picture.pk) for picture in reversed(pictures)]
    owner = global_id("Product", product.pk)
    assert data_of(text, token, of=owner, ids=ids)["productMediaReorder"] == {
        "media": [{"alt": "b"}, {"alt": "a"}],
        "errors": [],
    }
    before = all_rows()
    assert data_of(text, token, of=owner, ids=ids[:1])["productMediaReorder"]["errors"] == [
        {"field": "mediaIds", "code": "INVALID"}
    ]
    moves = (owner, [(first, 1), (10**9, 1)])
    assert move("productVariantReorder", "productId", token, "ProductVariant", moves) == [
        {"field": "moves", "code": "NOT_FOUND"}
    ]
    assert all_rows() == before


def test_staff_of_another_cooperative_cannot_reorder() -> None:
    product = make_product(variants=(("a", 0), ("b", 0)))
    foreign_staff = make_staff(Permission.MANAGE_PRODUCTS, works_for=(make_seller("HTX Tài Hoan"),))
    moves = (global_id("Product", product.pk), [(product.variants.in_order()[0].pk, 1)])
    before = all_rows()

    errors = move("productVariantReorder", "productId", token_of(foreign_staff), "ProductVariant", moves)
    text = "mutation($of: ID!) { productVariantReorder(productId: $of, moves: []) { errors { code } } }"
    (nobody,) = execute(text, of=moves[0])["errors"]

    assert errors == [{"field": "productId", "code": "NOT_FOUND"}]
    assert nobody["extensions"]["exception"]["code"] == "PermissionDenied"
    assert all_rows() == before


def test_warehouses_of_a_channel_are_reordered() -> None:
    seller = make_seller()
    channel, first = Channel.objects.get(), seller.warehouses.get()
    second = make_warehouse(seller, channel, name="Kho chợ")
    token, owner = token_of(make_admin()), global_id("Channel", channel.pk)

    errors = move("channelReorderWarehouses", "channelId", token, "Warehouse", (owner, [(first.pk, 1)]))
    shown = data_of("query($id: ID!) { channel(id: $id) { warehouses { name } } }", token, id=owner)
    before = all_rows()
    missing = move("channelReorderWarehouses", "channelId", token, "Warehouse", (owner, [(uuid.uuid4(), 1)]))

    assert errors == []
    assert [row["name"] for row in shown["channel"]["warehouses"]] == [second.name, first.name]
    assert missing == [{"field": "moves", "code": "NOT_FOUND"}]
    assert all_rows() == before
