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
from tests.shop.api.checkout.operations import COMPLETE_CHECKOUT, prepare_checkout, start_payment
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db(transaction=True)


def complete_in_thread(checkout):
    return partial(data_of, COMPLETE_CHECKOUT, id=checkout)


def test_concurrent_completion_makes_one_order(settings) -> None:
    settings.API_DUMMY_PAYMENT = True
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    start_payment(checkout, DUMMY)

    results = run_in_threads([complete_in_thread(checkout)] * 4)

    assert [result["checkoutComplete"]["errors"] for result in results] == [[]] * 4
    assert len({result["checkoutComplete"]["order"]["id"] for result in results}) == 1
    assert (Order.objects.count(), Payment.objects.count(), Basket.objects.count()) == (1, 1, 0)
    assert Stock.objects.get().allocated == 1


def test_api_and_pages_cannot_oversell_concurrently() -> None:
    make_channel(reservation_minutes=0)
    variant = make_variant(make_seller(), on_hand=3)
    checkouts = [prepare_checkout((variant, 1)) for _each in range(4)]
    for checkout in checkouts:
        start_payment(checkout, COD)
    baskets = [ready_basket((variant, 1)) for _each in range(4)]

    all_jobs = [
        job
        for jobs in zip(map(complete_in_thread, checkouts), map(placing, baskets), strict=True)
        for job in jobs
    ]
    results = run_in_threads(all_jobs)

    payloads = [result["checkoutComplete"] for result in results if isinstance(result, dict)]
    refusals = [payload["errors"][0]["code"] for payload in payloads if payload["errors"]]
    refused_pages = [result for result in results if isinstance(result, BasketChanged)]
    assert Order.objects.count() == 3
    assert set(refusals) <= {"INSUFFICIENT_STOCK"}
    assert len(refusals) + len(refused_pages) == 5
    assert Allocation.objects.aggregate(sum=Sum("quantity"))["sum"] == 3
    assert Stock.objects.values_list("allocated", "free").get() == (3, 0)
    assert Basket.objects.count() == 5
