"""Mutations of several steps are atomic."""

from __future__ import annotations

import pytest

from catalog.models import Attribute, Collection, ProductType
from shop.api.ids import global_id
from tests.factories import make_admin, make_product_type
from tests.refusals import all_rows
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

LONG = "x" * 300


def test_refused_later_step_rolls_back_the_first() -> None:
    token = token_of(make_admin())
    attribute = Attribute.objects.create(slug="mau", name="Màu")
    value = attribute.values.create(slug="do", name="Đỏ")
    product_type = make_product_type()
    attribute_id, type_id = global_id("Attribute", attribute.pk), global_id("ProductType", product_type.pk)
    unknown_id = global_id("Attribute", 10**9)
    cases = [
        (
            "attributeCreate",
            "AttributeCreateInput",
            {"name": "Vị", "type": "PRODUCT_TYPE", "values": [{"name": "Ngọt"}, {"name": LONG}]},
            None,
            [("name", "INVALID")],
        ),
        (
            "attributeUpdate",
            "AttributeUpdateInput",
            {
                "name": "Vị",
                "removeValues": [global_id("AttributeValue", value.pk)],
                "addValues": [{"name": "Ngọt"}, {"name": LONG}],
            },
            attribute_id,
            [("name", "INVALID")],
        ),
        (
            "productTypeCreate",
            "ProductTypeInput",
            {"name": "Rau", "productAttributes": [attribute_id, unknown_id]},
            None,
            [("operations", "NOT_FOUND")],
        ),
        (
            "productTypeUpdate",
            "ProductTypeInput",
            {"name": "Rau", "productAttributes": [attribute_id, unknown_id]},
            type_id,
            [("operations", "NOT_FOUND")],
        ),
        (
            "collectionCreate",
            "CollectionCreateInput",
            {"name": "Tết", "products": [global_id("Product", 10**9)]},
            None,
            [("products", "NOT_FOUND")],
        ),
    ]
    before = all_rows()

    for name, input_type, input_data, key, expected in cases:
        declarations, passed_arguments = ("$id: ID!, ", "id: $id, ") if key else ("", "")
        query = (
            f"mutation({declarations}$input: {input_type}!)"
            f" {{ {name}({passed_arguments}input: $input) {{ errors {{ field code }} }} }}"
        )
        payload = data_of(query, token, input=input_data, **({"id": key} if key else {}))[name]

        assert [(error["field"], error["code"]) for error in payload["errors"]] == expected, name
        assert all_rows() == before, name

    assert (Attribute.objects.count(), ProductType.objects.count(), Collection.objects.count()) == (1, 1, 0)
