"""The order page of a card payment and the URLs that its script and buttons call."""

from __future__ import annotations

import datetime
import itertools
import re
import uuid

import pytest
from django.test import Client

from orders.actions.payments.order_payments import change_payment_method
from orders.models import GatewayCall, GatewayOperation, PaymentMethod
from orders.states import CallState
from shop.core.actors import Actor
from tests.doubles.stripe import Fault
from tests.factories import NOW, make_variant_sold_by_weight
from tests.markup import html_of
from tests.orders.gateway.card_order_helpers import (
    DECLINED_CARD,
    get_call,
    look_up_order_call,
    make_card_order,
    make_paid_card_order,
    make_started_card_order,
    send_order_call,
    stripe,
)
from tests.orders.pages.order_proofs import ProvenOrdersClient
from tests.refusals import all_rows

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch) -> None:
    """Advance the clock by a microsecond, so that the latest payment can be told apart."""
    moments = itertools.count()
    tick = datetime.timedelta(microseconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + next(moments) * tick)


def order_page(order, query: str = "") -> str:
    return html_of(Client().get(f"/don-hang/{order.pk}/{query}"))


def request_card_fields(order):
    return ProvenOrdersClient().post(f"/don-hang/{order.pk}/the/")


def request_stripe_page(order):
    return ProvenOrdersClient().post(f"/don-hang/{order.pk}/the/stripe/")


def test_order_page_has_card_fields_and_link_for_browsers_without_scripts(stripe) -> None:
    order = make_started_card_order()

    html = order_page(order)

    assert "Cần thanh toán: 120.000" in html.replace("\xa0", " ")
    assert f'data-fields="/don-hang/{order.pk}/the/"' in html
    assert f'action="/don-hang/{order.pk}/the/stripe/"' in html
    assert "js/card.js" in html
    assert stripe.js_url in html


def test_only_card_payment_page_allows_stripe_in_content_security_policy(stripe) -> None:
    order = make_started_card_order()

    policy = Client().get(f"/don-hang/{order.pk}/").headers["Content-Security-Policy"]

    assert f"script-src 'self' {stripe.url}" in policy
    assert stripe.url not in Client().get("/").headers["Content-Security-Policy"]


def test_client_secret_is_returned_but_never_stored(stripe) -> None:
    order = make_card_order()

    response = request_card_fields(order)

    (intent,) = stripe.account.list_objects("payment_intent")
    assert response.json() == {
        "secret": intent["client_secret"],
        "key": stripe.publishable_key,
        "back": get_call(order).request_parameters["return_url"],
    }
    assert response.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert intent["client_secret"] not in str(all_rows())
    assert request_card_fields(order).json() == response.json()
    assert len(stripe.account.list_objects("payment_intent")) == 1


def test_card_fields_are_refused_while_call_outcome_is_unknown(stripe) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.CUT_AFTER, times=2)
    send_order_call(order)

    response = request_card_fields(order)

    assert response.status_code == 409
    assert response.json() == {
        "message": "Một khoản thanh toán đang được xử lý. Hãy chờ một chút để biết kết quả."
    }


def test_payment_in_another_window_reloads_page(stripe) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)

    assert request_card_fields(order).json() == {"reload": True}

    order.refresh_from_db()
    assert order.charged == 120_000
    assert "data-card-fields" not in order_page(order)


def test_button_redirects_to_stripe_checkout(stripe) -> None:
    order = make_started_card_order()

    response = request_stripe_page(order)

    (session,) = stripe.account.list_objects("checkout.session")
    assert (response.status_code, response.headers["Location"]) == (302, session["url"])
    assert session["success_url"] == session["cancel_url"] == get_call(order).request_parameters["return_url"]
    assert get_call(order).request_parameters["email"] == session["customer_email"] == order.email
    assert f'action="/don-hang/{order.pk}/the/stripe/"' in order_page(order)


def test_button_redirects_to_stripe_before_any_payment_intent(stripe) -> None:
    order = make_card_order()

    response = request_stripe_page(order)

    assert response.headers["Location"].startswith(f"{stripe.url}/pay/cs_test_")


def test_return_from_stripe_records_payment(stripe) -> None:
    order = make_started_card_order()
    request_stripe_page(order)
    stripe.buyer_pays(get_call(order).reference)

    response = Client().get(f"/don-hang/{order.pk}/?from-payment=1")

    order.refresh_from_db()
    assert (response.status_code, response.headers["Location"]) == (302, f"/don-hang/{order.pk}/")
    assert order.charged == 120_000
    assert order.confirmed_at is not None


def test_return_while_stripe_hangs_shows_order(stripe) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    stripe.faults.plan("payment_intents.retrieve", Fault.HANG)

    assert Client().get(f"/don-hang/{order.pk}/?from-payment=1").status_code == 302

    assert "data-card-fields" in order_page(order)


def test_declined_card_shows_message_and_keeps_fields(stripe) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference, DECLINED_CARD)

    Client().get(f"/don-hang/{order.pk}/?from-payment=1")

    html = order_page(order)
    assert "Ngân hàng từ chối thẻ này." in html
    assert "data-card-fields" in html


def test_processing_payment_tells_buyer_to_wait(stripe) -> None:
    order = make_started_card_order()
    stripe.account.next_payment = "processing"
    stripe.buyer_pays(get_call(order).reference)

    Client().get(f"/don-hang/{order.pk}/?from-payment=1")

    html = order_page(order)
    assert "Vui lòng không thanh toán hai lần" in html
    assert "data-card-fields" not in html


def test_stripe_refusal_is_shown_and_payment_can_be_retried(stripe) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.REFUSE, status=400, code="amount_too_large")
    send_order_call(order)

    assert "Số tiền quá lớn" in order_page(order)
    ProvenOrdersClient().post(f"/don-hang/{order.pk}/cach-tra/", {"payment": "card"})

    assert get_call(order).state == CallState.INTENDED
    assert GatewayCall.objects.count() == 2


def test_order_sold_by_weight_shows_maximum_authorised_amount(stripe) -> None:
    order = make_paid_card_order(stripe, (make_variant_sold_by_weight(), 2))
    unpaid = make_started_card_order((make_variant_sold_by_weight(), 2))

    assert "thẻ chỉ bị giữ tối đa 116.400" in order_page(unpaid).replace("\xa0", " ")
    html = order_page(order).replace("\xa0", " ")
    assert "Đang giữ trên thẻ: 116.400" in html
    assert "Thanh toán khi nhận:" not in html


def test_unknown_order_is_missing(stripe) -> None:
    for response in (
        Client().post(f"/don-hang/{uuid.uuid4()}/the/"),
        Client().post(f"/don-hang/{uuid.uuid4()}/the/stripe/"),
        Client().get(f"/don-hang/{uuid.uuid4()}/?from-payment=1"),
    ):
        assert response.status_code == 404


def test_order_with_other_payment_method_is_not_sent_to_stripe(stripe) -> None:
    order = make_started_card_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=NOW)

    assert request_card_fields(order).status_code == 409
    assert request_stripe_page(order).headers["Location"] == f"/don-hang/{order.pk}/"

    assert GatewayCall.objects.filter(operation=GatewayOperation.START_PAYMENT).count() == 1


def test_page_does_not_refresh_while_card_is_entered(stripe) -> None:
    order = make_card_order()
    state_hash = re.search(r"tien/\?seen=\w+", order_page(order))[0]

    request_card_fields(order)
    stripe.buyer_pays(get_call(order).reference, DECLINED_CARD)
    look_up_order_call(order)

    assert get_call(order).state == CallState.NEEDS_BUYER
    assert Client().get(f"/don-hang/{order.pk}/{state_hash}").status_code == 204

    stripe.buyer_pays(get_call(order).reference)
    look_up_order_call(order)

    assert "Đã thanh toán" in html_of(Client().get(f"/don-hang/{order.pk}/{state_hash}"))
