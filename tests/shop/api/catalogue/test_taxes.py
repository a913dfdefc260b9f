"""Tax classes, and objects that a gateway asks for by reference."""

from __future__ import annotations

import pytest

from shop.api.ids import global_id
from tests.factories import make_admin, make_product, make_product_type, make_tax_class
from tests.shop.api.client import ask, data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

TAXED = """query ($id: ID!) {
  product(id: $id) { name pricing { onSale } taxClass { name countries { country { code } rate } } }
  taxClasses(first: 5) { edges { node { name } } }
}"""


def test_staff_see_how_goods_are_taxed_without_naming_a_channel():
    product = make_product()
    kind = make_product_type()
    kind.tax_class = make_tax_class(5)
    kind.save()

    data = data_of(TAXED, token_of(make_admin()), id=global_id("Product", product.pk))

    assert data == {
        "product": {
            "name": "Gối thảo dược",
            "pricing": None,
            "taxClass": {"name": "5 %", "countries": [{"country": {"code": "VN"}, "rate": 5.0}]},
        },
        "taxClasses": {"edges": [{"node": {"name": "5 %"}}]},
    }


def test_customers_do_not_see_tax_classes():
    product = make_product()

    answer = ask(TAXED, id=global_id("Product", product.pk))

    assert answer["data"]["taxClasses"] is None
    assert answer["data"]["product"]["taxClass"] is None
    assert {error["extensions"]["exception"]["code"] for error in answer["errors"]} == {"PermissionDenied"}


def test_a_gateway_finds_goods_by_reference():
    product = make_product()
    query = """query ($known: [_Any!]!) { _entities(representations: $known) {
      __typename ... on Product { name } ... on Collection { slug } } }"""

    data = data_of(
        query,
        known=[
            {"__typename": "Product", "id": global_id("Product", product.pk)},
            {"__typename": "Collection", "id": global_id("Collection", 10**9 + product.cooperative_id)},
            {"__typename": "Product", "id": global_id("Product", 0)},
        ],
    )

    assert data["_entities"] == [
        {"__typename": "Product", "name": "Gối thảo dược"},
        {"__typename": "Collection", "slug": product.cooperative.slug},
        None,
    ]
