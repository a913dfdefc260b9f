"""Attributes of products and variants, in both forms of Saleor's schema."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog.models import (
    Attribute,
    AttributeScope,
    AttributeValue,
    InputType,
    ProductAttributeValue,
    ProductTypeAttribute,
    VariantAttributeValue,
)
from shop.core.models import Translation
from tests.factories import make_admin, make_product, make_product_type, make_seller
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db


def make_attribute(slug, input_type=InputType.DROPDOWN, *, scope=AttributeScope.PRODUCT, **fields):
    attribute = Attribute.objects.create(slug=slug, name=slug.capitalize(), input_type=input_type, **fields)
    ProductTypeAttribute.objects.create(
        product_type=make_product_type(),
        attribute=attribute,
        scope=scope,
        variant_selection=scope == AttributeScope.VARIANT,
        sort_order=ProductTypeAttribute.objects.count(),
    )
    return attribute


def assign(product, attribute, name, **columns):
    value = AttributeValue.objects.create(attribute=attribute, name=name, slug=name.lower(), **columns)
    ProductAttributeValue.objects.create(product=product, value=value)
    return value


ASSIGNED_ATTRIBUTES = """
query ($slug: String!) {
  product(slug: $slug, channel: "viet-nam") {
    assignedAttributes(limit: 10) {
      __typename
      attribute { slug name translation(languageCode: EN) { name } }
      ... on AssignedSingleChoiceAttribute { choice: value { name slug translation(languageCode: EN) } }
      ... on AssignedMultiChoiceAttribute { choices: value { slug } }
      ... on AssignedNumericAttribute { number: value }
      ... on AssignedPlainTextAttribute { text: value }
      ... on AssignedBooleanAttribute { truth: value }
    }
    assignedAttribute(slug: "dye") { attribute { slug } }
    missing: assignedAttribute(slug: "secret") { attribute { slug } }
    attributes { attribute { slug inputType } values { name } }
  }
}
"""


def test_assigned_attributes_by_input_type_with_translations() -> None:
    product = make_product()
    dye = assign(product, make_attribute("dye"), "Chàm")
    multiselect = make_attribute("use", InputType.MULTISELECT)
    assign(product, multiselect, "Ngủ")
    assign(product, multiselect, "Ngồi")
    assign(product, make_attribute("length", InputType.NUMERIC), "42.5", numeric=Decimal("42.5"))
    assign(product, make_attribute("care", InputType.PLAIN_TEXT), "care", plain_text="Giặt tay")
    assign(product, make_attribute("washable", InputType.BOOLEAN), "yes", boolean=True)
    make_attribute("empty")
    make_attribute("secret", visible_in_storefront=False)
    rows = ((dye.attribute, "catalog.attribute", "Dye"), (dye, "catalog.attributevalue", "Indigo"))
    for row, model_label, text in rows:
        Translation.objects.create(kind=model_label, key=row.pk, language="en", field="name", text=text)

    data = data_of(ASSIGNED_ATTRIBUTES, slug="goi-thao-duoc")

    assert data["product"]["assignedAttributes"] == [
        {
            "__typename": "AssignedSingleChoiceAttribute",
            "attribute": {"slug": "dye", "name": "Dye", "translation": {"name": "Dye"}},
            "choice": {"name": "Chàm", "slug": "chàm", "translation": "Indigo"},
        },
        {
            "__typename": "AssignedMultiChoiceAttribute",
            "attribute": {"slug": "use", "name": "Use", "translation": None},
            "choices": [{"slug": "ngủ"}, {"slug": "ngồi"}],
        },
        {
            "__typename": "AssignedNumericAttribute",
            "attribute": {"slug": "length", "name": "Length", "translation": None},
            "number": 42.5,
        },
        {
            "__typename": "AssignedPlainTextAttribute",
            "attribute": {"slug": "care", "name": "Care", "translation": None},
            "text": "Giặt tay",
        },
        {
            "__typename": "AssignedBooleanAttribute",
            "attribute": {"slug": "washable", "name": "Washable", "translation": None},
            "truth": True,
        },
        {
            "__typename": "AssignedSingleChoiceAttribute",
            "attribute": {"slug": "empty", "name": "Empty", "translation": None},
            "choice": None,
        },
    ]
    assert data["product"]["assignedAttribute"] == {"attribute": {"slug": "dye"}}
    assert data["product"]["missing"] is None
    assert data["product"]["attributes"][1] == {
        "attribute": {"slug": "use", "inputType": "MULTISELECT"},
        "values": [{"name": "Ngủ"}, {"name": "Ngồi"}],
    }


def test_variant_selection_attributes() -> None:
    product = make_product(variants=(("Nhỏ", 0), ("To", 1)))
    size = make_attribute("size", scope=AttributeScope.VARIANT)
    for variant in product.variants.all():
        value = AttributeValue.objects.create(attribute=size, name=variant.name, slug=variant.name)
        VariantAttributeValue.objects.create(variant=variant, value=value)

    data = data_of("""{ product(slug: "goi-thao-duoc", channel: "viet-nam") { variants {
      attributes(variantSelection: VARIANT_SELECTION) { attribute { slug } values { name } }
      others: attributes(variantSelection: NOT_VARIANT_SELECTION) { attribute { slug } }
    } } }""")

    assert data["product"]["variants"] == [
        {"attributes": [{"attribute": {"slug": "size"}, "values": [{"name": "Nhỏ"}]}], "others": []},
        {"attributes": [{"attribute": {"slug": "size"}, "values": [{"name": "To"}]}], "others": []},
    ]


def test_products_are_filtered_by_attributes_and_cooperative() -> None:
    thien_an = make_seller("HTX Thiên An", slug="thien-an")
    pillow = make_product(thien_an)
    assign(pillow, make_attribute("dye"), "cham")
    make_product(make_seller("HTX Yến Dương", slug="yen-duong"), name="Bí xanh")
    query = """query ($where: ProductWhereInput) {
      products(channel: "viet-nam", first: 9, where: $where) { edges { node { name } } } }"""

    def matching_names(*attributes):
        edges = data_of(query, where={"attributes": list(attributes)})["products"]["edges"]
        return [edge["node"]["name"] for edge in edges]

    assert matching_names({"slug": "dye", "values": ["cham"]}) == ["Gối thảo dược"]
    assert matching_names({"slug": "dye", "value": {"slug": {"eq": "do"}}}) == []
    assert matching_names({"slug": "cooperative", "values": ["yen-duong"]}) == ["Bí xanh"]
    assert matching_names() == ["Bí xanh", "Gối thảo dược"]


def test_cooperative_attribute_shows_the_seller() -> None:
    make_product(make_seller("HTX Thiên An", slug="thien-an"))
    make_attribute("cooperative", InputType.SINGLE_REFERENCE, entity_type="PAGE")

    data = data_of(
        '{ product(slug: "goi-thao-duoc", channel: "viet-nam") { attributes { values { name slug } } } }'
    )

    assert data["product"]["attributes"] == [{"values": [{"name": "HTX Thiên An", "slug": "thien-an"}]}]


def test_customers_see_storefront_attributes_and_dropdown_choices() -> None:
    colour, story = make_attribute("colour"), make_attribute("story", InputType.PLAIN_TEXT)
    make_attribute("cost", visible_in_storefront=False)
    draft = make_product(make_seller(), state="draft")
    assign(draft, colour, "Red")
    assign(draft, story, "Secret", plain_text="secret")
    query = """{ attributes(first: 9) { edges { node {
        slug choices(first: 9) { edges { node { name } } }
    } } } }"""

    def choices(token=None):
        edges = data_of(query, token)["attributes"]["edges"]
        return {
            edge["node"]["slug"]: [choice["node"]["name"] for choice in edge["node"]["choices"]["edges"]]
            for edge in edges
        }

    assert choices() == {"colour": ["Red"], "story": []}
    assert choices(token_of(make_admin())) == {"colour": ["Red"], "story": [], "cost": []}
    query_by_slug = '{ attribute(slug: "cost") { slug } }'
    assert (data_of(query_by_slug), data_of(query_by_slug, token_of(make_admin()))) == (
        {"attribute": None},
        {"attribute": {"slug": "cost"}},
    )
