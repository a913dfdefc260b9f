"""Races of entering an order that a buyer sent: repeated submissions of one form."""

from __future__ import annotations

import uuid
from functools import partial

import pytest

from orders.actions.basket.basket_lines import LineToAdd
from orders.actions.placement.received_orders import place_received_order
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import Basket, Order, OrderCodeKey, OrderSource, PaymentMethod
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.factories import NOW, get_stock, make_channel, make_contact, make_variant
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def test_form_sent_ten_times_at_once_places_one_order() -> None:
    OrderCodeKey.objects.get_or_create(pk=1, defaults={"key": "5a" * 32})
    variant = make_variant(on_hand=50, price=45_000)
    enter = partial(
        place_received_order,
        key=uuid.UUID("0b6f7a3e-2f0a-4d7f-8a39-7a1d6f0b9c11"),
        cooperative=variant.cooperative,
        channel=make_channel(),
        lines=[LineToAdd(variant.pk, 2)],
        contact=make_contact(),
        delivery=RequestedDelivery(variant.cooperative.delivery_methods.get().pk),
        source=OrderSource.ZALO,
        method=PaymentMethod.COD,
        consents=frozenset({ConsentPurpose.ORDER}),
        agreed_total=120_000,
        actor=Actor.system("test"),
        now=NOW,
    )

    results = run_in_threads([enter] * 10)

    order = Order.objects.get()
    assert [getattr(result, "pk", result) for result in results] == [order.pk] * 10
    assert (Basket.objects.count(), get_stock(variant).free) == (0, 48)
