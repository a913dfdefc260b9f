"""Correcting contact and address of a placed order."""

from __future__ import annotations

import pytest
from django.test import Client

from orders.actions.placement.correct_order import ProvinceChanged, correct_contact
from orders.models import Order
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, THAI_NGUYEN, make_admin, make_contact, make_divisions, make_order
from tests.markup import html_of
from tests.refusals import all_rows, assert_refused

pytestmark = pytest.mark.django_db
DESK = Actor.system("test")


def correct(order: Order, **fields: object) -> None:
    correct_contact(order_id=order.pk, contact=make_contact(**fields), actor=DESK, now=NOW)


def test_corrected_order_is_found_by_new_contact_and_keeps_totals() -> None:
    order = make_order()
    sums = (order.total_gross, order.current_total_gross, order.delivery_gross)
    address = Address(
        first_name="Đặng Thị Hoà", phone="+84912345678", street_address_1="Số 7, ngõ 12", landmark="cổng xanh"
    )

    correct(order, name="Đặng Thị Hoà", phone="+84912345678", address=address)

    order.refresh_from_db()
    assert (order.buyer_name, order.phone, order.email) == ("Đặng Thị Hoà", "+84912345678", "hoa@example.com")
    assert order.shipping_address is not None
    assert order.shipping_address.lines() == ["Số 7, ngõ 12", "Hà Nội"]
    assert order.shipping_address.landmark == "cổng xanh"
    assert Order.objects.found_by("+84912345678", order.code).get() == order
    assert Order.objects.matching("dang hoa").get() == order
    assert (order.total_gross, order.current_total_gross, order.delivery_gross) == sums


def test_correction_is_recorded_without_personal_data() -> None:
    order = make_order()

    correct(order, phone="+84912345678")

    change = Change.objects.get(action="order.corrected")
    assert change.data == {"fields": ["phone"]}
    assert (change.root_key, change.reason) == (str(order.pk), "")


def test_same_contact_changes_nothing() -> None:
    order = make_order()
    correct(order)
    before = {label: rows for label, rows in all_rows().items() if label != "orders.Order"}

    correct(order)

    assert {label: rows for label, rows in all_rows().items() if label != "orders.Order"} == before
    assert not Change.objects.filter(action="order.corrected").exists()


def test_changing_province_is_refused() -> None:
    order = make_order()

    with assert_refused(ProvinceChanged, "province_changed"):
        correct(order, province_code=THAI_NGUYEN)


def test_draft_cannot_be_corrected() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(placed_at=None, confirmed_at=None)

    with assert_refused(Missing, "missing"):
        correct(order, phone="+84912345678")


def test_staff_correct_contact_on_page(client: Client) -> None:
    make_divisions()
    client.force_login(make_admin())
    order = make_order()
    page = f"/en/quan-tri/don-hang/{order.pk}/nguoi-nhan/"
    form = {"name": "Đặng Thị Hoà", "phone": "0123456789", "email": "", "province": "01", "commune": "00166"}

    before = all_rows()
    refusal = html_of(client.post(page, form | {"phone": "0900 000 20", "street": "Số 7"}))
    assert all_rows() == before
    response = html_of(client.post(page, form | {"street": "Số 7", "landmark": ""}, follow=True))

    assert 'value="Đặng Thị Hoà"' in refusal
    assert "A phone number has 10 digits; this one has 9." in refusal
    assert 'value="Nguyễn Thị Hoa"' in html_of(
        client.get(f"/en/quan-tri/don-hang/{make_order().pk}/nguoi-nhan/")
    )
    order.refresh_from_db()
    assert (order.buyer_name, order.phone, order.email) == ("Đặng Thị Hoà", "+84123456789", "")
    for words in ("Corrected.", "looks unusual", "Recipient, address or invoice details corrected", "Số 7"):
        assert words in response


def test_page_is_hidden_from_guest(client: Client) -> None:
    order = make_order()

    assert client.post(f"/quan-tri/don-hang/{order.pk}/nguoi-nhan/").status_code in (302, 404)
    order.refresh_from_db()
    assert order.buyer_name == "Nguyễn Thị Hoa"
