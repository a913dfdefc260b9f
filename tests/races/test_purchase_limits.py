"""Races for the rest of what one buyer may order."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Sum

from catalog.models import Variant
from orders.actions.placement import draft_orders, replace_expired_order
from orders.actions.placement.draft_orders import create_draft, place_draft
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.quotes.purchase_limits import BuyerLimitReached
from orders.actions.quotes.quote_types import QuoteProblem
from orders.actions.vouchers.redeem_vouchers import record_voucher_use
from orders.locks import lock_limited_variants
from orders.models import Order, OrderLine, OrderSource, PaymentMethod
from tests.factories import NOW, make_bank_account, make_channel, make_order, make_variant
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import HOUR, receive_transfer
from tests.orders.placement.test_draft_orders import CONSENTS, STAFF, edit
from tests.races.parallel import run_in_threads
from tests.races.removed_locks import RemovedLocks
from tests.races.test_place_order import of_type, placing, ready_basket

pytestmark = pytest.mark.django_db(transaction=True)


def ordered_in_all():
    return OrderLine.objects.aggregate(total=Sum("quantity"))["total"]


def test_one_buyers_orders_at_once_stay_within_the_limit() -> None:
    variant = make_variant(on_hand=100, quantity_limit_per_customer=5)
    baskets = [ready_basket((variant, 2)) for _ in range(10)]

    results = run_in_threads([placing(basket) for basket in baskets])

    refusals = of_type(results, BuyerLimitReached)
    assert (len(of_type(results, Order)), len(refusals)) == (2, 8), results
    lines = [line for refusal in refusals for line in refusal.details["quote"].lines]
    assert {(*line.problems, line.limit) for line in lines} == {(QuoteProblem.OVER_LIMIT, 5)}
    assert ordered_in_all() == 4
    check_everything()


@pytest.mark.postgres
@pytest.mark.parametrize("staff_action", [draft_orders, replace_expired_order])
def test_orders_by_staff_lock_variants_with_a_limit(monkeypatch, staff_action) -> None:
    """While staff place an order, other transactions cannot lock the variant and count without it."""
    variant = make_variant(on_hand=100, quantity_limit_per_customer=5)
    if staff_action is draft_orders:
        order = create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=STAFF, now=NOW)
        edit(order, (variant, 2))
        place = partial(place_draft, order_id=order.pk, consents=CONSENTS, actor=STAFF, now=NOW)
    else:
        make_bank_account()
        order = make_order((variant, 2), method=PaymentMethod.TRANSFER)
        expire_order(order_id=order.pk, actor=STAFF, now=NOW + 24 * HOUR)
        transfer = receive_transfer(order.code, now=NOW + 25 * HOUR)
        place = partial(
            staff_action.replace_expired_order,
            transfer_id=transfer.pk,
            order_id=order.pk,
            actor=STAFF,
            now=NOW + 26 * HOUR,
        )
    attempts = []

    def try_to_lock():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1ms'")
            lock_limited_variants([variant])

    def record_then_try(*arguments, **options):
        record_voucher_use(*arguments, **options)
        attempts.extend(run_in_threads([try_to_lock]))

    monkeypatch.setattr(staff_action, "record_voucher_use", record_then_try)
    place()

    assert [type(attempt) for attempt in attempts] == [OperationalError]


def test_without_lock_one_buyer_orders_more_than_the_limit(monkeypatch) -> None:
    variant = make_variant(on_hand=100, quantity_limit_per_customer=3)
    baskets = [ready_basket((variant, 2)) for _ in range(2)]
    removed_locks = RemovedLocks(monkeypatch, Variant, thread_count=2)

    results = run_in_threads([removed_locks.wrap_placing(basket, placing(basket)) for basket in baskets])

    assert len(of_type(results, Order)) == 2, results
    assert ordered_in_all() == 4
