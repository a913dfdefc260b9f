"""A member offers another product instead of missing items, and withdraws the offer."""

from __future__ import annotations

import uuid

import pytest

from catalog.models import Product
from orders.models import Substitute
from shop.core.texts.formatting import format_money
from tests.factories import make_product_type, make_seller, make_variant
from tests.markup import html_of
from tests.refusals import all_rows
from tests.shop.members.part_factories import accepted_part, new_part

pytestmark = pytest.mark.django_db


def test_member_offers_another_product_and_withdraws_it(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    line = part.lines.get()
    noodles = make_variant(seller, name="Bún khô", price=80_000)
    address = f"/xa-vien/goi/{part.pk}/thieu/{line.pk}/"
    assert address in html_of(packer.get(f"/xa-vien/goi/{part.pk}/thieu/"))
    assert "Bún khô (chiếc), 80.000" in html_of(packer.get(address))

    form_values = {
        "idempotency_key": uuid.uuid4(),
        "quantity": "2",
        "variant": noodles.pk,
        "substitute_quantity": "3",
    }
    response = packer.post(address, form_values)

    assert response.url == f"/xa-vien/goi/{part.pk}/"
    substitute = Substitute.objects.get()
    assert (substitute.quantity, substitute.variant_id, substitute.substitute_quantity) == (2, noodles.pk, 3)
    page = html_of(packer.get(response.url))
    withdrawal = f"/xa-vien/goi/{part.pk}/thay/{substitute.pk}/rut/"
    assert "Đang hỏi khách có nhận 3 chiếc Bún khô thay cho 2 chiếc" in page
    assert f'name="taken-{line.pk}"' not in page
    assert "Đóng gói được ngay khi khách trả lời." in page
    assert withdrawal in page

    packer.post(withdrawal, {"idempotency_key": uuid.uuid4()})

    assert Substitute.objects.get().state == "withdrawn"
    assert f'name="taken-{line.pk}"' in html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))


def test_substitute_at_a_loss_is_asked_about_once_with_the_loss(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    line = part.lines.get()
    pillow = make_variant(seller, name="Gối", price=600_000)
    address = f"/xa-vien/goi/{part.pk}/thieu/{line.pk}/"
    fields = {
        "idempotency_key": uuid.uuid4(),
        "quantity": "1",
        "variant": pillow.pk,
        "substitute_quantity": "1",
    }
    before = all_rows()

    question = packer.post(address, fields)

    loss = format_money(600_000 - line.total_gross // 3, "VND")
    assert f"HTX chịu {loss}." in html_of(question)
    assert "Đúng, hỏi khách" in html_of(question)
    assert all_rows() == before

    confirmation = question.context["form"].confirmation
    packer.post(address, fields | {"substitute_quantity": "2", "confirmed": confirmation})
    assert all_rows() == before

    packer.post(address, fields | {"confirmed": confirmation})

    assert Substitute.objects.get().variant_id == pillow.pk


def test_similar_products_are_offered_first(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    line = part.lines.get()
    names = {}
    for name, price in (("xa", 900_000), ("gần", line.unit_price + 1_000), ("khác", line.unit_price)):
        names[make_variant(seller, name=name, price=price).pk] = name
    foreign_type = Product.objects.get(variants__in=[pk for pk, name in names.items() if name == "khác"])
    foreign_type.product_type = make_product_type(slug="det", name="Dệt")
    foreign_type.save(update_fields=["product_type"])

    page = packer.get(f"/xa-vien/goi/{part.pk}/thieu/{line.pk}/")

    choices = page.context["form"].fields["variant"].choices
    assert [names[key] for key, _label in choices if key] == ["gần", "xa", "khác"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"quantity": "4"}, "Hãy đổi ít nhất một món"),
        ({"quantity": ""}, ""),
        ({"variant": ""}, ""),
        ({"variant": "0"}, ""),
        ({"substitute_quantity": "99"}, ""),
        ({"substitute_quantity": "0"}, ""),
    ],
)
def test_invalid_offer_is_refused_and_changes_nothing(packer, seller, changed, message) -> None:
    part = accepted_part(seller, quantity=3)
    noodles = make_variant(seller, name="Bún khô", price=80_000)
    before = all_rows()

    form_values = {
        "idempotency_key": uuid.uuid4(),
        "quantity": "2",
        "variant": noodles.pk,
        "substitute_quantity": "2",
    }
    response = packer.post(f"/xa-vien/goi/{part.pk}/thieu/{part.lines.get().pk}/", form_values | changed)

    assert response.status_code == 200
    assert 'class="errors' in html_of(response)
    assert message in html_of(response)
    assert all_rows() == before


def test_foreign_parts_lines_and_offers_are_missing(packer, seller) -> None:
    part, foreign = accepted_part(seller), new_part(make_seller("HTX Tài Hoan"))

    addresses = [
        f"/xa-vien/goi/{foreign.pk}/thieu/{foreign.lines.get().pk}/",
        f"/xa-vien/goi/{part.pk}/thieu/{foreign.lines.get().pk}/",
    ]

    assert [packer.get(address).status_code for address in addresses] == [404, 404]
    assert packer.post(f"/xa-vien/goi/{part.pk}/thay/{uuid.uuid4()}/rut/").status_code == 404
