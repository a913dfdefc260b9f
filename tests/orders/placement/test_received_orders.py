"""Orders that buyers sent by Zalo, Facebook or phone, and that a member enters for them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from orders.actions.basket.basket_lines import InvalidQuantity, LineToAdd, NotForSale
from orders.actions.placement.place_order import BasketChanged, BasketEmpty, ConsentRequired
from orders.actions.placement.received_orders import ReceiverUnknown, place_received_order
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import Basket, Order, OrderSource, PaymentMethod
from orders.states import PartState
from shop.accounts.models import Consent, ConsentPurpose
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing
from shop.core.identifiers.phones import InvalidPhone
from shop.core.models import Change
from tests.factories import (
    NOW,
    get_stock,
    make_bank_account,
    make_channel,
    make_contact,
    make_member,
    make_variant,
)
from tests.invariants import check_everything
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
KEY = uuid.UUID("5f1c2d6e-0d0a-4a57-9b0e-0a6f3c1d2e3f")


def receive(variant, *, quantity=2, key=KEY, **values: Any) -> Order:
    cooperative = variant.cooperative
    defaults: dict[str, Any] = {
        "cooperative": cooperative,
        "channel": make_channel(),
        "lines": [LineToAdd(variant.pk, quantity)],
        "contact": make_contact(email=""),
        "delivery": RequestedDelivery(cooperative.delivery_methods.get().pk),
        "source": OrderSource.ZALO,
        "method": PaymentMethod.COD,
        "consents": frozenset({ConsentPurpose.ORDER}),
        "agreed_total": 120_000,
        "actor": MEMBER,
        "now": NOW,
    }
    return place_received_order(key=key, **(defaults | values))


def test_order_is_placed_as_on_the_web_and_keeps_its_source() -> None:
    variant = make_variant(on_hand=5, price=45_000)
    member = make_member(variant.cooperative)

    order = receive(variant, actor=member.as_actor(EntryPoint.MEMBERS))

    order.refresh_from_db()
    assert (order.source, order.user_id) == (OrderSource.ZALO, None)
    assert (order.total_gross, order.confirmed_at) == (120_000, NOW)
    assert (order.parts.get().state, get_stock(variant).free) == (PartState.NEW, 3)
    change = Change.objects.get(action="order.placed")
    assert (change.actor_key, change.data) == (str(member.pk), {"total": 120_000, "source": "zalo"})
    consent = Consent.objects.get(subject=f"order:{order.pk}")
    assert (consent.purpose, consent.user_id, consent.entry_point) == ("order", None, EntryPoint.MEMBERS)
    assert not Basket.objects.exists()
    check_everything()


def test_order_by_transfer_waits_for_its_payment() -> None:
    make_bank_account()
    variant = make_variant(on_hand=5, price=45_000)

    order = receive(variant, method=PaymentMethod.TRANSFER, source=OrderSource.PHONE)

    assert (order.source, order.confirmed_at, order.amount_due) == (OrderSource.PHONE, None, 120_000)
    assert order.payments.get().method == PaymentMethod.TRANSFER


def test_same_key_places_one_order() -> None:
    variant = make_variant(on_hand=5, price=45_000)
    first = receive(variant)

    again = receive(variant, quantity=1, agreed_total=75_000)

    assert (again.pk, Order.objects.count(), Basket.objects.count()) == (first.pk, 1, 0)
    assert get_stock(variant).free == 3


def test_keys_of_two_cooperatives_are_apart() -> None:
    first, second = make_variant(on_hand=5, price=45_000), make_variant(on_hand=5, price=45_000)

    orders = {receive(first).pk, receive(second).pk}

    assert len(orders) == 2


def test_refusals_change_nothing() -> None:
    variant, foreign = make_variant(on_hand=5, price=45_000), make_variant(on_hand=5)

    with assert_refused(Missing, "missing"):
        receive(variant, lines=[LineToAdd(foreign.pk, 1)])
    with assert_refused(BasketEmpty, "basket_empty"):
        receive(variant, lines=[])
    with assert_refused(InvalidQuantity, "invalid_quantity"):
        receive(variant, quantity=0)
    with assert_refused(BasketChanged, "basket_changed"):
        receive(variant, agreed_total=1)
    with assert_refused(BasketChanged, "basket_changed"):
        receive(variant, quantity=6, agreed_total=300_000)
    with assert_refused(ConsentRequired, "consent_required"):
        receive(variant, consents=frozenset())
    with assert_refused(ReceiverUnknown, "receiver_unknown"):
        receive(variant, contact=make_contact(province_code=""))
    with assert_refused(InvalidPhone, "invalid_phone"):
        receive(variant, contact=make_contact(phone="09876"))


def test_product_that_is_not_on_sale_is_refused() -> None:
    variant = make_variant(on_hand=5, price=45_000)
    variant.product.listings.update(state="paused")

    with assert_refused(NotForSale, "not_for_sale"):
        receive(variant)
