"""Orders of which an app has reported some of the money."""

from __future__ import annotations

import pytest

from orders.actions.cash_on_delivery.cash_collection import read_cash_of_unpacked_items
from orders.actions.fulfilment.deliver_parcels import OrderNotPaid, deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.payments.confirm_order import confirm_order
from orders.actions.payments.external_payments import ReportedTotals, report_payment
from orders.models import Order, OrderPart, Parcel
from orders.states import CodState, Coverage, ParcelState
from shop.core.models import ShopSettings
from tests.factories import make_order, make_seller, make_variant
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order
from tests.orders.refunds.refund_helpers import ACTOR_AND_NOW
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def report(order: Order, charged: int) -> None:
    report_payment(order_id=order.pk, reported=ReportedTotals(charged=charged), **ACTOR_AND_NOW)


def pack(part: OrderPart) -> Parcel:
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    quantities = dict(part.lines.values_list("pk", "quantity"))
    parcel = pack_parcel(part_id=part.pk, quantities=quantities, **ACTOR_AND_NOW)
    return close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)


def test_parcel_collects_what_the_app_did_not_take() -> None:
    order = make_order((make_variant(price=100_000), 1))
    report(order, 50_000)

    parcel = pack(order.parts.get())
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW)

    assert (parcel.cod_expected, parcel.cod_state) == (80_000, CodState.EXPECTED)
    order.refresh_from_db()
    assert (order.charged, order.amount_due, order.charge_coverage) == (130_000, 0, Coverage.FULL)
    check_everything()


def test_parcels_of_several_parts_together_collect_the_rest() -> None:
    variants = [make_variant(make_seller(), price=100_000) for _ in range(2)]
    order = make_order((variants[0], 1), (variants[1], 1))
    report(order, 200_000)

    cash = [pack(part).cod_expected for part in order.parts.order_by("number")]

    assert cash == [60_000, 0]
    check_everything()


def test_phone_does_not_know_the_cash_of_a_part_paid_order() -> None:
    order = make_order((make_variant(price=100_000), 1))
    part = order.parts.get()
    before = read_cash_of_unpacked_items([part])
    report(order, 50_000)

    assert (before, read_cash_of_unpacked_items([part])) == ({part.pk: 130_000}, {part.pk: None})


def test_fully_reported_cash_order_collects_nothing() -> None:
    order = make_order((make_variant(price=100_000), 1))
    report(order, 130_000)

    assert pack(order.parts.get()).cod_expected == 0


def make_part_paid_app_order() -> Order:
    order = make_transfer_order(50_000)
    report(order, 50_000)
    return confirm_order(order_id=order.pk, **ACTOR_AND_NOW)


def test_part_paid_parcel_does_not_leave_where_unpaid_orders_must_not() -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"fulfillment_allow_unpaid": False})
    order = make_part_paid_app_order()
    parcel = pack(order.parts.get())

    with assert_refused(OrderNotPaid, "order_not_paid"):
        hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    report(order, 80_000)
    assert hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW).state == ParcelState.HANDED_OVER


def test_cash_parcel_leaves_where_unpaid_orders_must_not() -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"fulfillment_allow_unpaid": False})
    parcel = pack(make_order((make_variant(price=100_000), 1)).parts.get())

    assert hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW).state == ParcelState.HANDED_OVER
