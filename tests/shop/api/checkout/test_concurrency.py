"""Concurrent clients and pages: one order per checkout, and no overselling."""

from __future__ import annotations

from functools import partial

import pytest
from django.db.models import Sum

from catalog.models import Stock
from orders.actions.placement.place_order import BasketChanged
from orders.models import Allocation, Basket, Order, Payment
from shop.api.payment.gateways import COD, DUMMY
from tests.factories import make_channel, make_seller, make_variant
from tests.races.parallel import run_in_threads
from tests.races.test_place_order import placing, ready_basket
from tests.shop.api.checkout.operations import COMPLETE, paid, ready
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db(transaction=True)


def completing(checkout):
    return partial(data_of, COMPLETE, id=checkout)


def test_concurrent_completion_makes_one_order(settings):
    settings.API_DUMMY_PAYMENT = True
    checkout = ready((make_variant(price=90_000), 1))
    paid(checkout, DUMMY)

    answers = run_in_threads([completing(checkout)] * 4)

    assert [answer["checkoutComplete"]["errors"] for answer in answers] == [[]] * 4
    assert len({answer["checkoutComplete"]["order"]["id"] for answer in answers}) == 1
    assert (Order.objects.count(), Payment.objects.count(), Basket.objects.count()) == (1, 1, 0)
    assert Stock.objects.get().allocated == 1


def test_api_and_pages_cannot_oversell_concurrently():
    make_channel(reservation_minutes=0)
    variant = make_variant(make_seller(), on_hand=3)
    checkouts = [ready((variant, 1)) for _each in range(4)]
    for checkout in checkouts:
        paid(checkout, COD)
    baskets = [ready_basket((variant, 1)) for _each in range(4)]

    works = [
        work for pair in zip(map(completing, checkouts), map(placing, baskets), strict=True) for work in pair
    ]
    answers = run_in_threads(works)

    payloads = [answer["checkoutComplete"] for answer in answers if isinstance(answer, dict)]
    refusals = [each["errors"][0]["code"] for each in payloads if each["errors"]]
    refused_pages = [answer for answer in answers if isinstance(answer, BasketChanged)]
    assert Order.objects.count() == 3
    assert set(refusals) <= {"INSUFFICIENT_STOCK"}
    assert len(refusals) + len(refused_pages) == 5
    assert Allocation.objects.aggregate(sum=Sum("quantity"))["sum"] == 3
    assert Stock.objects.values_list("allocated", "free").get() == (3, 0)
    assert Basket.objects.count() == 5
