"""Cancelling parts and orders releases stock, pickup places and pending money, and keeps their past."""

from __future__ import annotations

import pytest

from cooperatives.models import DeliveryMethod, PickupSlot
from orders.actions.fulfilment.cancel_parts import (
    PartAlreadyHandedOver,
    cancel_order,
    cancel_part,
    cancel_part_as_buyer,
    decline_part,
)
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import Order, Payment
from orders.states import OrderStatus, ParcelState, PartState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    get_stock,
    make_channel,
    make_market_pickup,
    make_order,
    make_seller,
    make_variant,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
ACTOR_AND_NOW = {"actor": MEMBER, "now": NOW}


@pytest.fixture
def two_parts():
    """Return an order of two cooperatives: 1 × 320,000 and 2 × 45,000, each with 30,000 for delivery."""
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000)
    order = make_order((pillow, 1), (noodles, 2))
    return order, *order.parts.order_by("number")


def pending_charge():
    (sums,) = Payment.objects.all().sums().values()
    return sums.charge_pending


def test_declining_one_part_keeps_the_other_active(two_parts) -> None:
    order, first, second = two_parts

    decline_part(part_id=first.pk, reason="hết hàng", **ACTOR_AND_NOW)
    accept_part(part_id=second.pk, **ACTOR_AND_NOW)

    order.refresh_from_db()
    assert (order.status, order.total_gross, order.current_total_gross) == (
        OrderStatus.IN_PREPARATION,
        470_000,
        120_000,
    )
    assert pending_charge() == 120_000
    assert Notification.objects.filter(key__startswith=f"part_ended:{order.pk}").count() == 1
    check_everything()


def test_cancelling_last_part_cancels_order(two_parts) -> None:
    order, first, second = two_parts

    decline_part(part_id=first.pk, reason="hết hàng", **ACTOR_AND_NOW)
    cancel_part_as_buyer(part_id=second.pk, actor=Actor.guest(), now=NOW)

    order.refresh_from_db()
    assert (order.status, order.current_total_gross, pending_charge()) == (OrderStatus.CANCELLED, 0, 0)
    assert [line.product_name for line in order.lines.order_by("position")] == ["Gối thảo dược", "Miến dong"]


@pytest.mark.parametrize("reason", ["", "  "])
def test_only_buyer_cancels_without_reason(two_parts, reason) -> None:
    order, first, second = two_parts

    for act in (
        lambda: decline_part(part_id=first.pk, reason=reason, **ACTOR_AND_NOW),
        lambda: cancel_part(part_id=first.pk, reason=reason, **ACTOR_AND_NOW),
        lambda: cancel_order(order_id=order.pk, reason=reason, **ACTOR_AND_NOW),
    ):
        with assert_refused(ReasonRequired, "reason_required") as refusal:
            act()
        assert refusal.value.field == "reason"
    cancel_part_as_buyer(part_id=second.pk, reason=reason, **ACTOR_AND_NOW)

    assert order.parts.get(number=2).state == PartState.CANCELLED


def test_unknown_part_or_order_is_missing() -> None:
    for act in (
        lambda: decline_part(part_id=404, reason="x", **ACTOR_AND_NOW),
        lambda: cancel_part(part_id=404, reason="x", **ACTOR_AND_NOW),
        lambda: cancel_part_as_buyer(part_id=404, **ACTOR_AND_NOW),
        lambda: cancel_order(order_id=unknown_uuid(), reason="x", **ACTOR_AND_NOW),
    ):
        with assert_refused(Missing, "missing"):
            act()


def test_order_can_be_cancelled_only_once(two_parts) -> None:
    order, _first, _second = two_parts

    cancel_order(order_id=order.pk, reason="khách gọi", **ACTOR_AND_NOW)
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        cancel_order(order_id=order.pk, reason="khách gọi", **ACTOR_AND_NOW)

    assert Change.objects.filter(action="order.cancelled").count() == 1
    check_everything()


def test_order_with_handed_over_parcel_cannot_be_cancelled(two_parts) -> None:
    order, _first, second = two_parts
    accept_part(part_id=second.pk, **ACTOR_AND_NOW)
    parcel = pack_parcel(part_id=second.pk, quantities={second.lines.get().pk: 1}, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    with assert_refused(PartAlreadyHandedOver, "part_already_handed_over"):
        cancel_order(order_id=order.pk, reason="khách gọi", **ACTOR_AND_NOW)


def test_cancelling_part_voids_parcels_and_releases_stock() -> None:
    variant = make_variant(on_hand=5)
    part = make_order((variant, 4)).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    for quantity in (1, 3):
        parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: quantity}, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    cancel_part(part_id=part.pk, reason="khách gọi", **ACTOR_AND_NOW)

    assert {parcel.state for parcel in part.parcels.all()} == {ParcelState.VOIDED}
    assert (get_stock(variant).free, get_stock(variant).allocated) == (5, 0)
    assert Order.objects.get().status == OrderStatus.CANCELLED
    check_everything()


def test_cancelling_part_frees_its_pickup_slot() -> None:
    seller = make_seller()
    delivery_method = make_market_pickup(seller, make_channel(), capacity=1)
    time = DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk).pickup_times(now=NOW)[0]
    choice = {seller.pk: RequestedDelivery(delivery_method.pk, time.day, time.starts)}
    variant = make_variant(seller)
    first = make_order((variant, 1), deliveries=choice).parts.get()

    cancel_part_as_buyer(part_id=first.pk, **ACTOR_AND_NOW)
    freed = PickupSlot.objects.get().booked
    make_order((variant, 1), deliveries=choice)

    assert (freed, PickupSlot.objects.get().booked) == (0, 1)
    check_everything()
