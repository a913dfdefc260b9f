"""A complete sale through its actions: ordered, accepted, packed, handed over, delivered."""

from __future__ import annotations

import datetime

import pytest

from catalog.models import Listing, Movement
from orders.actions.fulfilment.cancel_parts import cancel_part_as_buyer
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import Order, Payment
from orders.states import CodState, Coverage, OrderStatus, Progress, SaleorStatus
from shop.core.actors import Actor
from tests.factories import NOW, get_stock, make_order, make_seller, make_variant

pytestmark = pytest.mark.django_db


def test_order_of_two_cooperatives_has_two_parts_that_sum_to_total() -> None:
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000)

    order = make_order((pillow, 1), (noodles, 2))

    order.refresh_from_db()
    parts = list(order.parts.order_by("number"))
    assert [part.total_gross for part in parts] == [350_000, 120_000]
    assert (order.goods_gross, order.delivery_gross, order.total_gross) == (410_000, 60_000, 470_000)
    assert order.current_total_gross == 470_000
    assert (order.status, order.saleor_status) == (OrderStatus.PLACED, SaleorStatus.UNFULFILLED)
    sums = Payment.objects.filter(order=order).sums()
    assert [payment_sums.charge_pending for payment_sums in sums.values()] == [470_000]
    assert (get_stock(pillow).allocated, get_stock(noodles).allocated) == (1, 2)


def test_delivered_part_updates_stock_and_payment() -> None:
    variant = make_variant(on_hand=10, price=320_000)
    order = make_order((variant, 3))
    part = order.parts.get()
    member = Actor.system("test")

    accept_part(part_id=part.pk, actor=member, now=NOW)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 3}, actor=member, now=NOW)
    close_parcel(parcel_id=parcel.pk, actor=member, now=NOW)
    hand_over_parcel(parcel_id=parcel.pk, actor=member, now=NOW)
    stock = get_stock(variant)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, actor=member, now=NOW)

    assert (stock.on_hand, stock.allocated, stock.free) == (7, 0, 7)
    assert sum(Movement.objects.filter(stock=stock).values_list("quantity", flat=True)) == 7
    parcel.refresh_from_db()
    part.refresh_from_db()
    order = Order.objects.get(pk=order.pk)
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, 990_000)
    assert part.progress == Progress.DELIVERED
    assert (order.status, order.saleor_status) == (OrderStatus.DELIVERED, SaleorStatus.FULFILLED)
    assert (order.charged, order.charge_coverage) == (990_000, Coverage.FULL)


def test_cash_of_two_parcels_sums_to_part_total() -> None:
    variant = make_variant(on_hand=10, price=100_001)
    part = make_order((variant, 3)).parts.get()
    line = part.lines.get()
    member = Actor.system("test")
    accept_part(part_id=part.pk, actor=member, now=NOW)

    first = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, actor=member, now=NOW)
    second = pack_parcel(part_id=part.pk, quantities={line.pk: 2}, actor=member, now=NOW)

    assert (first.cod_expected, second.cod_expected) == (100_001, 230_002)


def test_cancelled_part_releases_stock_and_is_not_due() -> None:
    variant = make_variant(on_hand=1)
    order = make_order((variant, 1))
    assert not Listing.objects.get(product=variant.product_id).is_available

    cancel_part_as_buyer(
        part_id=order.parts.get().pk, actor=Actor.guest(), now=NOW + datetime.timedelta(hours=1)
    )

    order.refresh_from_db()
    assert get_stock(variant).free == 1
    assert Listing.objects.get(product=variant.product_id).is_available
    assert (order.status, order.current_total_gross, order.total_gross) == (OrderStatus.CANCELLED, 0, 350_000)
    assert [
        payment_sums.charge_pending for payment_sums in Payment.objects.filter(order=order).sums().values()
    ] == [0]
