"""Cooperatives, an extension of Saleor's schema: profile, products and warehouses."""

from __future__ import annotations

import pytest

from cooperatives.models import Certificate, CertificateKind
from cooperatives.states import CooperativeState
from shop.api.ids import global_id
from tests.factories import make_cooperative, make_product, make_seller
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db


def test_cooperative_with_its_products() -> None:
    thien_an = make_seller(
        "HTX Thiên An", slug="thien-an", commune_name="Phủ Thông", province_name="Thái Nguyên"
    )
    Certificate.objects.create(cooperative=thien_an, kind=CertificateKind.OCOP, stars=4)
    make_product(thien_an)
    make_product(make_seller("HTX Yến Dương", slug="yen-duong"), name="Bí xanh")

    data = data_of("""{ cooperative(slug: "thien-an", channel: "viet-nam") {
      id name place certificates { kind stars } shelf { slug }
      products(first: 5) { totalCount edges { node { name cooperative { slug } } } }
    } }""")

    assert data["cooperative"] == {
        "id": global_id("Cooperative", thien_an.pk),
        "name": "HTX Thiên An",
        "place": "Phủ Thông, Thái Nguyên",
        "certificates": [{"kind": "OCOP", "stars": 4}],
        "shelf": {"slug": "thien-an"},
        "products": {
            "totalCount": 1,
            "edges": [{"node": {"name": "Gối thảo dược", "cooperative": {"slug": "thien-an"}}}],
        },
    }


def test_cooperatives_lists_only_approved_ones() -> None:
    make_cooperative("HTX Thiên An", slug="thien-an", sort_order=1)
    make_cooperative("HTX Yến Dương", slug="yen-duong", sort_order=2)
    make_cooperative(slug="moi", state=CooperativeState.APPLIED)
    query = "query ($text: String) { cooperatives(first: 9, search: $text) { edges { node { slug } } } }"

    all_cooperatives, matching = data_of(query)["cooperatives"], data_of(query, text="yen")["cooperatives"]

    assert [edge["node"]["slug"] for edge in all_cooperatives["edges"]] == ["thien-an", "yen-duong"]
    assert [edge["node"]["slug"] for edge in matching["edges"]] == ["yen-duong"]


def test_cooperative_is_visible_to_anonymous() -> None:
    make_seller(slug="thien-an")

    data = data_of('{ cooperative(slug: "thien-an") { slug } }')

    assert data == {"cooperative": {"slug": "thien-an"}}
