"""Sweeps of reservations, baskets, parts and orders; each is run twice."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.basket.basket_lines import add_variant_to_basket
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.placement.order_sweeps import (
    decline_unanswered_part,
    delete_abandoned_baskets,
    expire_order,
    release_expired_reservations,
    report_unanswered_part,
)
from orders.actions.placement.place_order import BasketChanged, place_order
from orders.models import Basket, Order, OrderPart, Reservation
from orders.states import OrderStatus, PartState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.models import Change, ShopSettings
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    carrier_deliveries,
    get_stock,
    make_basket,
    make_channel,
    make_contact,
    make_order,
    make_part,
    make_seller,
    make_user,
    make_variant,
)
from tests.invariants import check_everything
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
SWEEP = Actor.system("sweep")
MINUTE, HOUR, DAY = (datetime.timedelta(minutes=1), datetime.timedelta(hours=1), datetime.timedelta(days=1))


def notification_count(to):
    return Notification.objects.filter(recipient=to).count()


def test_reservation_is_released_only_after_expiry() -> None:
    variant = make_variant(on_hand=5)
    open_checkout(basket_id=make_basket((variant, 3)).pk, now=NOW)

    early = release_expired_reservations(now=NOW + 14 * MINUTE)
    reserved_before = get_stock(variant).reserved
    ended = release_expired_reservations(now=NOW + 15 * MINUTE)
    repeated = release_expired_reservations(now=NOW + 15 * MINUTE)

    assert (early, reserved_before, ended, repeated) == (0, 3, 1, 0)
    assert (get_stock(variant).reserved, Reservation.objects.count()) == (0, 0)


def test_released_stock_goes_to_first_buyer_and_other_keeps_basket() -> None:
    variant = make_variant(on_hand=3)
    slow, quick = make_basket((variant, 2)), make_basket((variant, 2))
    open_checkout(basket_id=slow.pk, now=NOW)
    release_expired_reservations(now=NOW + HOUR)

    def order_basket(basket):
        return place_order(
            basket_id=basket.pk,
            contact=make_contact(),
            deliveries=carrier_deliveries(basket),
            consents=frozenset({ConsentPurpose.ORDER}),
            actor=Actor.guest(),
            now=NOW + HOUR,
        )

    order_basket(quick)
    with pytest.raises(BasketChanged):
        order_basket(slow)

    assert list(Basket.objects.all()) == [slow]
    assert slow.lines.get().quantity == 2


def test_acceptance_deadline_can_be_set_per_cooperative() -> None:
    default = make_order((make_variant(make_seller()), 1)).parts.get()
    own_part = make_order((make_variant(make_seller(accept_within_hours=6)), 1)).parts.get()

    assert (default.accept_by, own_part.accept_by) == (NOW + 24 * HOUR, NOW + 6 * HOUR)


def test_platform_is_notified_once_of_unanswered_part() -> None:
    ShopSettings.objects.create(operator_email="san@example.com")
    part = make_part()

    report_unanswered_part(part_id=part.pk, actor=SWEEP, now=NOW + 20 * HOUR)
    rows = all_rows()
    report_unanswered_part(part_id=part.pk, actor=SWEEP, now=NOW + 21 * HOUR)

    part.refresh_from_db()
    assert (part.state, part.escalated_at, notification_count("san@example.com")) == (
        PartState.NEW,
        NOW + 20 * HOUR,
        1,
    )
    assert all_rows() == rows


def test_unanswered_part_is_declined_after_deadline_and_buyer_notified() -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2), email="hoa@example.com")
    part = order.parts.get()

    decline_unanswered_part(part_id=part.pk, actor=SWEEP, now=NOW + 24 * HOUR - MINUTE)
    part.refresh_from_db()
    early = part.state
    decline_unanswered_part(part_id=part.pk, actor=SWEEP, now=NOW + 24 * HOUR)
    ended = all_rows()
    decline_unanswered_part(part_id=part.pk, actor=SWEEP, now=NOW + 25 * HOUR)

    part.refresh_from_db()
    order.refresh_from_db()
    assert (early, part.state, order.status) == (PartState.NEW, PartState.DECLINED, OrderStatus.CANCELLED)
    assert (get_stock(variant).free, order.current_total_gross) == (2, 0)
    notifications = Notification.objects.filter(key__startswith="part_ended:", recipient="hoa@example.com")
    assert notifications.count() == 1
    change = Change.objects.get(action="part.declined")
    assert (change.actor_kind, change.entry_point) == ("system", "system")
    assert all_rows() == ended
    check_everything()


def test_accepted_part_is_neither_reported_nor_declined() -> None:
    part = make_part()
    accept_part(part_id=part.pk, actor=SWEEP, now=NOW)
    accepted = all_rows()

    report_unanswered_part(part_id=part.pk, actor=SWEEP, now=NOW + 30 * HOUR)
    decline_unanswered_part(part_id=part.pk, actor=SWEEP, now=NOW + 30 * HOUR)

    assert all_rows() == accepted
    assert not OrderPart.objects.overdue(NOW + 30 * HOUR).exists()


def test_only_unconfirmed_order_without_payments_expires() -> None:
    variant = make_variant(on_hand=5)
    confirmed, waiting_order = make_order((variant, 1)), make_order((variant, 2))
    waiting_order.payments.get().events.all().delete()
    waiting_order.payments.all().delete()
    Order.objects.filter(pk=waiting_order.pk).update(confirmed_at=None)

    for order in (confirmed, waiting_order, waiting_order):
        expire_order(order_id=order.pk, actor=SWEEP, now=NOW + DAY)

    confirmed.refresh_from_db()
    waiting_order.refresh_from_db()
    assert (confirmed.status, confirmed.expired_at) == (OrderStatus.PLACED, None)
    assert (waiting_order.status, waiting_order.expired_at) == (OrderStatus.EXPIRED, NOW + DAY)
    assert get_stock(variant).allocated == 1


def test_guest_basket_is_deleted_after_ninety_days() -> None:
    variant = make_variant()
    old_basket, user_basket = make_basket((variant, 1)), make_basket((variant, 1), user=make_user())
    fresh_basket = make_basket((variant, 1), now=NOW + DAY)

    deleted = delete_abandoned_baskets(now=NOW + 90 * DAY + MINUTE)

    assert deleted >= 1
    assert set(Basket.objects.all()) == {user_basket, fresh_basket}
    assert not Basket.objects.filter(pk=old_basket.pk).exists()


def test_old_basket_with_open_checkout_is_not_deleted() -> None:
    in_stock, short_variant = make_variant(on_hand=1), make_variant(on_hand=0)
    basket = make_basket((in_stock, 1))
    add_variant_to_basket(
        basket_id=basket.pk,
        user_id=None,
        channel=make_channel(),
        variant_id=short_variant.pk,
        quantity=1,
        now=NOW,
    )
    open_checkout(basket_id=basket.pk, now=NOW + 91 * DAY)

    deleted = delete_abandoned_baskets(now=NOW + 91 * DAY)

    assert (deleted, Basket.objects.count()) == (0, 1)
    check_everything()
