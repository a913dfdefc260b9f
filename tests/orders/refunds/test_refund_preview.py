"""The preview of a refund says how its money then goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.refunds.refund_preview import RefundRoute, find_refund_route, read_cancellation_route
from orders.actions.refunds.report_shortage import preview_shortage, report_shortage
from orders.models import Order, OrderPart, Payout, Refund
from tests.factories import make_order, make_seller, make_variant
from tests.orders.gateway.card_order_helpers import make_paid_card_order, stripe
from tests.orders.refunds.refund_helpers import (
    ACTOR_AND_NOW,
    deliver_order,
    make_paid_order,
    pack_open_lines,
    refund_first_line,
)

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db


def cash_part(*, is_collected: bool) -> OrderPart:
    """Return a part of 200,000, delivered, whose cash was or was not collected."""
    return deliver_order(make_order((make_variant(price=100_000), 2)), cash=is_collected)


PARTS: dict[str, tuple[Callable[[Any], OrderPart], RefundRoute]] = {
    "collected cash": (lambda _stripe: cash_part(is_collected=True), RefundRoute(0, 20_000, 0)),
    "uncollected cash": (lambda _stripe: cash_part(is_collected=False), RefundRoute(0, 0, 20_000)),
    "transfer": (lambda _stripe: deliver_order(make_paid_order()), RefundRoute(0, 20_000, 0)),
    "card": (lambda stripe: deliver_order(make_paid_card_order(stripe)), RefundRoute(20_000, 0, 0)),
}


@pytest.mark.parametrize("case", PARTS)
def test_preview_is_what_the_refund_then_does(stripe, case) -> None:
    make_part, expected = PARTS[case]
    part = make_part(stripe)

    route = find_refund_route(part.order, part, 20_000)
    refund = refund_first_line(part, 20_000)

    assert route == expected
    bank = sum(Payout.objects.filter(refund=refund).values_list("amount", flat=True))
    assert RefundRoute(refund.repayment - bank, bank, refund.amount - refund.repayment) == route


def test_previewed_shortage_is_what_the_report_then_refunds() -> None:
    seller = make_seller()
    lines = [(make_variant(seller, price=3_333), 3), (make_variant(seller, price=50_000), 2)]
    part = make_order(*lines).parts.get()
    first, second = part.lines.order_by("position")
    pack_open_lines(part, {second.pk: 1})
    part = OrderPart.objects.get(pk=part.pk)
    available = {first.pk: 1, second.pk: 0}

    refunds = preview_shortage(part, available)
    refund = report_shortage(part_id=part.pk, available=available, **ACTOR_AND_NOW)

    assert {key: (line.unsent, line.amount) for key, line in refunds.items()} == {
        first.pk: (2, 6_666),
        second.pk: (1, 50_000),
    }
    assert dict(refund.lines.values_list("order_line", "amount")) == {first.pk: 6_666, second.pk: 50_000}


CANCELLED: dict[str, tuple[Callable[[Any], Order], RefundRoute]] = {
    "unpaid cash": (lambda _stripe: make_order((make_variant(price=100_000), 2)), RefundRoute(0, 0, 230_000)),
    "transfer": (lambda _stripe: make_paid_order(), RefundRoute(0, 120_000, 0)),
    "card": (make_paid_card_order, RefundRoute(120_000, 0, 0)),
}


@pytest.mark.parametrize("case", CANCELLED)
def test_previewed_cancellation_is_what_it_then_pays_back(stripe, case) -> None:
    make_cancelled_order, expected = CANCELLED[case]
    order = make_cancelled_order(stripe)

    route = read_cancellation_route(order, list(order.parts.active()))
    cancel_order(order_id=order.pk, reason="Khách đổi ý", **ACTOR_AND_NOW)

    assert route == expected
    repaid = sum(Refund.objects.filter(order=order).values_list("repayment", flat=True))
    bank = sum(Payout.objects.filter(refund__order=order).values_list("amount", flat=True))
    assert (repaid - bank, bank) == (route.card, route.bank)
