"""A refund granted over several parts is borne by the cooperative of each part."""

from __future__ import annotations

import pytest

from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.parcel_returns import receive_return
from orders.actions.order_records.reasons import Reason
from orders.actions.refunds.granted_refunds import RefundGrant, grant_refund
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.models import CostBearer, LedgerEntry, Order, OrderLine, Refund
from tests.factories import make_order, make_seller, make_variant
from tests.invariants import check_everything
from tests.orders.refunds.refund_helpers import ACTOR_AND_NOW, pack_open_lines

pytestmark = pytest.mark.django_db


def make_delivered_order() -> Order:
    """Make an order of two cooperatives' parts: 100,000 and 40,000 a piece, delivered and paid in cash."""
    thien_an, yen_duong = make_seller("HTX Thiên An", commission=10), make_seller("HTX Yến Dương")
    order = make_order((make_variant(yen_duong, price=40_000), 2), (make_variant(thien_an, price=100_000), 2))
    for part in order.parts.order_by("number"):
        parcel = pack_open_lines(part)
        hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
        deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW)
    return Order.objects.get(pk=order.pk)


def owed_by_name(order: Order) -> dict[str, int]:
    return {
        part.cooperative.name: LedgerEntry.objects.of_cooperative(part.cooperative, "VND").owed
        for part in order.parts.select_related("cooperative")
    }


def test_each_cooperative_bears_the_refund_of_its_own_lines() -> None:
    order = make_delivered_order()
    before = owed_by_name(order)
    quantities = {line.pk: 1 for line in OrderLine.objects.filter(order=order)}

    refunds = grant_refund(
        order_id=order.pk,
        granted=RefundGrant(quantities),
        part_ids=order.parts.values_list("pk", flat=True),
        bearer=CostBearer.COOPERATIVE,
        reason=Reason("Hàng dập"),
        **ACTOR_AND_NOW,
    )

    assert before == {"HTX Thiên An": 210_000, "HTX Yến Dương": 110_000}
    assert {refund.part.cooperative.name: refund.amount for refund in refunds if refund.part} == {
        "HTX Thiên An": 100_000,
        "HTX Yến Dương": 40_000,
    }
    # Half of the commission of 20,000 is not taken.
    assert owed_by_name(order) == {"HTX Thiên An": 210_000 - 90_000, "HTX Yến Dương": 110_000 - 40_000}
    check_everything()


def test_each_cooperative_bears_the_return_of_its_own_items() -> None:
    order = make_delivered_order()
    for part in order.parts.order_by("-number"):
        line = part.lines.get()
        decide_refund(
            order_id=order.pk,
            part_id=part.pk,
            decision=RefundDecision(
                CostBearer.COOPERATIVE,
                "Trả lại",
                {line.pk: LineRefund(line.total_gross, returned=2)},
                is_received=False,
            ),
            **ACTOR_AND_NOW,
        )

    for refund in Refund.objects.filter(order=order):
        assert refund.part is not None
        assert refund.parcel is not None
        warehouse = refund.part.cooperative.warehouses.get()
        receive_return(parcel_id=refund.parcel.pk, damaged={}, warehouse_id=warehouse.pk, **ACTOR_AND_NOW)

    assert owed_by_name(order) == {"HTX Thiên An": 30_000, "HTX Yến Dương": 30_000}
    check_everything()
