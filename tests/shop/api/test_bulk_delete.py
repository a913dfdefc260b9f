"""Bulk deletes, as the Dashboard's lists send them."""

from __future__ import annotations

import pytest

from catalog.models import (
    Attribute,
    AttributeValue,
    Collection,
    InputType,
    ProductType,
    Variant,
)
from cooperatives.models import ShippingService, Zone
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.content.models import Menu, MenuItem, Page, PageType
from tests.factories import make_admin, make_category, make_product, make_staff, make_user
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)


def bulk_delete(name, ids, token, argument="ids"):
    text = f"mutation($ids: [ID!]!) {{ {name}({argument}: $ids) {{ count errors {{ field code }} }} }}"
    return data_of(text, token, ids=ids)[name]


def make_two(factory, **fields):
    """Create two rows of a model, or with a factory, that differ by `slug` or `name`."""
    name = next((name for name in ("slug", "name") if name in fields), None)
    values = [fields | ({name: f"{fields[name]}-{n}"} if name else {}) for n in (1, 2)]
    return [
        factory.objects.create(**value) if isinstance(factory, type) else factory(**value) for value in values
    ]


def deletable_rows():
    """Create two unused rows of each type; yield them with the names of the mutation and of the type."""
    dye = Attribute.objects.create(slug="mau", name="Màu", input_type=InputType.DROPDOWN)
    story = PageType.objects.create(slug="bai", name="Bài")
    menu, zone = Menu.objects.create(slug="tren", name="Trên"), Zone.objects.create(name="Bắc")
    return [
        ("productBulkDelete", "Product", make_two(make_product, name="Gạo", on_hand=0)),
        ("categoryBulkDelete", "Category", make_two(make_category, name="Rau")),
        ("collectionBulkDelete", "Collection", make_two(Collection, slug="tet", name="Tết")),
        ("productTypeBulkDelete", "ProductType", make_two(ProductType, slug="kho", name="Đồ khô")),
        (
            "attributeValueBulkDelete",
            "AttributeValue",
            make_two(AttributeValue, attribute=dye, slug="do", name="Đỏ"),
        ),
        (
            "attributeBulkDelete",
            "Attribute",
            make_two(Attribute, slug="co", name="Cỡ", input_type="dropdown"),
        ),
        ("pageBulkDelete", "Page", make_two(Page, page_type=story, slug="trang", title="Trang")),
        ("pageTypeBulkDelete", "PageType", make_two(PageType, slug="tin", name="Tin")),
        ("menuItemBulkDelete", "MenuItem", make_two(MenuItem, menu=menu, name="Mục", url="https://a.vn")),
        ("menuBulkDelete", "Menu", make_two(Menu, slug="duoi", name="Dưới")),
        (
            "shippingPriceBulkDelete",
            "ShippingMethodType",
            make_two(ShippingService, zone=zone, name="Gửi xe"),
        ),
        ("shippingZoneBulkDelete", "ShippingZone", make_two(Zone, name="Vùng")),
        ("customerBulkDelete", "User", make_two(make_user)),
        ("staffBulkDelete", "User", make_two(make_staff)),
    ]


def test_bulk_delete_removes_rows_and_reports_missing_ids() -> None:
    token, buyer = token_of(make_admin()), token_of(make_user())

    for name, type_name, rows in deletable_rows():
        ids = [global_id(type_name, row.pk) for row in rows]
        before = all_rows()
        for nobody in (None, buyer):
            text = f"mutation($ids: [ID!]!) {{ {name}(ids: $ids) {{ count }} }}"
            (error,) = execute(text, nobody, ids=ids)["errors"]
            assert error["extensions"]["exception"]["code"] == "PermissionDenied", name
        assert all_rows() == before, name

        payload = bulk_delete(name, [*ids, ids[0], global_id(type_name, 10**9)], token)

        assert payload == {"count": 2, "errors": [{"field": "id", "code": "NOT_FOUND"}]}, name
        if type_name == "User":
            assert not User.objects.filter(pk__in=[row.pk for row in rows], erased_at=None).exists()
        else:
            assert not type(rows[0]).objects.filter(pk__in=[row.pk for row in rows]).exists(), name


def test_bulk_delete_refuses_used_rows_and_too_many_ids() -> None:
    token = token_of(make_admin())
    product = make_product(variants=(("nhỏ", 0), ("to", 1)), on_hand=0)
    product_type_id = global_id("ProductType", product.product_type_id)
    smaller_variant, larger_variant = product.variants.in_order()
    Variant.objects.filter(pk=larger_variant.pk).update(sku="TO")
    before = all_rows()

    used_result = bulk_delete("productTypeBulkDelete", [product_type_id], token)
    too_many = bulk_delete("categoryBulkDelete", [global_id("Category", n) for n in range(101)], token)

    assert (used_result["count"], len(used_result["errors"])) == (0, 1)
    assert too_many == {"count": 0, "errors": [{"field": "ids", "code": "INVALID"}]}
    assert all_rows() == before

    text = """mutation($product: ID!, $variant: ID!) {
      productVariantSetDefault(productId: $product, variantId: $variant) {
        product { defaultVariant { id } } errors { field code } } }"""
    keys = {
        "product": global_id("Product", product.pk),
        "variant": global_id("ProductVariant", larger_variant.pk),
    }
    assert data_of(text, token, **keys)["productVariantSetDefault"] == {
        "product": {"defaultVariant": {"id": keys["variant"]}},
        "errors": [],
    }
    elsewhere = keys | {"variant": global_id("ProductVariant", 10**9)}
    assert data_of(text, token, **elsewhere)["productVariantSetDefault"]["errors"] == [
        {"field": "variantId", "code": "NOT_FOUND"}
    ]
    text = 'mutation { productVariantBulkDelete(skus: ["TO"]) { count errors { code } } }'
    assert data_of(text, token)["productVariantBulkDelete"] == {"count": 1, "errors": []}
    assert list(product.variants.all()) == [smaller_variant]


def test_product_type_permission_allows_changing_attributes() -> None:
    token = token_of(make_staff(Permission.MANAGE_PRODUCT_TYPES))
    dye = Attribute.objects.create(slug="mau", name="Màu", input_type=InputType.DROPDOWN)
    red = AttributeValue.objects.create(attribute=dye, slug="do", name="Đỏ")

    renamed = data_of(
        'mutation($id: ID!) { attributeUpdate(id: $id, input: { name: "Sắc" }) { errors { code } } }',
        token,
        id=global_id("Attribute", dye.pk),
    )
    struck = data_of(
        """mutation($id: ID!) { attributeValueDelete(id: $id) {
          attribute { name } attributeValue { name } errors { code } } }""",
        token,
        id=global_id("AttributeValue", red.pk),
    )

    assert renamed["attributeUpdate"]["errors"] == []
    assert struck["attributeValueDelete"] == {
        "attribute": {"name": "Sắc"},
        "attributeValue": {"name": "Đỏ"},
        "errors": [],
    }
    assert not AttributeValue.objects.exists()
