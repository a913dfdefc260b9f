"""Races of placing orders: the last items, the last pickup place, and repeated requests."""

from __future__ import annotations

import datetime
import threading
from functools import partial

import pytest
from django.db import DatabaseError, connection
from django.db.models import Sum

from catalog.actions.stock import stock_movements as stocking
from catalog.models import Listing, Stock
from cooperatives.models import DeliveryMethod, PickupSlot
from orders import locks
from orders.actions.basket.basket_lines import add_variant_to_basket, choose_deliveries, set_basket_province
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.order_records import pickup_slots
from orders.actions.order_records.pickup_slots import PickupSlotFull
from orders.actions.placement.order_sweeps import release_expired_reservations
from orders.actions.placement.place_order import BasketChanged, place_order
from orders.actions.quotes.quote_types import QuoteProblem, RequestedDelivery
from orders.models import Allocation, Basket, Order, OrderCodeKey, OrderLine, Payment, Reservation
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.notifications.models import Notification
from tests.factories import (
    HANOI,
    NOW,
    carrier_deliveries,
    get_stock,
    make_basket,
    make_channel,
    make_contact,
    make_market_pickup,
    make_product,
    make_seller,
    make_variant,
)
from tests.races.parallel import run_in_threads
from tests.races.removed_locks import RemovedLocks

pytestmark = pytest.mark.django_db(transaction=True)


def ready_basket(*lines, deliveries=None):
    """Return a basket with province and deliveries chosen, ready to be placed."""
    # Otherwise the first order, which creates the key of order codes, would block the second.
    OrderCodeKey.objects.get_or_create(pk=1, defaults={"key": "5a" * 32})
    basket = make_basket(*lines)
    set_basket_province(basket_id=basket.pk, province_code=HANOI, now=NOW)
    choose_deliveries(basket_id=basket.pk, choices=deliveries or carrier_deliveries(basket), now=NOW)
    return Basket.objects.get(pk=basket.pk)


def placing(basket):
    """Return a callable that places the basket."""
    choices = {
        choice.cooperative_id: RequestedDelivery(
            choice.delivery_method_id, choice.pickup_day, choice.pickup_starts
        )
        for choice in basket.delivery_choices.all()
    }
    return partial(
        place_order,
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=choices,
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.guest(),
        now=NOW,
    )


def add_item(basket, variant):
    """Add one item of another variant to the basket."""
    return add_variant_to_basket(
        basket_id=basket.pk,
        user_id=None,
        channel=basket.channel,
        variant_id=variant.pk,
        quantity=1,
        now=NOW,
    )


def of_type(results, result_type):
    return [result for result in results if isinstance(result, result_type)]


def allocated_quantity(variant):
    """Return quantity of the variant in the rows of allocations."""
    return Allocation.objects.filter(stock__variant=variant).aggregate(sum=Sum("quantity", default=0))["sum"]


def test_hundred_buyers_get_exactly_the_last_twenty_items() -> None:
    variant = make_variant(on_hand=20)
    baskets = [ready_basket((variant, 1)) for _ in range(100)]

    results = run_in_threads([placing(basket) for basket in baskets])

    refusals = of_type(results, BasketChanged)
    assert (len(of_type(results, Order)), len(refusals)) == (20, 80)
    assert {
        problem
        for refusal in refusals
        for line in refusal.details["quote"].lines
        for problem in line.problems
    } == {QuoteProblem.SOLD_OUT}
    stock = get_stock(variant)
    assert (stock.on_hand, stock.reserved, stock.allocated, stock.free) == (20, 0, 20, 0)
    assert (Order.objects.count(), OrderLine.objects.count(), Payment.objects.count()) == (20, 20, 20)
    assert allocated_quantity(variant) == 20
    assert Basket.objects.count() == 80
    assert not Listing.objects.get(product=variant.product_id).is_available


def test_without_lock_two_buyers_both_get_the_last_item(monkeypatch) -> None:
    variant = make_variant(on_hand=1)
    baskets = [ready_basket((variant, 1)) for _ in range(2)]
    removed_locks = RemovedLocks(monkeypatch, Stock, thread_count=2)

    results = run_in_threads([removed_locks.wrap_placing(basket, placing(basket)) for basket in baskets])

    assert len(of_type(results, Order)) == 2, results
    assert allocated_quantity(variant) == 2
    assert get_stock(variant).allocated == 1


def test_basket_placed_ten_times_in_parallel_creates_one_order() -> None:
    variant = make_variant(on_hand=20)
    basket = ready_basket((variant, 2))

    results = run_in_threads([placing(basket)] * 10)

    order = Order.objects.get()
    assert [getattr(result, "pk", result) for result in results] == [order.pk] * 10
    assert (get_stock(variant).allocated, allocated_quantity(variant)) == (2, 2)
    assert Payment.objects.count() == 1
    assert Notification.objects.filter(key__startswith="order_placed:").count() == 1
    assert Basket.objects.count() == 0


def test_without_lock_basket_placed_twice_fails_for_one_request(monkeypatch) -> None:
    variant = make_variant(on_hand=20)
    basket = ready_basket((variant, 2))
    removed_locks = RemovedLocks(monkeypatch, Basket, thread_count=2)

    results = run_in_threads([removed_locks.wrap_placing(basket, placing(basket)) for _ in range(2)])

    assert len(of_type(results, Order)) == 1, results
    assert len(of_type(results, DatabaseError)) == 1, results


def test_five_buyers_get_only_the_last_two_pickup_places() -> None:
    seller = make_seller()
    variant = make_variant(seller, on_hand=20)
    delivery_method = make_market_pickup(seller, make_channel(), capacity=2)
    time = DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk).pickup_times(now=NOW)[0]
    choices = {seller.pk: RequestedDelivery(delivery_method.pk, time.day, time.starts)}
    baskets = [ready_basket((variant, 1), deliveries=choices) for _ in range(5)]

    results = run_in_threads([placing(basket) for basket in baskets])

    assert len(of_type(results, Order)) == 2
    assert len(of_type(results, (PickupSlotFull, BasketChanged))) == 3, results
    assert PickupSlot.objects.get().booked == 2
    assert get_stock(variant).allocated == 2


def test_without_single_statement_two_buyers_both_get_the_last_place(monkeypatch) -> None:
    seller = make_seller()
    delivery_method = make_market_pickup(seller, make_channel(), capacity=1)
    time = DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk).pickup_times(now=NOW)[0]
    delivery_method.slots.create(day=time.day, starts=time.starts, ends=time.ends, capacity=1)
    choices = {seller.pk: RequestedDelivery(delivery_method.pk, time.day, time.starts)}
    baskets = [ready_basket((make_variant(seller, on_hand=5), 1), deliveries=choices) for _ in range(2)]
    removed_locks = RemovedLocks(monkeypatch, PickupSlot, thread_count=2)

    def look_then_take(slot):
        slot_before = removed_locks.read_rows(PickupSlot.objects.filter(pk=slot.pk))[0]
        if slot_before.booked >= slot_before.capacity:
            return False
        PickupSlot.objects.filter(pk=slot.pk).update(booked=slot_before.booked + 1)
        return True

    monkeypatch.setattr(pickup_slots, "_take_slot_place", look_then_take)

    results = run_in_threads([removed_locks.wrap_placing(basket, placing(basket)) for basket in baskets])

    assert len(of_type(results, Order)) == 2, results
    assert PickupSlot.objects.get().booked == 1


def test_placing_same_items_in_opposite_order_does_not_deadlock() -> None:
    sellers = [make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")]
    variants = [make_variant(seller, on_hand=100) for seller in sellers]
    baskets = [
        ready_basket(*[(variant, 1) for variant in variants[:: 1 if n % 2 else -1]]) for n in range(20)
    ]

    results = run_in_threads([placing(basket) for basket in baskets])

    assert len(of_type(results, Order)) == 20, results
    assert [get_stock(variant).allocated for variant in variants] == [20, 20]


def test_sweep_and_placing_release_expired_reservation_once() -> None:
    variant = make_variant(on_hand=100)
    baskets = [ready_basket((variant, 2)) for _ in range(12)]
    for basket in baskets:
        open_checkout(basket_id=basket.pk, now=NOW)
    later = NOW + datetime.timedelta(minutes=16)

    results = run_in_threads(
        [*map(placing, baskets[:10]), *[partial(release_expired_reservations, now=later)] * 6]
    )

    assert len(of_type(results, Order)) == 10, results
    stock = get_stock(variant)
    assert (stock.allocated, stock.reserved) == (20, 0)
    assert Reservation.objects.count() == 0


def test_checkouts_reserving_different_items_do_not_deadlock() -> None:
    first, second = make_variant(on_hand=100), make_variant(on_hand=100)
    baskets = []
    for first_item, second_item in [(first, second), (second, first)] * 5:
        basket = ready_basket((first_item, 1))
        open_checkout(basket_id=basket.pk, now=NOW)
        baskets.append(add_item(basket, second_item))

    results = run_in_threads([partial(open_checkout, basket_id=basket.pk, now=NOW) for basket in baskets] * 3)

    assert of_type(results, Exception) == []
    assert [get_stock(variant).reserved for variant in (first, second)] == [10, 10]


def test_sweep_before_stock_lock_releases_reservation_once(monkeypatch) -> None:
    variant = make_variant(on_hand=5)
    other_basket = ready_basket((variant, 2))
    basket = ready_basket((variant, 2))
    open_checkout(basket_id=basket.pk, now=NOW)
    open_checkout(basket_id=other_basket.pk, now=NOW + datetime.timedelta(minutes=5))
    original = locks.lock_compiled_rows
    later = NOW + datetime.timedelta(minutes=16)

    def swept_first(rows_of, *args):
        if rows_of(*args).model is Stock and threading.current_thread() is threading.main_thread():
            run_in_threads([partial(release_expired_reservations, now=later)])
        return original(rows_of, *args)

    # On SQLite nothing can run in between: the placing transaction is the only writer from its start.
    if connection.vendor == "postgresql":
        monkeypatch.setattr(locks, "lock_compiled_rows", swept_first)

    order = placing(basket)()

    assert order.parts.count() == 1
    stock = get_stock(variant)
    assert (stock.allocated, stock.reserved) == (2, 2)
    assert [reservation.line.basket_id for reservation in Reservation.objects.select_related("line")] == [
        other_basket.pk
    ]


def test_product_is_unavailable_after_last_variants_are_sold_in_parallel(monkeypatch) -> None:
    product = make_product(on_hand=1, variants=(("nhỏ", 0), ("to", 10_000)))
    sizes = list(product.variants.in_order())
    baskets = [ready_basket((size, 1)) for size in sizes]
    if connection.vendor == "postgresql":
        original = stocking.refresh_availability
        both_wrote = threading.Barrier(2, timeout=20)

        def after_both_wrote(*, variant_ids):
            both_wrote.wait()
            original(variant_ids=variant_ids)

        monkeypatch.setattr(stocking, "refresh_availability", after_both_wrote)

    results = run_in_threads([placing(basket) for basket in baskets])

    assert len(of_type(results, Order)) == 2, results
    assert not Listing.objects.get(product=product).is_available
