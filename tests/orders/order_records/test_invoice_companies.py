"""Invoice details of a company on an order: entered, shown, corrected and erased."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.placement.correct_order import correct_contact
from orders.actions.privacy.anonymise import anonymise_person
from orders.models import InvoiceDetails, Order
from shop.core.actors import Actor
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    make_admin,
    make_contact,
    make_divisions,
    make_member,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.orders.pages.test_checkout_page import (
    add_to_basket,
    checkout_page,
    submit_checkout,
    submit_rejected,
    text_of,
)

pytestmark = pytest.mark.django_db

INVOICE_FIELDS = {
    "invoice": "on",
    "invoice_company": "Công ty Tre Xanh",
    "invoice_tax_code": "0101 248 141",
    "invoice_address": "12 Tràng Thi, Hà Nội",
    "invoice_email": "ke-toan@example.com",
}


@pytest.fixture(autouse=True)
def _places() -> None:
    make_divisions()


def test_invoice_details_are_saved_and_shown_after_acceptance(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    add_to_basket(client, make_variant(seller))

    submit_checkout(client, **INVOICE_FIELDS)

    order = Order.objects.select_related("invoice").get()
    assert (order.invoice.company, order.invoice.tax_code) == ("Công ty Tre Xanh", "0101248141")
    assert (order.invoice.address, order.invoice.email) == ("12 Tràng Thi, Hà Nội", "ke-toan@example.com")
    assert "0101248141" in text_of(client.get(f"/en/don-hang/{order.pk}/"))
    client.force_login(make_admin())
    assert "Công ty Tre Xanh" in text_of(client.get(f"/en/quan-tri/don-hang/{order.pk}/"))
    client.force_login(make_member(seller))
    part = order.parts.get()
    with override("en"):
        address = reverse("members:part", args=[part.pk])
    before = text_of(client.get(address))
    accept_part(part_id=part.pk, actor=Actor.system("test"), now=NOW)
    after = text_of(client.get(address))
    assert "The buyer needs a company invoice." in before
    assert "0101248141" not in before
    assert "0101248141" in after


def test_missing_or_invalid_invoice_fields_show_errors(client: Client) -> None:
    add_to_basket(client, make_variant())

    empty = submit_rejected(client, invoice="on", email="")
    wrong_tax_code = submit_rejected(client, **INVOICE_FIELDS | {"invoice_tax_code": "0101248142"})

    for words in [
        "Enter the company name.",
        "Enter the tax code of the company.",
        "Enter the registered address of the company.",
        "Enter an email address for the invoice, here or with the order.",
    ]:
        assert words in empty
    assert "This tax code is not valid" in wrong_tax_code
    assert 'value="Công ty Tre Xanh"' in wrong_tax_code


def test_invoice_is_optional_and_prefilled_from_last_order(
    client: Client,
) -> None:
    user = make_user()
    client.force_login(user)
    variant = make_variant(on_hand=9)
    add_to_basket(client, variant)
    submit_checkout(client, **INVOICE_FIELDS | {"invoice_email": ""})
    assert InvoiceDetails.objects.get().email == "hanh@example.com"
    add_to_basket(client, variant)
    page = checkout_page(client)
    assert 'value="0101248141"' in page

    submit_checkout(client, **INVOICE_FIELDS | {"invoice": "", "invoice_tax_code": "1", "invoice_email": "x"})

    assert (Order.objects.count(), InvoiceDetails.objects.count()) == (2, 1)
    for order in Order.objects.all():
        cancel_order(order_id=order.pk, reason="Thử", actor=Actor.system("test"), now=NOW)
    anonymise_person(user_id=user.pk, actor=Actor.system("test"), now=NOW)
    assert not InvoiceDetails.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        InvoiceDetails.objects.create(order=Order.objects.first(), company="A", tax_code="", address="B")


def test_emails_give_buyer_invoice_details_and_tell_seller_one_is_needed(client: Client) -> None:
    seller = make_seller("HTX Thiên An", email="htx@example.com")
    add_to_basket(client, make_variant(seller))

    submit_checkout(client, **INVOICE_FIELDS)

    to_buyer = Notification.objects.get(recipient="hanh@example.com")
    to_seller = Notification.objects.get(recipient="htx@example.com")
    for text in (to_buyer.text, to_buyer.html):
        assert all(words in text for words in ("Công ty Tre Xanh", "0101248141", "12 Tràng Thi, Hà Nội"))
    assert "Khách cần hoá đơn công ty." in to_seller.text
    assert "0101248141" not in to_seller.text


def test_staff_add_and_correct_invoice_details(client: Client) -> None:
    client.force_login(make_admin())
    variant = make_variant(make_seller())
    client.post("/en/quan-tri/don-nhap/", {"source": "phone"})
    draft = Order.objects.get()
    page = f"/en/quan-tri/don-nhap/{draft.pk}/"
    delivery_method = variant.cooperative.delivery_methods.get()
    form = {
        "name": "Hạnh",
        "phone": "0987654321",
        "email": "",
        "province": "01",
        "commune": "00166",
        "street": "Số 7",
        "code": "",
        "note": "",
        f"delivery-{variant.cooperative_id}": delivery_method.pk,
        "lines-TOTAL_FORMS": 0,
        "lines-INITIAL_FORMS": 0,
        f"add-{variant.pk}": 2,
    }

    incomplete = client.post(page, form | INVOICE_FIELDS | {"invoice_address": ""})
    assert incomplete.status_code == 422
    assert "Enter the registered address of the company." in text_of(incomplete)
    assert not InvoiceDetails.objects.exists()
    client.post(page, form | INVOICE_FIELDS)
    saved_form = form | {f"add-{variant.pk}": "", "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 1}
    line = {"lines-0-variant": variant.pk, "lines-0-quantity": 2, "lines-0-price": 50_000}
    client.post(page, saved_form | line | INVOICE_FIELDS | {"invoice_company": "Công ty Tre Vàng"})
    assert InvoiceDetails.objects.get().company == "Công ty Tre Vàng"
    assert "Công ty Tre Vàng" in text_of(client.get(page))
    client.post(f"{page}dat/", {"consent": "on"})
    draft.refresh_from_db()
    assert draft.placed_at is not None
    contact = f"/en/quan-tri/don-hang/{draft.pk}/nguoi-nhan/"

    assert 'value="Công ty Tre Vàng"' in text_of(client.get(contact))
    client.post(contact, form | INVOICE_FIELDS)

    assert InvoiceDetails.objects.get().company == "Công ty Tre Xanh"
    assert Change.objects.get(action="order.corrected").data == {"fields": ["invoice"]}
    client.post(contact, form)
    assert not InvoiceDetails.objects.exists()


def test_saving_same_invoice_details_records_no_change() -> None:
    company = InvoiceDetails(
        company="Tre Xanh", tax_code="0101248141", address="Hà Nội", email="a@example.com"
    )
    order = make_order(invoice=company)
    row = InvoiceDetails.objects.get()

    contact = make_contact(invoice=company)
    correct_contact(order_id=order.pk, contact=contact, actor=Actor.system("test"), now=NOW)

    assert InvoiceDetails.objects.get() == row
    assert not Change.objects.filter(action="order.corrected").exists()
