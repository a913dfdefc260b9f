"""Refunds of lines, deliveries and surpluses, through every payment method."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from cooperatives.models import Warehouse
from orders.actions.bank_transfers.transfer_review import BankAccount
from orders.actions.fulfilment.parcel_returns import receive_return
from orders.actions.payouts.refund_execution import pay_refund_by_bank, set_refund_account
from orders.actions.payouts.surplus_refunds import refund_ended_order_surplus
from orders.actions.refunds.refund_decisions import (
    LineRefund,
    RefundDecision,
    decide_refund,
    read_refund_limits,
)
from orders.models import CostBearer, Order, OrderPart, Parcel, Payment, PaymentEvent, Refund, RefundLine
from orders.states import ENDED_ORDER_STATUSES, RETURN_KINDS, ParcelState
from tests.money.market import INDEXES, Market, after_writes, requires_row

TO = BankAccount("970436", "0099887766", "NGUYEN THI MAI")


def confirmed_parts() -> Any:
    return OrderPart.objects.active().filter(order__confirmed_at__isnull=False)


def refunds() -> Any:
    return Refund.objects.all()


def ended_and_paid() -> Any:
    return Order.objects.filter(status__in=ENDED_ORDER_STATUSES, charged__gt=0)


def coming_back() -> Any:
    coming = Parcel.objects.filter(kind__in=RETURN_KINDS)
    return coming.exclude(state__in=[ParcelState.DELIVERED, ParcelState.VOIDED])


class Refunds(Market):
    """Operations on refunds."""

    @requires_row(confirmed_parts)
    @rule(
        index=INDEXES,
        percent=st.sampled_from([20, 50, 100, 100, 101]),
        bearer=st.sampled_from(CostBearer),
        items=st.sampled_from(["kept", "back", "damaged", "unsent"]),
        is_received=st.booleans(),
        is_repeated=st.booleans(),
    )
    def refund(
        self, index: int, percent: int, bearer: CostBearer, items: str, is_received: bool, is_repeated: bool
    ) -> None:
        """Refund one line and the delivery, sometimes more than allowed."""

        def work(part: OrderPart) -> None:
            order = Order.objects.get(pk=part.order_id)
            limits = read_refund_limits(order, part)
            line_id, limit = sorted(limits.lines.items(), key=lambda entry: entry[1].line.position)[0]
            steps = {"back": limit.returnable, "damaged": limit.returnable, "unsent": limit.open}.get(
                items, 0
            )
            line_refund = LineRefund(
                amount=-(-limit.refundable * percent // 100),
                returned=steps if items in ("back", "damaged") else 0,
                damaged=steps if items == "damaged" else 0,
                unsent=min(1, steps) if items == "unsent" else 0,
            )
            decision = RefundDecision(
                bearer=bearer,
                reason="Bruised on the way",
                lines={line_id: line_refund},
                delivery=limits.delivery * min(percent, 100) // 100,
                warehouse_id=Warehouse.objects.get(cooperative=part.cooperative_id).pk,
                is_received=is_received,
            )
            self._decide(order, part, decision, is_repeated=is_repeated)

        self.attempt(confirmed_parts(), index, work)

    @requires_row(refunds)
    @rule(index=INDEXES)
    def set_account(self, index: int) -> None:
        self.attempt(
            refunds(),
            index,
            lambda row: set_refund_account(order_id=row.order_id, account=TO, **self.next_actor_and_time()),
        )

    @requires_row(refunds)
    @rule(index=INDEXES)
    def refund_by_bank(self, index: int) -> None:
        self.attempt(
            refunds(), index, lambda row: pay_refund_by_bank(refund_id=row.pk, **self.next_actor_and_time())
        )

    @requires_row(ended_and_paid)
    @rule(index=INDEXES)
    def refund_ended_orders(self, index: int) -> None:
        self.attempt(
            ended_and_paid(),
            index,
            lambda row: refund_ended_order_surplus(order_id=row.pk, **self.next_actor_and_time()),
        )

    @requires_row(coming_back)
    @rule(index=INDEXES)
    def receive_returned_items(self, index: int) -> None:
        def work(parcel: Parcel) -> None:
            warehouse = Warehouse.objects.get(cooperative=parcel.part.cooperative_id)
            receive_return(
                parcel_id=parcel.pk, damaged={}, warehouse_id=warehouse.pk, **self.next_actor_and_time()
            )

        self.attempt(coming_back(), index, work)

    @invariant()
    @after_writes
    def refunds_never_exceed_payments(self) -> None:
        for order in Order.objects.placed().prefetch_related("payments"):
            sums = Payment.objects.filter(order=order).sums().values()
            assert all(one.charged >= 0 for one in sums), "a payment refunded more than it charged"
            disputed = PaymentEvent.objects.filter(payment__order=order, kind="charge_back")
            charged = order.charged + sum(disputed.values_list("amount", flat=True))
            assert sum(one.refund_pending for one in sums) <= max(0, charged)

    def _decide(self, order: Order, part: OrderPart, decision: RefundDecision, *, is_repeated: bool) -> None:
        """Decide the refund; a repetition must change nothing."""
        request = {
            "order_id": order.pk,
            "part_id": part.pk,
            "decision": decision,
            **self.next_actor_and_time(),
        }
        idempotency_key = f"refund:{Refund.objects.count()}:{part.pk}"
        decide_refund(idempotency_key=idempotency_key, **request)
        before = (
            Refund.objects.count(),
            RefundLine.objects.count(),
            Payment.objects.filter(order=order).sums(),
        )
        if is_repeated:
            decide_refund(idempotency_key=idempotency_key, **request)
        after = Refund.objects.count(), RefundLine.objects.count(), Payment.objects.filter(order=order).sums()
        assert after == before
