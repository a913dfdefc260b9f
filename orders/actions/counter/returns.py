"""Take goods of counter sales back for cash: a voided sale, or goods with or without their receipt."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, Warehouse
from orders import locks
from orders.actions.counter.shifts import ShiftClosed, lock_own_shift
from orders.actions.fulfilment.parcel_returns import ReturnExceedsDelivered
from orders.actions.refunds.refund_decisions import (
    LineRefund,
    LineRefundLimit,
    RefundDecision,
    RefundLimits,
    read_refund_limits,
    refund_part,
)
from orders.models import (
    CostBearer,
    CounterReturn,
    CounterReturnKind,
    CounterSale,
    OrderLine,
    OrderPart,
    Parcel,
    Shift,
)
from orders.states import ParcelKind
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import find_key_of_created_row, record_change

_MAX_SALES_SEARCHED = 50


class NothingToReturn(Refused):
    code = "nothing_to_return"
    default_message = _("Choose what was returned.")


class SaleOfClosedShift(Refused):
    """Only the shift that made a sale voids it. Later its goods are returned."""

    code = "sale_of_closed_shift"
    default_message = _("The shift of this sale is closed. Record the goods as returned instead.")


class SaleAlreadyReturned(Refused):
    code = "sale_already_returned"
    default_message = _("Goods of this sale have been returned. Return the rest instead.")


class NoSaleToReturn(Refused):
    """No single sale of the product has as many units that were not returned."""

    code = "no_sale_to_return"
    default_message = _("No sale has this many of it. Check the product and the quantity.")


@dataclass(frozen=True, slots=True)
class ReturnedGoods:
    """How many units of an order line come back, and whether they are unfit for sale."""

    line_id: uuid.UUID
    quantity: int
    is_damaged: bool = False


@transaction.atomic(durable=True)
def return_goods(
    *,
    cooperative: Cooperative,
    shift_id: int,
    sale_id: int,
    goods: Sequence[ReturnedGoods],
    reason: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CounterReturn:
    """Take goods of a sale back and pay for them from an open shift's till. Fit goods are back in stock.

    The cash is what the customer had paid for them. A repeated `idempotency_key` returns the first return.
    Raises KeyReused, Missing, NothingToReturn, ReasonRequired, RefundExceedsLimit, ReturnExceedsDelivered,
    ShiftClosed.
    """
    shift = lock_own_shift(cooperative, shift_id)
    existing = _find_existing(cooperative, shift, "sale.goods_returned", idempotency_key)
    if existing is not None:
        return existing
    return _take_back(
        shift,
        _find_own_sale(cooperative, sale_id),
        goods,
        CounterReturnKind.RETURN,
        reason=reason,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


@transaction.atomic(durable=True)
def return_without_receipt(
    *,
    cooperative: Cooperative,
    shift_id: int,
    variant_id: int,
    quantity: int,
    is_damaged: bool = False,
    reason: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CounterReturn:
    """Take goods back whose receipt is lost, as goods of the latest sale that has as many of them.

    So nobody returns more than was bought, and the price is one that was paid. Raises NoSaleToReturn, and
    what `return_goods` raises.
    """
    shift = lock_own_shift(cooperative, shift_id)
    existing = _find_existing(cooperative, shift, "sale.goods_returned", idempotency_key)
    if existing is not None:
        return existing
    if quantity < 1:
        raise NothingToReturn(field="quantity")
    sale, line = _find_latest_sale(cooperative, variant_id, quantity)
    return _take_back(
        shift,
        sale,
        [ReturnedGoods(line.pk, quantity, is_damaged)],
        CounterReturnKind.RETURN,
        reason=reason,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


@transaction.atomic(durable=True)
def void_sale(
    *,
    cooperative: Cooperative,
    sale_id: int,
    reason: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CounterReturn:
    """Take a whole sale back within its shift, because it was a mistake. Its receipt number stays used.

    A repeated `idempotency_key` returns the first void. Raises KeyReused, Missing, ReasonRequired,
    SaleAlreadyReturned, SaleOfClosedShift.
    """
    sale = _find_own_sale(cooperative, sale_id)
    shift = lock_own_shift(cooperative, sale.shift_id)
    existing = _find_existing(cooperative, shift, "sale.voided", idempotency_key)
    if existing is not None:
        return existing
    if not shift.is_open:
        raise SaleOfClosedShift()
    if sale.returns.exists():
        raise SaleAlreadyReturned()
    goods = [ReturnedGoods(*values) for values in sale.order.lines.in_order().values_list("pk", "quantity")]
    return _take_back(
        shift,
        sale,
        goods,
        CounterReturnKind.VOID,
        reason=reason,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


def read_sale_limits(sale: CounterSale) -> RefundLimits:
    """Return what may still be returned of a sale, and for how much."""
    return read_refund_limits(sale.order, OrderPart.objects.get(order=sale.order_id))


def _find_existing(
    cooperative: Cooperative, shift: Shift, action: str, idempotency_key: str | None
) -> CounterReturn | None:
    key = find_key_of_created_row(idempotency_key, action, cooperative_id=cooperative.pk, root=shift.till)
    return CounterReturn.objects.get(pk=key) if key is not None else None


def _find_own_sale(cooperative: Cooperative, sale_id: int) -> CounterSale:
    """Return a sale of the cooperative. Raises Missing."""
    sales = CounterSale.objects.for_cooperative(cooperative).select_related("order")
    sale = sales.filter(pk=sale_id).first()
    if sale is None:
        raise Missing()
    return sale


def _find_latest_sale(
    cooperative: Cooperative, variant_id: int, quantity: int
) -> tuple[CounterSale, OrderLine]:
    """Return the latest sale, with its line, of which so much can be returned. Raises NoSaleToReturn."""
    lines = OrderLine.objects.filter(
        variant=variant_id, quantity__gte=quantity, order__counter_sale__till__cooperative=cooperative
    ).order_by("-order__counter_sale__sold_at", "-order__counter_sale", "position", "pk")
    for line in lines.select_related("order__counter_sale__order")[:_MAX_SALES_SEARCHED]:
        sale: CounterSale = line.order.counter_sale
        if read_sale_limits(sale).lines[line.pk].returnable >= quantity:
            return sale, line
    raise NoSaleToReturn(field="quantity")


def _take_back(
    shift: Shift,
    sale: CounterSale,
    goods: Sequence[ReturnedGoods],
    kind: CounterReturnKind,
    *,
    reason: str,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> CounterReturn:
    """With the till locked: refund the goods in cash, and put fit ones back into stock."""
    if not shift.is_open:
        raise ShiftClosed()
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise ReasonRequired(field="reason")
    if not goods:
        raise NothingToReturn()
    order = locks.lock_order(sale.order_id)
    part = OrderPart.objects.select_related("cooperative").get(order=order)
    parcel = Parcel.objects.get(part=part, kind=ParcelKind.DISPATCH)
    limits = read_refund_limits(order, part)
    decision = RefundDecision(
        bearer=CostBearer.COOPERATIVE,
        reason=reason,
        lines={row.line_id: _line_refund(limits, row) for row in goods},
        warehouse_id=parcel.warehouse_id or _find_warehouse_id(part.cooperative),
        till_parcel=parcel,
    )
    refund = refund_part(order, part, decision, actor=actor, now=now)
    returned = CounterReturn.objects.create(
        sale=sale,
        shift=shift,
        refund=refund,
        kind=kind,
        cash_returned=refund.repayment,
        reason=reason,
        recorded_by_id=actor.user_id,
        recorded_at=now,
    )
    record_change(
        "sale.voided" if kind == CounterReturnKind.VOID else "sale.goods_returned",
        returned,
        actor=actor,
        now=now,
        root=shift.till,
        cooperative_id=part.cooperative_id,
        reason=reason,
        data={"number": sale.number, "amount": returned.cash_returned, "order": order.code},
        idempotency_key=idempotency_key,
    )
    return returned


def _line_refund(limits: RefundLimits, row: ReturnedGoods) -> LineRefund:
    """Return the refund of the returned units. Raises Missing, ReturnExceedsDelivered."""
    limit = limits.lines.get(row.line_id)
    if limit is None:
        raise Missing(field="line")
    if not 1 <= row.quantity <= limit.returnable:
        raise ReturnExceedsDelivered(
            field="quantity", most={line_id: line.returnable for line_id, line in limits.lines.items()}
        )
    return LineRefund(
        amount=amount_to_return(limit, row.quantity),
        returned=row.quantity,
        damaged=row.quantity if row.is_damaged else 0,
    )


def amount_to_return(limit: LineRefundLimit, quantity: int) -> int:
    """Return what was paid for this many units of a line, in minor units. The last ones take the rest."""
    if quantity == limit.returnable:
        return limit.refundable
    return min(limit.refundable, limit.line.total_gross * quantity // limit.line.quantity)


def _find_warehouse_id(cooperative: Cooperative) -> uuid.UUID | None:
    warehouse = Warehouse.objects.for_cooperative(cooperative).open().first()
    return warehouse.pk if warehouse is not None else None
