"""Notices about orders: to buyers by email or SMS, to cooperatives and to the platform by email."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Sequence

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import (
    InvoiceDetails,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    Payment,
    PaymentMethod,
    TransferInstructions,
    WeightQuestion,
    total_authorised_and_charged,
    translate_delivery_method_names,
)
from orders.notifications.alerts import raise_answer_alert
from orders.notifications.order_discounts import load_discounts_at_maximum
from orders.notifications.send_notifications import (
    copy_part_for_reader,
    notify_buyer,
    notify_cooperative,
    notify_operator,
)
from orders.states import Coverage, PartState
from shop.core.database.compiled_query import compiled_query
from shop.core.database.prefetched_rows import attach_prefetched_rows
from shop.core.models import ShopSettings
from shop.core.texts.formatting import days_between, format_money

# Templates of the hand-over notice, which is sent to the buyer or says that a pickup is ready.
HANDOVER_TEMPLATES = ("parcel_handed_over", "parcel_ready")


def load_parts(order: Order) -> list[OrderPart]:
    """Load an order's parts with everything that notifications show of them, in two queries."""
    parts = _select_parts(order.pk)
    attach_prefetched_rows(parts, "lines", _select_lines([part.pk for part in parts]), foreign_key="part")
    return parts


def parts_of_new_order(lines: Iterable[OrderLine]) -> list[OrderPart]:
    """Return the parts of an order just created with these lines, as `load_parts` does. No query."""
    lines = list(lines)
    parts = list(dict.fromkeys(line.part for line in lines))
    attach_prefetched_rows(parts, "lines", lines, foreign_key="part")
    return parts


@compiled_query
def _select_parts(order_id: uuid.UUID) -> QuerySet[OrderPart]:
    return (
        OrderPart.objects.filter(order=order_id)
        .select_related("cooperative", "delivery_method")
        .order_by("number")
    )


@compiled_query
def _select_lines(part_ids: Collection[int]) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(part__in=part_ids).in_order()


def notify_order_placed(
    order: Order,
    parts: Sequence[OrderPart],
    payment: Payment | None,
    transfer: TransferInstructions | None = None,
    *,
    invoice: InvoiceDetails | None,
    shop: ShopSettings,
    now: datetime.datetime,
) -> None:
    """Send the buyer the order confirmation with payment instructions. `transfer` is the expected transfer.

    `parts` come from `load_parts`, `payment` is the payment by which the order is to be paid, and
    `invoice` holds the company that its invoice is issued to.
    """
    parts = [copy_part_for_reader(part) for part in parts]
    delivery_gross = sum(part.delivery_gross for part in parts)
    possible_increase = _possible_increase(parts)
    maximum_total = order.total_gross + possible_increase
    goods_discounts, delivery_discounts = load_discounts_at_maximum(order, parts)
    delivery_discount = sum(discount.amount for discount in delivery_discounts)
    goods_discount = sum(discount.amount for discount in goods_discounts)
    with translation.override(order.language):
        translate_delivery_method_names(parts)
        sms_detail = ""
        if transfer is not None:
            sms_detail = _short_transfer_text(transfer)
        elif payment is not None and payment.is_cash_on_delivery:
            sms_detail = _short_cash_text(order, parts, maximum_total, is_maximum=possible_increase > 0)
        notify_buyer(
            order,
            "order_placed",
            subject=_("Order %(code)s on Chợ Phiên") % {"code": order.code},
            sms_detail=sms_detail,
            now=now,
            parts=parts,
            is_cash=payment is not None and payment.is_cash_on_delivery,
            delivery_before_discounts=delivery_gross + delivery_discount,
            goods_before_discounts=maximum_total - delivery_gross + goods_discount,
            is_maximum=possible_increase > 0,
            maximum_total=maximum_total,
            possible_increase=possible_increase,
            payment=payment,
            invoice=invoice,
            shop=shop,
            transfer=transfer,
            goods_discounts=goods_discounts,
            delivery_discounts=delivery_discounts,
        )


def _possible_increase(parts: Sequence[OrderPart]) -> int:
    """Return by how much the lines of these parts may still increase when they are weighed."""
    return sum(line.maximum_gross - line.total_gross for part in parts for line in part.lines.all())


def _short_cash_text(order: Order, parts: Sequence[OrderPart], total: int, *, is_maximum: bool) -> str:
    """Return the text about the cash to pay on receipt, for each part if there are several, and the days."""
    if len(parts) > 1:
        text = _("Pay in cash on receipt of each part: %(amounts)s.")
        text %= {"amounts": ", ".join(_part_amount_text(part, order.currency) for part in parts)}
    elif is_maximum:
        text = _("Pay in cash on receipt, at most %(amount)s.") % {
            "amount": format_money(total, order.currency)
        }
    else:
        text = _("Pay %(amount)s in cash on receipt.") % {"amount": format_money(total, order.currency)}
    first_days = [day for part in parts if (day := part.pickup_day or part.expected_from)]
    last_days = [day for part in parts if (day := part.pickup_day or part.expected_until)]
    if not first_days or not last_days:
        return text
    days = days_between(min(first_days), max(last_days))
    return f"{text} {_('Expected: %(days)s.') % {'days': days}}"


def _part_amount_text(part: OrderPart, currency: str) -> str:
    """Return a part's cost (the maximum if it is still to be weighed) and its seller, as text."""
    text = _("at most %(amount)s (%(name)s)") if part.has_lines_to_weigh else _("%(amount)s (%(name)s)")
    return text % {"amount": format_money(part.maximum_gross, currency), "name": part.cooperative.name}


def _short_transfer_text(transfer: TransferInstructions) -> str:
    return _("Transfer %(amount)s to %(bank)s %(account)s with the note %(note)s.") % {
        "amount": format_money(transfer.amount),
        "bank": transfer.bank,
        "account": transfer.account,
        "note": transfer.note,
    }


def notify_order_confirmed(
    order: Order,
    parts: Sequence[OrderPart],
    payment: Payment | None,
    *,
    invoice: InvoiceDetails | None,
    shop: ShopSettings,
    now: datetime.datetime,
) -> None:
    """Notify each cooperative of its part and whether an invoice is needed, and a buyer who paid in advance.

    The buyer learns that the money has arrived or is authorised. `parts`, `payment` and `invoice` are as for
    `notify_order_placed`. The invoice details are shown once the part is accepted.
    """
    is_uncovered = order.authorize_coverage == Coverage.NONE
    authorised = 0 if is_uncovered else total_authorised_and_charged(order.payments.all().sums().values())[0]
    if order.charged or authorised:
        with translation.override(order.language):
            subject = _("Order %(code)s is paid") if order.charged else _("Order %(code)s is being prepared")
            notify_buyer(
                order,
                "order_confirmed",
                subject=subject % {"code": order.code},
                now=now,
                authorised=authorised,
                shop=shop,
            )
    in_cash = bool(order.amount_due) and payment is not None and payment.method == PaymentMethod.COD
    for part in parts:
        if part.is_active:
            notify_cooperative(
                order,
                part,
                "part_arrived",
                now=now,
                in_cash=in_cash,
                needs_invoice=invoice is not None,
                shop=shop,
            )


def notify_parcel_handed_over(
    order: Order, part: OrderPart, parcel: Parcel, *, now: datetime.datetime
) -> None:
    """Tell the buyer that a parcel is on its way, or that it is ready for pickup and with which code."""
    is_waiting = bool(parcel.pickup_code)
    with translation.override(order.language):
        subject = (
            _("Order %(code)s is ready for pickup")
            if is_waiting
            else _("A parcel of order %(code)s is on its way")
        )
        notify_buyer(
            order,
            HANDOVER_TEMPLATES[is_waiting],
            subject=subject % {"code": order.code},
            sms_detail=_("Pickup code: %(digits)s.") % {"digits": parcel.pickup_code} if is_waiting else "",
            now=now,
            part=part,
            parcel=parcel,
            occasion=handover_occasion(parcel, now),
        )


def handover_occasion(parcel: Parcel, handed_over_at: datetime.datetime) -> str:
    """Return the part of the notice's key that identifies one hand-over of the parcel."""
    return f"parcel:{parcel.pk}:{handed_over_at:%Y%m%d%H%M%S}"


def failure_occasion(parcel: Parcel, failed_at: datetime.datetime) -> str:
    """Return the occasion that tells the notices of a parcel's failed deliveries apart."""
    return f"failed:{parcel.pk}:{failed_at:%Y%m%d%H%M%S}"


def notify_delivery_failed(
    order: Order, part: OrderPart, parcel: Parcel, failed_at: datetime.datetime, *, now: datetime.datetime
) -> None:
    """Tell the buyer that the carrier could not deliver, with the number to call."""
    with translation.override(order.language):
        notify_buyer(
            order,
            "delivery_failed",
            subject=_("A parcel of order %(code)s could not be delivered") % {"code": order.code},
            now=now,
            part=part,
            parcel=parcel,
            occasion=failure_occasion(parcel, failed_at),
        )


def notify_part_cancelled(
    order: Order, part: OrderPart, *, is_by_buyer: bool = False, now: datetime.datetime
) -> None:
    """Tell the buyer and the cooperative that a part is declined or cancelled."""
    remaining_parts = [copy_part_for_reader(row) for row in load_parts(order) if row.is_active]
    possible_increase = _possible_increase(remaining_parts)
    amount_due = order.amount_due + possible_increase
    unpaid_transfer = order.find_awaited_transfer_payment()
    with translation.override(order.language):
        translate_delivery_method_names(remaining_parts)
        text = _("Order %(code)s: %(name)s will not deliver its part")
        if is_by_buyer:
            text = _("Order %(code)s: you cancelled the part from %(name)s")
        elif part.state == PartState.CANCELLED:
            text = _("Order %(code)s: the part from %(name)s was cancelled")
        subject = text % {"code": order.code, "name": part.cooperative.name}
        notify_buyer(
            order,
            "part_ended",
            subject=subject,
            sms_detail=(
                short_transfer_change(order)
                if unpaid_transfer
                else _short_amount_due_text(order, amount_due, is_maximum=possible_increase > 0)
            ),
            now=now,
            part=part,
            is_by_buyer=is_by_buyer,
            is_cash=_is_paid_in_cash(order),
            remaining_parts=remaining_parts,
            amount_due=amount_due,
            is_maximum=possible_increase > 0,
            possible_increase=possible_increase,
            unpaid_transfer=unpaid_transfer,
            amount_before=order.amount_due + part.total_gross,
            occasion=f"part:{part.pk}",
        )
    notify_cooperative(order, part, "part_cancelled", now=now)


def read_short_amount_change(order: Order) -> str:
    """Return a sentence with what an unpaid order costs now that a part of it ended, or an empty string."""
    if order.find_awaited_transfer_payment():
        return short_transfer_change(order)
    if not order.amount_due or not _is_paid_in_cash(order):
        return ""
    possible_increase = _possible_increase([part for part in load_parts(order) if part.is_active])
    text = _("Still due on receipt: %(amount)s.")
    if possible_increase:
        text = _("Still due on receipt: at most %(amount)s.")
    return text % {"amount": format_money(order.amount_due + possible_increase, order.currency)}


def _is_paid_in_cash(order: Order) -> bool:
    """Return whether nothing is paid yet and each part is to be paid in cash when it arrives."""
    payment = None if order.charged else order.payments.current()
    return payment is not None and payment.is_cash_on_delivery


def short_transfer_change(order: Order) -> str:
    """Return a sentence with the new amount of an unpaid transfer."""
    return _("The amount to transfer is now %(amount)s.") % {
        "amount": format_money(order.amount_due, order.currency)
    }


def _short_amount_due_text(order: Order, amount_due: int, *, is_maximum: bool) -> str:
    if not amount_due:
        return _("You do not have to pay anything more.")
    text = (
        _("You still have to pay at most %(amount)s.")
        if is_maximum
        else _("You still have to pay %(amount)s.")
    )
    return text % {"amount": format_money(amount_due, order.currency)}


def notify_weight_question(
    order: Order,
    part: OrderPart,
    question: WeightQuestion,
    *,
    is_reminder: bool = False,
    now: datetime.datetime,
) -> None:
    """Ask the buyer whether they pay for a weight above the agreed bound.

    `is_reminder` says they were asked before.
    """
    with translation.override(order.language):
        notify_buyer(
            order,
            "weight_question",
            subject=_("Order %(code)s: heavier than agreed, do you still want it?") % {"code": order.code},
            now=now,
            part=part,
            question=question,
            line=question.line,
            occasion=f"weight:{question.pk}:again" if is_reminder else f"weight:{question.pk}",
        )


def notify_amount_due(order: Order, transfer: TransferInstructions, *, now: datetime.datetime) -> None:
    """Ask a buyer who paid by transfer for the amount that weighing added, once for each amount."""
    with translation.override(order.language):
        notify_buyer(
            order,
            "amount_due",
            subject=_("Order %(code)s has been weighed") % {"code": order.code},
            sms_detail=_short_transfer_text(transfer),
            now=now,
            transfer=transfer,
            occasion=f"due:{order.current_total_gross}:{order.charged}",
        )


def notify_weight_answer(
    order: Order, part: OrderPart, question: WeightQuestion, *, now: datetime.datetime
) -> None:
    """Tell the cooperative the buyer's answer, so that packing can continue."""
    raise_answer_alert(part, f"weight:{question.pk}", now=now)
    notify_cooperative(
        order,
        part,
        "weight_answered",
        now=now,
        occasion=str(question.pk),
        question=question,
        line=question.line,
    )


def notify_part_unanswered(order: Order, part: OrderPart, *, now: datetime.datetime) -> None:
    """Tell the platform that a cooperative has not accepted its part yet."""
    notify_operator(
        f"part-unanswered:{part.pk}",
        gettext_lazy("Nobody has accepted a cooperative's part of order %(code)s"),
        "part_unanswered",
        order,
        now=now,
        part=part,
    )
