"""A stranger who knows a buyer's phone number cannot reach the order, its items or its money."""

from __future__ import annotations

import datetime
import re
import uuid

import pytest
from django.test import Client

from orders.actions.payouts.complete_payouts import PayoutHeld, mark_payout_paid
from orders.models import Order, Payout
from orders.states import PartState
from orders.views.find_order import FIND_LIMIT_BY_NETWORK, FIND_LIMIT_BY_ORDER, FIND_LIMIT_BY_PHONE
from orders.views.order_code import CODES_FOR_ORDER
from shop.core.models import Change
from shop.notifications.models import ContactMethod, Notification
from tests.factories import make_order, make_user, make_variant
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import LATER
from tests.orders.pages.order_proofs import last_sent_code, prove_order
from tests.orders.refunds.refund_helpers import DESK, make_paid_order
from tests.refusals import all_rows, assert_refused

pytestmark = pytest.mark.django_db

PHONE = "0987654321"
FOREIGN = {"bank": "970436", "account": "0099887766", "holder": "Kẻ Gian"}
DAY = datetime.timedelta(days=1)


def business_rows() -> dict[str, list[object]]:
    """Return all rows except the limit counters that tries leave behind."""
    return {table: rows for table, rows in all_rows().items() if table != "core.LimitCounter"}


def order_url(path: str) -> str:
    return f"/en/don-hang/{path}"


def test_order_number_finds_nothing(client: Client) -> None:
    order = make_paid_order()
    before = business_rows()

    for number in range(order.number - 2, order.number + 2):
        response = client.post(order_url(""), {"phone": PHONE, "code": str(number)})
        assert response.status_code == 200
        assert "The code has 8 characters and begins with T" in html_of(response)

    assert business_rows() == before


def test_takeover_is_refused_at_every_step(client: Client) -> None:
    """Even for a visitor who knows the page's address."""
    order = make_paid_order(email="hoa@example.com")
    token, idempotency_key = order.pk, uuid.uuid4().hex
    code_page = order_url(f"{token}/ma/")
    steps = [
        (f"{token}/goi/1/huy/", {"idempotency_key": idempotency_key}),
        (f"{token}/tai-khoan-nhan-tien/", {"idempotency_key": idempotency_key, **FOREIGN}),
        (f"{token}/tai-khoan-nhan-tien/", {"idempotency_key": idempotency_key, "same": "1"}),
        (f"{token}/cach-tra/", {"payment": "cod"}),
        (f"{token}/the/stripe/", {}),
        (f"{token}/goi/1/nhan/", {}),
        (f"{token}/goi/1/phan-anh/", {"message": "Hỏng", "requested_remedy": "money"}),
        (f"{token}/phan-anh/{uuid.uuid4()}/rut/", {}),
        (f"{token}/can/{uuid.uuid4()}/", {"answer": "agreed"}),
    ]
    before = business_rows()

    for path, posted in steps:
        response = client.post(order_url(path), posted)
        assert (path, response.status_code) == (path, 302)
        assert response.headers["Location"].partition("?")[0] == code_page

    fields = client.post(order_url(f"{token}/the/"))
    assert (fields.status_code, fields.json()) == (403, {"reload": True})
    assert business_rows() == before
    assert client.get(order_url(f"{token}/")).status_code == 200
    assert client.get(order_url(f"{token}/tai-khoan-nhan-tien/")).status_code == 302


def test_buyer_with_a_phone_code_cancels_and_names_an_account(client: Client) -> None:
    order = make_paid_order(email="")
    code_page = order_url(f"{order.pk}/ma/")

    client.post(code_page, {"send": "sms"})
    response = client.post(code_page, {"code": last_sent_code(contact="+84987654321")})
    assert response.headers["Location"] == order_url(f"{order.pk}/")
    client.post(order_url(f"{order.pk}/goi/1/huy/"), {"idempotency_key": uuid.uuid4().hex})

    assert order.parts.get().state == PartState.CANCELLED
    response = client.post(
        order_url(f"{order.pk}/tai-khoan-nhan-tien/"), {"idempotency_key": str(uuid.uuid4()), **FOREIGN}
    )
    assert response.headers["Location"] == order_url(f"{order.pk}/")
    assert Payout.objects.get().bank_account == "0099887766"


def test_another_device_needs_its_own_code(client: Client) -> None:
    order = make_paid_order(email="")
    client.post(order_url(f"{order.pk}/ma/"), {"send": "sms"})
    client.post(order_url(f"{order.pk}/ma/"), {"code": last_sent_code(contact="+84987654321")})

    assert client.get(order_url(f"{order.pk}/tai-khoan-nhan-tien/")).status_code == 200
    assert Client().get(order_url(f"{order.pk}/tai-khoan-nhan-tien/")).status_code == 302


def test_planted_session_does_not_get_the_proof(client: Client) -> None:
    order = make_paid_order(email="")
    stranger, code_page = Client(), order_url(f"{order.pk}/ma/")
    stranger.post(code_page, {"send": "sms"})
    client.cookies = stranger.cookies.copy()

    client.post(code_page, {"code": last_sent_code(contact="+84987654321")})

    assert client.get(order_url(f"{order.pk}/tai-khoan-nhan-tien/")).status_code == 200
    assert stranger.get(order_url(f"{order.pk}/tai-khoan-nhan-tien/")).status_code == 302


def test_code_for_ones_own_order_opens_no_other(client: Client) -> None:
    theirs = make_paid_order(email="")
    own_order = make_order((make_variant(), 1), phone="+84912345678", email="")
    client.post(order_url(f"{own_order.pk}/ma/"), {"send": "sms"})
    digits = last_sent_code(contact="+84912345678")

    response = client.post(order_url(f"{theirs.pk}/ma/"), {"code": digits})

    assert response.status_code == 200
    assert client.get(order_url(f"{theirs.pk}/tai-khoan-nhan-tien/")).status_code == 302
    assert theirs.parts.get().state == PartState.NEW


def test_codes_are_sent_only_to_the_orders_contact(client: Client) -> None:
    order = make_paid_order(email="hoa@example.com")

    client.post(order_url(f"{order.pk}/ma/"), {"send": "sms", "phone": "0900000001", "to": "0900000001"})
    client.post(order_url(f"{order.pk}/ma/"), {"send": "email", "email": "thief@example.com"})

    codes = Notification.objects.filter(key__startswith="code:").order_by("pk")
    assert list(codes.values_list("contact_method", "recipient")) == [
        (ContactMethod.SMS, "+84987654321"),
        (ContactMethod.EMAIL, "hoa@example.com"),
    ]


def test_codes_per_order_are_limited_across_networks() -> None:
    order = make_paid_order(email="hoa@example.com")

    responses = [
        Client(REMOTE_ADDR=f"203.0.113.{n}").post(order_url(f"{order.pk}/ma/"), {"send": contact_method})
        for n, contact_method in enumerate(["sms", "email"] * CODES_FOR_ORDER.max_tries)
    ]

    assert [response.status_code for response in responses[: CODES_FOR_ORDER.max_tries]] == [
        302
    ] * CODES_FOR_ORDER.max_tries
    assert {response.status_code for response in responses[CODES_FOR_ORDER.max_tries :]} == {429}
    assert Notification.objects.filter(key__startswith="code:").count() == CODES_FOR_ORDER.max_tries


@pytest.mark.parametrize("limit", [FIND_LIMIT_BY_PHONE, FIND_LIMIT_BY_ORDER, FIND_LIMIT_BY_NETWORK])
def test_order_lookups_are_limited_by_phone_order_and_network(limit) -> None:
    order = make_paid_order()
    for n in range(limit.max_tries):
        phone = PHONE if limit is FIND_LIMIT_BY_PHONE else f"09{n:08}"
        code = order.code if limit is FIND_LIMIT_BY_ORDER else f"TA7K2M{n:02}"
        address = "203.0.113.9" if limit is FIND_LIMIT_BY_NETWORK else f"203.0.113.{n}"
        Client(REMOTE_ADDR=address).post(order_url(""), {"phone": phone, "code": code})

    last = Client(REMOTE_ADDR="203.0.113.9").post(order_url(""), {"phone": PHONE, "code": order.code})

    assert last.status_code == 429


def test_signed_in_buyer_needs_no_code_and_others_do(client: Client) -> None:
    user = make_user()
    order = make_paid_order(user=user)
    client.force_login(user)
    stranger = Client()
    stranger.force_login(make_user())

    assert client.get(order_url(f"{order.pk}/tai-khoan-nhan-tien/")).status_code == 200
    assert stranger.get(order_url(f"{order.pk}/tai-khoan-nhan-tien/")).status_code == 302


def test_changed_account_is_notified_on_every_channel_and_waits_a_day(client: Client) -> None:
    order = make_paid_order(email="hoa@example.com")
    prove_order(client, order)
    client.post(order_url(f"{order.pk}/goi/1/huy/"), {"idempotency_key": uuid.uuid4().hex})

    client.post(
        order_url(f"{order.pk}/tai-khoan-nhan-tien/"), {"idempotency_key": str(uuid.uuid4()), **FOREIGN}
    )

    payout = Payout.objects.get()
    account_set_at = Change.objects.get(action="refund.account_set").created_at
    messages = Notification.objects.filter(key__startswith="refund_account_named").order_by("contact_method")
    assert list(messages.values_list("contact_method", "recipient")) == [
        (ContactMethod.EMAIL, "hoa@example.com"),
        (ContactMethod.SMS, "+84987654321"),
    ]
    assert payout.payable_from == account_set_at + DAY
    with assert_refused(PayoutHeld, "payout_held"):
        mark_payout_paid(
            payout_id=payout.pk, reference="FT1", actor=DESK, now=account_set_at + DAY - DAY / 100
        )
    mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=DESK, now=account_set_at + DAY)


def test_reordering_a_foreign_order_reveals_nothing_of_its_buyer(client: Client) -> None:
    order = make_order((make_variant(on_hand=9), 1), email="hoa@example.com", now=LATER)

    client.post(order_url(f"{order.pk}/dat-lai/"))
    checkout = html_of(client.get("/en/dat-hang/", follow=True))

    assert "hoa@example.com" not in checkout
    assert re.search(r"0?987[ .]?654[ .]?321", checkout) is None


def test_order_is_not_found_by_its_number() -> None:
    order = make_paid_order()

    assert not Order.objects.found_by("+84987654321", str(order.number)).exists()
    assert Order.objects.found_by("+84987654321", order.code).get() == order
