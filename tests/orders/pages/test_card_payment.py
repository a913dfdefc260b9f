"""The order's page while it is to be paid by card, and the addresses that its script and buttons ask."""

from __future__ import annotations

import datetime
import itertools
import re
import uuid

import pytest
from django.test import Client

from orders.actions.payments.order_payments import change_payment_method
from orders.models import GatewayCall, Operation, PaymentMethod
from orders.states import CallState
from shop.core.actors import Actor
from tests.doubles.stripe import Fault
from tests.factories import NOW, make_gourd
from tests.markup import html_of
from tests.orders.gateway.card_at_hand import (
    DECLINED,
    begun_order,
    call_of,
    card_order,
    look_up,
    make,
    paid_order,
    stripe,
)
from tests.orders.pages.order_proofs import BuyersBrowser
from tests.unchanged import every_row

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch) -> None:
    """A clock that moves as little as it can, since the latest payment is the one that counts."""
    moments = itertools.count()
    tick = datetime.timedelta(microseconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + next(moments) * tick)


def page(order, query: str = "") -> str:
    return html_of(Client().get(f"/don-hang/{order.pk}/{query}"))


def fields(order):
    return BuyersBrowser().post(f"/don-hang/{order.pk}/the/")


def their_page(order):
    return BuyersBrowser().post(f"/don-hang/{order.pk}/the/stripe/")


def test_order_page_has_card_fields_and_link_for_browsers_without_scripts(stripe) -> None:
    order = begun_order()

    shown = page(order)

    assert "Cần trả: 120.000" in shown.replace("\xa0", " ")
    assert f'data-fields="/don-hang/{order.pk}/the/"' in shown
    assert f'action="/don-hang/{order.pk}/the/stripe/"' in shown
    assert "js/card.js" in shown
    assert stripe.js_url in shown


def test_only_card_payment_page_allows_stripe_in_content_security_policy(stripe) -> None:
    order = begun_order()

    policy = Client().get(f"/don-hang/{order.pk}/").headers["Content-Security-Policy"]

    assert f"script-src 'self' {stripe.url}" in policy
    assert stripe.url not in Client().get("/").headers["Content-Security-Policy"]


def test_client_secret_is_returned_but_never_stored(stripe) -> None:
    order = card_order()

    answer = fields(order)

    (intent,) = stripe.account.every("payment_intent")
    assert answer.json() == {
        "secret": intent["client_secret"],
        "key": stripe.publishable_key,
        "back": call_of(order).terms["return_url"],
    }
    assert answer.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert intent["client_secret"] not in str(every_row())
    assert fields(order).json() == answer.json()
    assert len(stripe.account.every("payment_intent")) == 1


def test_card_fields_are_refused_while_call_outcome_is_unknown(stripe) -> None:
    order = card_order()
    stripe.faults.tell("payment_intents.create", Fault.CUT_AFTER, times=2)
    make(order)

    answer = fields(order)

    assert answer.status_code == 409
    assert answer.json() == {"said": "Một khoản trả đang được xử lý. Chờ một chút để biết kết quả."}


def test_payment_in_another_window_reloads_page(stripe) -> None:
    order = begun_order()
    stripe.buyer_pays(call_of(order).reference)

    assert fields(order).json() == {"reload": True}

    order.refresh_from_db()
    assert order.charged == 120_000
    assert "data-card-fields" not in page(order)


def test_button_redirects_to_stripe_checkout(stripe) -> None:
    order = begun_order()

    answer = their_page(order)

    (session,) = stripe.account.every("checkout.session")
    assert (answer.status_code, answer.headers["Location"]) == (302, session["url"])
    assert session["success_url"] == session["cancel_url"] == call_of(order).terms["return_url"]
    assert call_of(order).terms["email"] == session["customer_email"] == order.email
    assert f'action="/don-hang/{order.pk}/the/stripe/"' in page(order)


def test_button_redirects_to_stripe_before_any_payment_intent(stripe) -> None:
    order = card_order()

    answer = their_page(order)

    assert answer.headers["Location"].startswith(f"{stripe.url}/pay/cs_test_")


def test_return_from_stripe_records_payment(stripe) -> None:
    order = begun_order()
    their_page(order)
    stripe.buyer_pays(call_of(order).reference)

    answer = Client().get(f"/don-hang/{order.pk}/?the=1")

    order.refresh_from_db()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/don-hang/{order.pk}/")
    assert (order.charged, order.confirmed_at is not None) == (120_000, True)


def test_return_while_stripe_hangs_shows_order(stripe) -> None:
    order = begun_order()
    stripe.buyer_pays(call_of(order).reference)
    stripe.faults.tell("payment_intents.retrieve", Fault.HANG)

    assert Client().get(f"/don-hang/{order.pk}/?the=1").status_code == 302

    assert "data-card-fields" in page(order)


def test_declined_card_shows_message_and_keeps_fields(stripe) -> None:
    order = begun_order()
    stripe.buyer_pays(call_of(order).reference, DECLINED)

    Client().get(f"/don-hang/{order.pk}/?the=1")

    shown = page(order)
    assert "Ngân hàng từ chối thẻ này." in shown
    assert "data-card-fields" in shown


def test_processing_payment_tells_buyer_to_wait(stripe) -> None:
    order = begun_order()
    stripe.account.next_payment = "processing"
    stripe.buyer_pays(call_of(order).reference)

    Client().get(f"/don-hang/{order.pk}/?the=1")

    shown = page(order)
    assert "Đừng trả hai lần" in shown
    assert "data-card-fields" not in shown


def test_stripe_refusal_is_shown_and_payment_can_be_retried(stripe) -> None:
    order = card_order()
    stripe.faults.tell("payment_intents.create", Fault.REFUSE, status=400, code="amount_too_large")
    make(order)

    assert "Số tiền quá lớn" in page(order)
    BuyersBrowser().post(f"/don-hang/{order.pk}/cach-tra/", {"payment": "card"})

    assert call_of(order).state == CallState.INTENDED
    assert GatewayCall.objects.count() == 2


def test_catch_weight_order_shows_maximum_authorised_amount(stripe) -> None:
    order = paid_order(stripe, (make_gourd(), 2))
    waiting = begun_order((make_gourd(), 2))

    assert "thẻ chỉ giữ tối đa 116.400" in page(waiting).replace("\xa0", " ")
    shown = page(order).replace("\xa0", " ")
    assert "Đang giữ trên thẻ: 116.400" in shown
    assert "Trả khi nhận" not in shown


def test_unknown_order_is_missing(stripe) -> None:
    for answer in (
        Client().post(f"/don-hang/{uuid.uuid4()}/the/"),
        Client().post(f"/don-hang/{uuid.uuid4()}/the/stripe/"),
        Client().get(f"/don-hang/{uuid.uuid4()}/?the=1"),
    ):
        assert answer.status_code == 404


def test_order_with_other_payment_method_is_not_sent_to_stripe(stripe) -> None:
    order = begun_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=NOW)

    assert fields(order).status_code == 409
    assert their_page(order).headers["Location"] == f"/don-hang/{order.pk}/"

    assert GatewayCall.objects.filter(operation=Operation.START).count() == 1


def test_page_does_not_refresh_while_card_is_entered(stripe) -> None:
    order = card_order()
    seen = re.search(r"tien/\?seen=\w+", page(order))[0]

    fields(order)
    stripe.buyer_pays(call_of(order).reference, DECLINED)
    look_up(order)

    assert call_of(order).state == CallState.NEEDS_BUYER
    assert Client().get(f"/don-hang/{order.pk}/{seen}").status_code == 204

    stripe.buyer_pays(call_of(order).reference)
    look_up(order)

    assert "Đã trả" in html_of(Client().get(f"/don-hang/{order.pk}/{seen}"))
