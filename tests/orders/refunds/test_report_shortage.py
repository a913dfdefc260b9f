"""Fewer items than ordered: the buyer's new price, the remaining promise, and refusals."""

from __future__ import annotations

import pytest
from django.db.models import F

from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.unsent_items import NoLinesLeftToSend
from orders.actions.refunds.report_shortage import NothingShort, report_shortage
from orders.models import OrderLine, OrderPart, Refund
from orders.states import PartState
from shop.core.actors import Actor
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import NOW, get_stock, make_order, make_seller, make_variant
from tests.invariants import check_everything
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}


def accepted_part() -> OrderPart:
    """Return four of one item at 100,000 and two of another at 50,000, with 30,000 for delivery, in cash."""
    seller = make_seller()
    lines = [(make_variant(seller, name="Miến", price=100_000), 4), (make_variant(seller, price=50_000), 2)]
    part = make_order(*lines).parts.get()
    return accept_part(part_id=part.pk, **ACTOR_AND_NOW)


def test_buyer_pays_only_for_items_that_are_sent() -> None:
    part = accepted_part()
    first, second = part.lines.order_by("position")

    report_shortage(part_id=part.pk, available={first.pk: 3, second.pk: 0}, **ACTOR_AND_NOW)

    part.refresh_from_db()
    assert (part.order.current_total_gross, part.order.status) == (330_000, "in_preparation")
    assert [get_stock(line.variant).allocated for line in (first, second)] == [3, 0]
    notification = Notification.objects.get(key__startswith="refund_decided")
    assert "Hợp tác xã không đủ số hàng đã đặt." in notification.text
    check_everything()
    parcel = pack_parcel(part_id=part.pk, quantities={first.pk: 3}, **ACTOR_AND_NOW)
    assert parcel.cod_expected == 330_000
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    check_everything()


def test_repeated_report_with_one_key_refunds_once() -> None:
    part = accepted_part()
    line = part.lines.order_by("position")[0]

    for _attempt in range(2):
        report_shortage(part_id=part.pk, available={line.pk: 3}, idempotency_key="s", **ACTOR_AND_NOW)

    assert list(Refund.objects.values_list("amount", flat=True)) == [100_000]


def test_shortages_of_one_line_leave_no_remainder_to_pay() -> None:
    seller = make_seller()
    uneven, other = make_variant(seller, price=3_333), make_variant(seller, price=50_000)
    part = make_order((uneven, 3), (other, 1)).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    line = part.lines.get(variant=uneven)
    OrderLine.objects.filter(pk=line.pk).update(total_gross=F("total_gross") + 1)
    total = OrderLine.objects.get(pk=line.pk).total_gross

    report_shortage(part_id=part.pk, available={line.pk: 1}, **ACTOR_AND_NOW)
    report_shortage(part_id=part.pk, available={line.pk: 0}, **ACTOR_AND_NOW)

    assert (total, sum(Refund.objects.values_list("amount", flat=True))) == (10_000, 10_000)


def test_shortage_that_is_none_or_everything_is_refused() -> None:
    part = accepted_part()
    first, second = part.lines.order_by("position")

    for count in (4, 5, -1):
        with assert_refused(NothingShort, "nothing_short"):
            report_shortage(part_id=part.pk, available={first.pk: count}, **ACTOR_AND_NOW)
    with assert_refused(NoLinesLeftToSend, "no_lines_left_to_send"):
        report_shortage(part_id=part.pk, available={first.pk: 0, second.pk: 0}, **ACTOR_AND_NOW)


def test_rest_of_a_part_can_still_be_cancelled_after_a_shortage() -> None:
    part = accepted_part()
    line = part.lines.order_by("position")[0]
    report_shortage(part_id=part.pk, available={line.pk: 1}, **ACTOR_AND_NOW)
    part.refresh_from_db()

    may_be_cancelled = part.may_be_cancelled(part.parcels.all())
    cancel_part(part_id=part.pk, reason="Mưa lũ, không gửi được.", **ACTOR_AND_NOW)

    assert may_be_cancelled
    part.refresh_from_db()
    assert part.state == PartState.CANCELLED
    assert part.order.current_total_gross == 0
    check_everything()


def test_shortage_before_acceptance_is_refused() -> None:
    part = make_order((make_variant(), 2)).parts.get()

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        report_shortage(part_id=part.pk, available={part.lines.get().pk: 1}, **ACTOR_AND_NOW)
