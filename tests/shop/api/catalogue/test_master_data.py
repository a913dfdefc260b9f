"""Values of attributes, attributes of product types, and texts of pictures, changed in the Dashboard."""

from __future__ import annotations

import pytest

from catalog.models import (
    Attribute,
    AttributeScope,
    AttributeValue,
    InputType,
    ProductMedia,
    ProductTypeAttribute,
    RevisionPicture,
)
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import make_admin, make_product, make_product_type, make_seller, make_staff
from tests.refusals import all_rows
from tests.shop.api.catalogue.test_products import make_picture
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)

UPDATE_VALUE = """mutation($id: ID!, $input: AttributeValueUpdateInput!) {
  attributeValueUpdate(id: $id, input: $input) {
    attribute { slug } attributeValue { name slug value } errors { field code } } }"""
UPDATE_ASSIGNMENT = """mutation($id: ID!, $operations: [ProductAttributeAssignmentUpdateInput!]!) {
  productAttributeAssignmentUpdate(productTypeId: $id, operations: $operations) {
    productType { assignedVariantAttributes { variantSelection } } errors { field code } } }"""
DESCRIBE_PICTURE = """mutation($id: ID!, $alt: String) {
  productMediaUpdate(id: $id, input: {alt: $alt}) { media { alt } errors { field code } } }"""


def test_attribute_value_is_renamed_and_keeps_its_slug() -> None:
    token, staff_token = token_of(make_admin()), token_of(make_staff(Permission.MANAGE_PRODUCTS))
    dye = Attribute.objects.create(slug="mau", name="Màu", input_type=InputType.SWATCH)
    value = AttributeValue.objects.create(attribute=dye, slug="cham", name="Chàm", value="#000000")
    key = global_id("AttributeValue", value.pk)

    result = data_of(UPDATE_VALUE, token, id=key, input={"name": "Xanh chàm", "value": "#123456"})

    assert result["attributeValueUpdate"] == {
        "attribute": {"slug": "mau"},
        "attributeValue": {"name": "Xanh chàm", "slug": "cham", "value": "#123456"},
        "errors": [],
    }
    change = Change.objects.latest("pk")
    assert (change.action, change.data["to"]["name"]) == ("attribute.value_changed", "Xanh chàm")

    before = all_rows()
    no_name = data_of(UPDATE_VALUE, token, id=key, input={"name": " "})
    missing = data_of(UPDATE_VALUE, token, id=global_id("AttributeValue", 10**9), input={"name": "Đỏ"})
    (denied,) = execute(UPDATE_VALUE, staff_token, id=key, input={"name": "Đỏ"})["errors"]

    assert no_name["attributeValueUpdate"]["errors"] == [{"field": "name", "code": "REQUIRED"}]
    assert missing["attributeValueUpdate"]["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    assert denied["extensions"]["exception"]["code"] == "PermissionDenied"
    assert all_rows() == before


def test_variant_selection_of_a_product_type_is_changed() -> None:
    token, product_type = token_of(make_admin()), make_product_type()
    size = Attribute.objects.create(slug="co", name="Cỡ", input_type=InputType.DROPDOWN)
    ProductTypeAttribute.objects.create(
        product_type=product_type, attribute=size, scope=AttributeScope.VARIANT, variant_selection=False
    )
    origin = Attribute.objects.create(slug="goc", name="Gốc", input_type=InputType.DROPDOWN)
    ProductTypeAttribute.objects.create(
        product_type=product_type, attribute=origin, scope=AttributeScope.PRODUCT
    )
    key = global_id("ProductType", product_type.pk)

    def choose(attribute):
        operation = {"id": global_id("Attribute", attribute.pk), "variantSelection": True}
        result = data_of(UPDATE_ASSIGNMENT, token, id=key, operations=[operation])
        return result["productAttributeAssignmentUpdate"]

    assert choose(size) == {
        "productType": {"assignedVariantAttributes": [{"variantSelection": True}]},
        "errors": [],
    }
    before = all_rows()
    assert choose(size)["errors"] == []  # without a second change
    assert choose(origin)["errors"] == [{"field": "operations", "code": "NOT_FOUND"}]
    assert all_rows() == before


def test_picture_is_described_by_its_cooperative_and_by_no_other() -> None:
    seller = make_seller()
    media = ProductMedia.objects.create(product=make_product(seller), picture=make_picture(), alt="Gối")
    own_staff = make_staff(Permission.MANAGE_PRODUCTS, works_for=(seller,))
    foreign_staff = make_staff(Permission.MANAGE_PRODUCTS, works_for=(make_seller("HTX Tài Hoan"),))
    key = global_id("ProductMedia", media.pk)

    admin_result = data_of(DESCRIBE_PICTURE, token_of(make_admin()), id=key, alt="Gối lá thuốc")
    before = all_rows()
    foreign_result = data_of(DESCRIBE_PICTURE, token_of(foreign_staff), id=key, alt="Gối")
    assert all_rows() == before
    own_result = data_of(DESCRIBE_PICTURE, token_of(own_staff), id=key, alt="Gối người Dao")

    assert admin_result["productMediaUpdate"] == {"media": {"alt": "Gối lá thuốc"}, "errors": []}
    assert foreign_result["productMediaUpdate"]["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    # The product is approved, so its cooperative's text waits for the review.
    assert own_result["productMediaUpdate"] == {"media": {"alt": "Gối lá thuốc"}, "errors": []}
    assert RevisionPicture.objects.get().alt == "Gối người Dao"
