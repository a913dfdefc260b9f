"""Money is given back for goods, deliveries and what was paid too much, by whichever way it came."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from cooperatives.models import Warehouse
from orders.actions.bank_transfers.receive_transfers import ENDED_STATUSES
from orders.actions.bank_transfers.transfer_review import BankAccount
from orders.actions.fulfilment.parcel_returns import receive_return
from orders.actions.payouts.refund_execution import pay_refund_by_bank, set_refund_account
from orders.actions.payouts.surplus_refunds import refund_ended_order_surplus
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund, refund_limits
from orders.models import CostBearer, Order, OrderPart, Parcel, Payment, PaymentEvent, Refund, RefundLine
from orders.states import RETURN_KINDS, ParcelState
from tests.money.market import PLACE, Market, where, where_rows_changed

TO = BankAccount("970436", "0099887766", "NGUYEN THI MAI")


def confirmed_parts() -> Any:
    return OrderPart.objects.active().filter(order__confirmed_at__isnull=False)


def refunds() -> Any:
    return Refund.objects.all()


def ended_and_paid() -> Any:
    return Order.objects.filter(status__in=ENDED_STATUSES, charged__gt=0)


def coming_back() -> Any:
    coming = Parcel.objects.filter(kind__in=RETURN_KINDS)
    return coming.exclude(state__in=[ParcelState.DELIVERED, ParcelState.VOIDED])


class Refunding(Market):
    """What happens to money that goes back."""

    @where(confirmed_parts)
    @rule(
        place=PLACE,
        percent=st.sampled_from([20, 50, 100, 100, 101]),
        bearer=st.sampled_from(CostBearer),
        goods=st.sampled_from(["kept", "back", "damaged", "unsent"]),
        is_received=st.booleans(),
        again=st.booleans(),
    )
    def refund(
        self, place: int, percent: int, bearer: CostBearer, goods: str, is_received: bool, again: bool
    ) -> None:
        """Of one line and the delivery, sometimes a đồng more than there is."""

        def work(part: OrderPart) -> None:
            order = Order.objects.get(pk=part.order_id)
            limits = refund_limits(order, part)
            line_id, limit = sorted(limits.lines.items(), key=lambda each: each[1].line.position)[0]
            steps = {"back": limit.returnable, "damaged": limit.returnable, "unsent": limit.open}.get(
                goods, 0
            )
            of_line = LineRefund(
                amount=-(-limit.left * percent // 100),
                back=steps if goods in ("back", "damaged") else 0,
                damaged=steps if goods == "damaged" else 0,
                unsent=min(1, steps) if goods == "unsent" else 0,
            )
            decision = RefundDecision(
                bearer=bearer,
                reason="Bruised on the way",
                lines={line_id: of_line},
                delivery=limits.delivery * min(percent, 100) // 100,
                warehouse_id=Warehouse.objects.get(cooperative=part.cooperative_id).pk,
                is_received=is_received,
            )
            self._decide(order, part, decision, again=again)

        self.attempt(confirmed_parts(), place, work)

    @where(refunds)
    @rule(place=PLACE)
    def say_where_the_money_is_to_go(self, place: int) -> None:
        self.attempt(
            refunds(), place, lambda row: set_refund_account(order_id=row.order_id, to=TO, **self.who)
        )

    @where(refunds)
    @rule(place=PLACE)
    def send_it_by_bank_instead(self, place: int) -> None:
        self.attempt(refunds(), place, lambda row: pay_refund_by_bank(refund_id=row.pk, **self.who))

    @where(ended_and_paid)
    @rule(place=PLACE)
    def find_what_ended_orders_hold(self, place: int) -> None:
        self.attempt(
            ended_and_paid(), place, lambda row: refund_ended_order_surplus(order_id=row.pk, **self.who)
        )

    @where(coming_back)
    @rule(place=PLACE)
    def goods_come_back(self, place: int) -> None:
        def work(parcel: Parcel) -> None:
            house = Warehouse.objects.get(cooperative=parcel.part.cooperative_id)
            receive_return(parcel_id=parcel.pk, damaged={}, warehouse_id=house.pk, **self.who)

        self.attempt(coming_back(), place, work)

    @invariant()
    @where_rows_changed
    def nobody_gets_back_more_than_they_paid(self) -> None:
        for order in Order.objects.placed().prefetch_related("payments"):
            sums = Payment.objects.filter(order=order).sums().values()
            assert all(one.charged >= 0 for one in sums), "a payment gave back more than it took"
            disputed = PaymentEvent.objects.filter(payment__order=order, kind="charge_back")
            held = order.charged + sum(disputed.values_list("amount", flat=True))
            assert sum(one.refund_pending for one in sums) <= max(0, held)

    def _decide(self, order: Order, part: OrderPart, decision: RefundDecision, *, again: bool) -> None:
        """And perhaps the same again, which changes nothing."""
        asked = {"order_id": order.pk, "part_id": part.pk, "decision": decision, **self.who}
        key = f"refund:{Refund.objects.count()}:{part.pk}"
        decide_refund(key=key, **asked)
        before = (
            Refund.objects.count(),
            RefundLine.objects.count(),
            Payment.objects.filter(order=order).sums(),
        )
        if again:
            decide_refund(key=key, **asked)
        after = Refund.objects.count(), RefundLine.objects.count(), Payment.objects.filter(order=order).sums()
        assert after == before
