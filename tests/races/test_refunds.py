"""Races of refunds with each other, with cancelling and with voiding."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from catalog.models import Stock
from orders import locks
from orders.actions.fulfilment import void_parcels as voiding
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.order_records.reasons import Reason
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.payouts.refund_execution import set_refund_account
from orders.actions.refunds import granted_refunds, refund_decisions
from orders.actions.refunds.granted_refunds import RefundGrant, grant_refund
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, refund_part
from orders.models import CostBearer, Order, OrderLine, OrderPart, PaymentEvent, Payout, Refund
from tests.factories import make_order, make_seller, make_variant
from tests.invariants import check_everything, check_refunds
from tests.orders.bank_transfers.transfer_helpers import LATER
from tests.orders.refunds.refund_helpers import (
    ACTOR_AND_NOW,
    ACTOR_NEXT_DAY,
    REFUND_ACCOUNT,
    deliver_order,
    get_first_line,
    make_paid_order,
    pack_open_lines,
    refund_first_line,
)
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def type_names(results):
    return sorted(type(result).__name__ for result in results)


def test_two_parallel_refunds_of_full_amount_refund_once() -> None:
    part = deliver_order(make_paid_order())

    results = run_in_threads([partial(refund_first_line, part, 90_000, delivery=30_000)] * 2)

    assert type_names(results) == ["Refund", "RefundExceedsLimit"], results
    assert [refund.repayment for refund in Refund.objects.all()] == [120_000]
    assert Payout.objects.get().amount == 120_000
    check_everything()


def test_parallel_refunds_cannot_exceed_line_amount() -> None:
    part = deliver_order(make_paid_order())

    results = run_in_threads([partial(refund_first_line, part, 20_000)] * 8)

    assert type_names(results).count("Refund") == 4, results
    assert sum(Payout.objects.values_list("amount", flat=True)) == 80_000
    check_everything()


def test_refund_repeated_in_parallel_is_recorded_once() -> None:
    part = deliver_order(make_paid_order())

    results = run_in_threads([partial(refund_first_line, part, 20_000, idempotency_key="a")] * 10)

    assert {result.pk for result in results} == {Refund.objects.get().pk}
    assert Payout.objects.get().amount == 20_000


def test_without_lock_full_amount_is_refunded_twice(monkeypatch) -> None:
    part = deliver_order(make_paid_order())
    both_read, stale_reads = threading.Barrier(2, timeout=20), threading.local()
    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            if rows.model is Order:
                both_read.wait()
            return next(iter(read_rows), None)

        monkeypatch.setattr(locks, "lock_row", read_without_lock)
    else:
        check = refund_decisions._require_possible_decision
        monkeypatch.setattr(refund_decisions, "_require_possible_decision", lambda *_args: None)
        monkeypatch.setattr(refund_decisions, "read_refundable_surplus", lambda _order: stale_reads.surplus)

    def work():
        if connection.vendor == "sqlite":  # the check runs before BEGIN, without waiting
            stale_reads.surplus = 120_000
            lines = {get_first_line(part).pk: LineRefund(90_000)}
            order = Order.objects.get(pk=part.order_id)
            check(order, part, RefundDecision(CostBearer.COOPERATIVE, "x", lines, delivery=30_000))
            both_read.wait()
        return refund_first_line(part, 90_000, delivery=30_000)

    results = run_in_threads([work, work])

    # Both see the full line; only the amount of the payment can stop the second refund.
    refunded = sum(Refund.objects.values_list("amount", flat=True))
    assert refunded == 240_000 or type_names(results) == ["Refund", "ValueError"], results


def test_refunding_while_cancelling_refunds_part_once() -> None:
    parts = [make_paid_order().parts.get() for _time in range(5)]
    calls = []
    for part in parts:
        calls.append(partial(refund_first_line, part, 50_000))
        calls.append(partial(cancel_part, part_id=part.pk, reason="Hết hàng", **ACTOR_AND_NOW))

    results = run_in_threads(calls)

    for index, part in enumerate(parts):
        refund, ended = results[2 * index : 2 * index + 2]
        assert isinstance(ended, OrderPart), ended
        money = Refund.objects.filter(order=part.order_id).values_list("repayment", flat=True)
        assert sum(money) == 120_000, (refund, list(money))
        assert type(refund).__name__ in ("Refund", "PartNotCharged")
    check_everything()


def returning_and_voiding() -> tuple[OrderPart, list[Any]]:
    """Return a delivered part, and two callables: one returns its items, the other voids its parcel."""
    part = deliver_order(make_paid_order())
    warehouse_id = part.parcels.get().lines.get().stock.warehouse_id
    return part, [
        partial(refund_first_line, part, 90_000, returned=2, warehouse_id=warehouse_id),
        partial(void_parcel, parcel_id=part.parcels.get().pk, reason="đóng nhầm", **ACTOR_AND_NOW),
    ]


def test_returning_while_voiding_restocks_items_once() -> None:
    for _time in range(3):
        part, calls = returning_and_voiding()
        on_hand = Stock.objects.get(variant=get_first_line(part).variant_id).on_hand

        results = run_in_threads(calls)

        assert type_names(results) in (
            ["ItemsAlreadyReturned", "Refund"],
            ["Parcel", "ReturnExceedsDelivered"],
        ), results
        assert Stock.objects.get(variant=get_first_line(part).variant_id).on_hand == on_hand + 2
    check_everything()


def test_without_lock_returned_items_are_restocked_twice(monkeypatch) -> None:
    part, (return_items, void) = returning_and_voiding()
    parcel = part.parcels.get()
    on_hand = Stock.objects.get(variant=get_first_line(part).variant_id).on_hand
    is_checked, is_returned = threading.Event(), threading.Event()
    check_items = voiding.require_items_with_buyer

    def check_and_wait(*args) -> None:
        check_items(*args)
        is_checked.set()
        is_returned.wait(20)

    def return_meanwhile():
        is_checked.wait(20)
        try:
            return return_items()
        finally:
            is_returned.set()

    def void_late():
        if connection.vendor == "sqlite":  # the check runs before BEGIN, without waiting
            check_and_wait(part, parcel)
        return void()

    if connection.vendor == "postgresql":
        monkeypatch.setattr(locks, "lock_row", lambda rows: rows.order_by("pk").first())
        monkeypatch.setattr(voiding, "require_items_with_buyer", check_and_wait)
    else:
        monkeypatch.setattr(voiding, "require_items_with_buyer", lambda *_args: None)

    results = run_in_threads([return_meanwhile, void_late])

    assert type_names(results) == ["Parcel", "Refund"], results
    assert Stock.objects.get(variant=get_first_line(part).variant_id).on_hand == on_hand + 4


def test_refund_payout_is_marked_as_paid_once() -> None:
    order = make_paid_order()
    refund_first_line(deliver_order(order), 20_000)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    payout = Payout.objects.get()

    calls = [
        partial(mark_payout_paid, payout_id=payout.pk, reference=f"FT{n}", **ACTOR_NEXT_DAY) for n in range(2)
    ]
    results = run_in_threads(calls)

    assert type_names(results) == ["Payout", "PayoutAlreadyPaid"], results
    assert PaymentEvent.objects.filter(kind="refund_success").count() == 1
    check_refunds()


def make_crossing_orders() -> list[Order]:
    """Make delivered orders of the same two cooperatives, whose parts are numbered in opposite order."""
    sellers = [make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")]
    variants = [make_variant(seller, price=50_000, on_hand=100) for seller in sellers]
    orders = []
    for step in (1, -1):
        order = make_order(*[(variant, 2) for variant in variants[::step]])
        for part in order.parts.order_by("number"):
            pack_open_lines(part, {part.lines.get().pk: 1})
            hand_over_parcel(parcel_id=part.parcels.get().pk, **ACTOR_AND_NOW)
            deliver_parcel(parcel_id=part.parcels.get().pk, is_cash_collected=True, **ACTOR_AND_NOW)
        orders.append(order)
    return orders


def granting(order: Order) -> Any:
    lines = OrderLine.objects.filter(order=order)
    return partial(
        grant_refund,
        order_id=order.pk,
        granted=RefundGrant({line.pk: 1 for line in lines}),
        part_ids=[line.part_id for line in lines],
        bearer=CostBearer.COOPERATIVE,
        reason=Reason("Hàng dập"),
        **ACTOR_AND_NOW,
    )


@pytest.mark.postgres
@pytest.mark.parametrize("lock", ["stock", "settlements"])
def test_refund_of_two_parts_locks_the_rows_of_both_before_it_refunds_the_first(monkeypatch, lock) -> None:
    """Otherwise two orders whose parts are numbered in opposite order wait for each other."""
    order = make_crossing_orders()[0]
    later_line = OrderLine.objects.get(part__order=order, part__number=2)
    attempts: list[Any] = []

    def try_to_lock() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1ms'")
            if lock == "stock":
                locks.lock_stock(later_line.allocations.values_list("stock", flat=True))
            else:
                locks.lock_settlements([later_line.cooperative_id], "VND", now=LATER)

    def try_then_refund(*arguments: Any, **options: Any) -> Refund:
        if not attempts:
            attempts.extend(run_in_threads([try_to_lock]))
        return refund_part(*arguments, **options)

    monkeypatch.setattr(granted_refunds, "refund_part", try_then_refund)
    refunds = granting(order)()

    assert [type(attempt) for attempt in attempts] == [OperationalError], attempts
    assert [refund.amount for refund in refunds] == [50_000, 50_000]


def test_refunds_of_orders_with_parts_in_opposite_order_do_not_deadlock() -> None:
    orders = [order for _time in range(4) for order in make_crossing_orders()]

    results = run_in_threads([granting(order) for order in orders])

    assert type_names(results) == ["list"] * 8, results
    assert Refund.objects.count() == 16
    check_everything()
