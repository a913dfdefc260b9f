"""Take back a shortage that was reported by mistake, while nothing else has happened to the order.

The rules are those of `orders.actions.fulfilment.undo_steps`: members undo their own report for ten minutes,
platform staff later with a reason. Once money was paid or something is packed, the shortage stays.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from catalog.actions.stock.stock_movements import SoldOut, save_reserved_and_allocated
from orders import locks
from orders.actions.fulfilment.pack_parcels import allocate_stock, change_parcel_state
from orders.actions.fulfilment.undo_steps import (
    UNDO_PERIOD,
    MoneyAlreadyMoved,
    PackingAlreadyStarted,
    require_undo_permission,
)
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.refunds.report_shortage import SHORTAGE_REASON
from orders.models import Order, OrderPart, Parcel, Payment, Refund, total_authorised_and_charged
from orders.notifications.undone_steps import withdraw_shortage_notification
from orders.states import ParcelKind, ParcelState, PartState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import Change, record_change, was_done_with_key

_REPORTED_BY_MISTAKE = gettext_noop("Recorded by mistake.")


class OrderChangedSince(Refused):
    code = "order_changed_since"
    default_message = _("Something else has happened to this order since. Please call the market.")


@transaction.atomic(durable=True)
def undo_shortage(
    *,
    part_id: int,
    reason: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> OrderPart:
    """Take back the part's latest shortage. Its items are to be packed again, and the buyer pays for them.

    Raises KeyReused, Missing, MoneyAlreadyMoved, OrderChangedSince, PackingAlreadyStarted, ReasonRequired,
    SoldOut, NotRecordedByCooperative, UndoPeriodOver.
    """
    order, part = locks.lock_part(part_id)
    if was_done_with_key(idempotency_key, "part.shortage_undone", part):
        return part
    refund = _find_latest_shortage(part)
    if refund is None or refund.parcel is None:
        raise Missing()
    require_undo_permission(refund, ("refund.decided",), refund.decided_at, reason, actor=actor, now=now)
    _require_nothing_since(order, part, refund)
    parcel = refund.parcel
    _allocate_again(parcel)
    _forget_settled_weights(parcel)
    amounts = {str(line_id): amount for line_id, amount in refund.lines.values_list("order_line", "amount")}
    snapshot = {"refund": str(refund.pk), "amount": refund.amount, "lines": amounts}
    refund.delete()
    change_parcel_state(
        parcel, ParcelState.VOIDED, voided_at=now, failure_reason=reason.strip() or _REPORTED_BY_MISTAKE
    )
    record_change(
        "part.shortage_undone",
        part,
        actor=actor,
        now=now,
        root=order,
        cooperative_id=part.cooperative_id,
        reason=reason.strip(),
        data={"part": part.number, "amount": snapshot["amount"], "currency": order.currency},
        snapshot=snapshot,
        idempotency_key=idempotency_key,
    )
    finish_order_change(order, now=now)
    withdraw_shortage_notification(order, part, str(snapshot["refund"]), now=now)
    return part


def find_shortage_undo_deadline(
    part: OrderPart, *, actor: Actor, now: datetime.datetime
) -> datetime.datetime | None:
    """Return the deadline for taking back the part's latest shortage, or None if that is not possible."""
    refund = _find_latest_shortage(part)
    if refund is None:
        return None
    try:
        require_undo_permission(refund, ("refund.decided",), refund.decided_at, "", actor=actor, now=now)
        _require_nothing_since(part.order, part, refund)
    except Refused:
        return None
    return refund.decided_at + UNDO_PERIOD


def _find_latest_shortage(part: OrderPart) -> Refund | None:
    shortages = part.refunds.filter(parcel__kind=ParcelKind.REFUND, reason=SHORTAGE_REASON)
    return shortages.select_related("parcel").order_by("-decided_at", "-pk").first()


def _require_nothing_since(order: Order, part: OrderPart, refund: Refund) -> None:
    """Raise MoneyAlreadyMoved, PackingAlreadyStarted or OrderChangedSince."""
    payments = Payment.objects.filter(order=order).sums().values()
    if refund.repayment or any(total_authorised_and_charged(payments)):
        raise MoneyAlreadyMoved()
    if part.parcels.active_outgoing().exists():
        raise PackingAlreadyStarted()
    decision = Change.objects.of_row(refund).filter(action="refund.decided").order_by("pk").values("pk")[:1]
    later_changes = Change.objects.of_row_and_parts(order).filter(pk__gt=decision)
    if part.state != PartState.ACCEPTED or later_changes.exists():
        raise OrderChangedSince()


def _allocate_again(parcel: Parcel) -> None:
    """Allocate the stock that the shortage released. Raises SoldOut if it was sold meanwhile."""
    released = Change.objects.of_row(parcel).get(action="parcel.lines_marked_unsent").data["released"]
    stocks = locks.lock_stock({stock_id for _line_id, stock_id, _quantity in released})
    for line_id, stock_id, quantity in released:
        stock = stocks.get(stock_id)
        if stock is None or stock.free_from_columns < quantity:
            raise SoldOut()
        allocate_stock(stock, uuid.UUID(line_id), quantity)
    save_reserved_and_allocated(stocks.values())


def _forget_settled_weights(parcel: Parcel) -> None:
    """Clear the estimated weights that the shortage filled in, so that the lines can be weighed."""
    for parcel_line in parcel.lines.select_related("order_line"):
        line = parcel_line.order_line
        if not line.is_sold_by_weight or parcel_line.quantity < line.quantity:
            continue
        weighed = Change.objects.of_row(line).filter(action="line.weighed").order_by("-pk").first()
        if weighed is None or weighed.data.get("grams") != line.weighed_grams:
            line.weighed_grams = None
            line.save(update_fields=["weighed_grams"])
