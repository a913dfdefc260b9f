"""Payments started on a basket over the API that continue elsewhere or are abandoned."""

from __future__ import annotations

import datetime
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cooperatives.models import ShippingServicePrice
from orders.actions.basket.merge_baskets import merge_guest_basket
from orders.actions.gateway.send_gateway_calls import sweep_card_payments_task
from orders.actions.payments.basket_payments import read_amount_paid_for_basket
from orders.actions.placement.order_sweeps import delete_abandoned_baskets, release_expired_reservations
from orders.actions.placement.place_order import place_order
from orders.models import (
    Basket,
    EventKind,
    GatewayCall,
    GatewayOperation,
    Order,
    Payment,
    PaymentEvent,
    PaymentMethod,
)
from orders.states import CallState, Coverage
from shop.accounts.models import ConsentPurpose
from shop.api.ids import key_from_id
from shop.api.payment.gateways import COD, DUMMY, STRIPE
from shop.core.actors import Actor
from shop.core.models import Channel
from tests.doubles.stripe import StripeDouble
from tests.factories import (
    HANOI,
    carrier_deliveries,
    make_basket,
    make_channel,
    make_contact,
    make_divisions,
    make_seller,
    make_service,
    make_user,
    make_variant,
)
from tests.invariants import check_everything
from tests.markup import html_of
from tests.orders.gateway.card_order_helpers import GOOD_CARD, stripe
from tests.orders.gateway.test_stripe_webhooks import send, take_events
from tests.shop.api.checkout.operations import (
    ADDRESS,
    CHECKOUT_PAYMENTS,
    PROCESS_TRANSACTION,
    SET_SHIPPING_ADDRESS,
    complete_order,
    mutate_checkout,
    prepare_checkout,
    start_payment,
)
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

__all__ = ["send", "stripe"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _jobs(eager_jobs: None) -> None:
    """Run follow-up jobs at once."""


def make_authorised_payment(double: StripeDouble, checkout: str) -> Payment:
    """Pay a checkout by card, and return the authorised payment."""
    payload = start_payment(checkout, STRIPE)
    double.buyer_pays(GatewayCall.objects.latest("created_at").reference, GOOD_CARD)
    data_of(PROCESS_TRANSACTION, id=payload["transaction"]["id"])
    return Payment.objects.get(pk=key_from_id(payload["transaction"]["id"], "TransactionItem"))


def place_basket_order(checkout: str, method: PaymentMethod = PaymentMethod.COD):
    """Place the order on the checkout page."""
    basket = Basket.objects.get(pk=key_from_id(checkout, "Checkout"))
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        method=method,
        actor=Actor.guest(),
        now=timezone.now(),
    )


def kinds_and_amounts(payment: Payment) -> list[tuple[str, int]]:
    rows = PaymentEvent.objects.filter(payment=payment).order_by("pk")
    return list(rows.values_list("kind", "amount"))


def test_stripe_webhook_authorises_without_the_buyer_returning(stripe, send) -> None:
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    start_payment(checkout, STRIPE)
    reference = GatewayCall.objects.get().reference

    stripe.buyer_pays(reference, GOOD_CARD)
    assert {send(notice) for notice in take_events(stripe)} == {200}

    covered = data_of(CHECKOUT_PAYMENTS, id=checkout)["checkout"]
    assert (covered["authorizeStatus"], covered["chargeStatus"]) == ("FULL", "NONE")


def test_card_hold_of_the_api_pays_an_order_of_the_page(stripe) -> None:
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    payment = make_authorised_payment(stripe, checkout)

    order = place_basket_order(checkout)

    payment.refresh_from_db()
    assert (payment.order, payment.basket) == (order, None)
    order.refresh_from_db()
    assert order.confirmed_at is not None
    assert order.authorize_coverage == Coverage.FULL
    assert list(order.payments.values_list("method", flat=True)) == [PaymentMethod.CARD]
    assert GatewayCall.objects.filter(operation=GatewayOperation.CAPTURE, amount=120_000).exists()
    check_everything()


def test_cod_promise_is_cancelled_if_paid_by_card(stripe) -> None:
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    start_payment(checkout, COD)

    order = place_basket_order(checkout, PaymentMethod.CARD)

    by_cash, by_card = order.payments.order_by("created_at")
    assert kinds_and_amounts(by_cash) == [
        (EventKind.CHARGE_REQUEST, 120_000),
        (EventKind.CANCEL_SUCCESS, 120_000),
    ]
    assert (by_card.method, by_card.calls.get().amount) == (PaymentMethod.CARD, 120_000)
    assert order.confirmed_at is None
    check_everything()


def test_second_card_hold_is_released(stripe) -> None:
    """A price rose and fell after the first authorisation, and the buyer paid again."""
    variant = make_variant(price=90_000)
    checkout = prepare_checkout((variant, 1))
    first = make_authorised_payment(stripe, checkout)
    variant.prices.update(amount=200_000)
    second = make_authorised_payment(stripe, checkout)
    variant.prices.update(amount=90_000)

    complete_order(checkout)

    captured = GatewayCall.objects.filter(operation=GatewayOperation.CAPTURE)
    released = GatewayCall.objects.filter(operation=GatewayOperation.VOID)
    assert list(captured.values_list("payment", "amount", "state")) == [
        (first.pk, 120_000, CallState.SUCCEEDED)
    ]
    assert list(released.values_list("payment", flat=True)) == [second.pk]
    check_everything()


def test_card_hold_of_an_abandoned_checkout_is_released(
    stripe, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    payment, now = make_authorised_payment(stripe, checkout), timezone.now()

    sweep_card_payments_task()
    events_before_expiry = kinds_and_amounts(payment)
    monkeypatch.setattr(timezone, "now", lambda: now + datetime.timedelta(hours=25))
    with django_capture_on_commit_callbacks(execute=True):
        sweep_card_payments_task()
    sweep_card_payments_task()

    assert events_before_expiry[-1] == (EventKind.AUTHORIZATION_SUCCESS, 120_000)
    assert kinds_and_amounts(payment)[-2:] == [
        (EventKind.CANCEL_REQUEST, 120_000),
        (EventKind.CANCEL_SUCCESS, 120_000),
    ]
    assert data_of(CHECKOUT_PAYMENTS, id=checkout)["checkout"]["authorizeStatus"] == "NONE"
    assert GatewayCall.objects.filter(operation=GatewayOperation.VOID).count() == 1


@pytest.mark.parametrize("amount", [None, "30000"])
def test_repeated_test_payment_is_recorded_once(settings, amount: str | None) -> None:
    settings.API_DUMMY_PAYMENT = True
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    first = start_payment(checkout, DUMMY, key="repeat-1", amount=amount)
    paid = read_amount_paid_for_basket(Basket.objects.get())

    repeated = start_payment(checkout, DUMMY, key="repeat-1", amount=amount)

    assert repeated["transaction"]["id"] == first["transaction"]["id"]
    event = PaymentEvent.objects.get()
    assert (event.kind, event.amount) == (EventKind.CHARGE_SUCCESS, paid)


def test_charged_payment_moves_to_the_basket_merged_at_sign_in(settings) -> None:
    settings.API_DUMMY_PAYMENT = True
    person, later = make_user(), timezone.now() + datetime.timedelta(days=100)
    checkout, other_checkout = (prepare_checkout((make_variant(price=90_000), 1)) for _each in range(2))
    start_payment(checkout, DUMMY)
    start_payment(other_checkout, COD)
    own_basket = make_basket((make_variant(), 1), user=person)

    release_expired_reservations(now=later)
    forgotten = delete_abandoned_baskets(now=later)
    merge_guest_basket(
        guest_basket_id=key_from_id(checkout, "Checkout"), user_id=person.pk, now=timezone.now()
    )

    assert forgotten > 0
    assert list(Payment.objects.order_by("created_at").values_list("basket", flat=True)) == [
        own_basket.pk,
        None,
    ]


def test_checkout_page_shows_data_set_over_the_api(client: Client) -> None:
    make_divisions()
    person = make_user()
    client.force_login(person)
    token = token_of(person)
    checkout = prepare_checkout((make_variant(price=90_000), 1), token=token)
    mutate_checkout(
        SET_SHIPPING_ADDRESS, token, id=checkout, address=ADDRESS | {"countryArea": "Hà Nội"}, save=False
    )

    page = html_of(client.get(reverse("orders:checkout")))

    assert "Nguyễn Thị Hoa" in page
    assert "Số 5, ngõ 12" in page
    assert "hoa@example.com" in page
    assert f'value="{HANOI}" selected' in page


def test_checkout_page_completes_delivery_by_shipping_service(client: Client) -> None:
    make_divisions()
    channel, person = make_channel(), make_user()
    seller_with_method, seller_without_method = make_seller(), make_seller("HTX Tài Hoan")
    seller_without_method.delivery_methods.all().delete()
    service = make_service(channel)
    ShippingServicePrice.objects.create(service=service, channel=channel, currency="VND", price=45_000)
    token = token_of(person)
    variants = [
        make_variant(seller_with_method, price=90_000),
        make_variant(seller_without_method, price=10_000),
    ]
    checkout = prepare_checkout(*((variant, 1) for variant in variants), token=token, countryArea="Hà Nội")
    client.force_login(person)

    page = html_of(client.get(reverse("orders:checkout")))
    hidden = dict(re.findall(r'name="(basket|shown_total|shown_maximum)" value="([^"]*)"', page))
    delivery_methods = dict(re.findall(r'type="hidden" name="(delivery-\d+)" value="([^"]+)"', page))
    form = {"name": "Hoa", "phone": "0987654321", "province": HANOI, "commune": "00613", "street": "Số 5"}
    response = client.post(reverse("orders:checkout"), form | hidden | delivery_methods | {"consent": "on"})

    order = Order.objects.get()
    assert response.url == reverse("orders:order", kwargs={"order_id": order.pk})
    assert delivery_methods[f"delivery-{seller_without_method.pk}"] == f"service-{service.pk}"
    assert hidden["shown_total"] == "175000"
    parts = {part.cooperative_id: (part.delivery_name, part.delivery_gross) for part in order.parts.all()}
    assert parts == {
        seller_with_method.pk: ("Giao tận nhà", 30_000),
        seller_without_method.pk: (service.name, 45_000),
    }
    assert key_from_id(checkout, "Checkout") == order.basket_key


def test_order_page_opens_for_paid_and_unpaid_api_orders(client: Client, settings) -> None:
    settings.API_DUMMY_PAYMENT = True
    variant = make_variant(price=90_000)
    checkout = prepare_checkout((variant, 1))
    start_payment(checkout, DUMMY)
    orders = [complete_order(checkout)]
    Channel.objects.update(allow_unpaid_orders=True)
    orders.append(complete_order(prepare_checkout((variant, 1))))

    pages = [
        client.get(reverse("orders:order", kwargs={"order_id": key_from_id(order, "Order")}))
        for order in orders
    ]

    assert [page.status_code for page in pages] == [200, 200]
