"""What takes several steps is done whole or not at all."""

from __future__ import annotations

import pytest

from catalog.models import Attribute, Collection, ProductType
from shop.api.ids import global_id
from tests.factories import make_admin, make_product_type
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of
from tests.unchanged import every_row

pytestmark = pytest.mark.django_db

LONG = "x" * 300


def test_refused_later_step_rolls_back_the_first():
    token = token_of(make_admin())
    attribute = Attribute.objects.create(slug="mau", name="Màu")
    value = attribute.values.create(slug="do", name="Đỏ")
    kind = make_product_type()
    its, kinds = global_id("Attribute", attribute.pk), global_id("ProductType", kind.pk)
    nothing = global_id("Attribute", 10**9)
    questions = [
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
            its,
            [("name", "INVALID")],
        ),
        (
            "productTypeCreate",
            "ProductTypeInput",
            {"name": "Rau", "productAttributes": [its, nothing]},
            None,
            [("operations", "NOT_FOUND")],
        ),
        (
            "productTypeUpdate",
            "ProductTypeInput",
            {"name": "Rau", "productAttributes": [its, nothing]},
            kinds,
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
    before = every_row()

    for name, input_type, given, key, told in questions:
        takes, gives = ("$id: ID!, ", "id: $id, ") if key else ("", "")
        query = (
            f"mutation({takes}$input: {input_type}!)"
            f" {{ {name}({gives}input: $input) {{ errors {{ field code }} }} }}"
        )
        answer = data_of(query, token, input=given, **({"id": key} if key else {}))[name]

        assert [(error["field"], error["code"]) for error in answer["errors"]] == told, name
        assert every_row() == before, name

    assert (Attribute.objects.count(), ProductType.objects.count(), Collection.objects.count()) == (1, 1, 0)
