"""Who hears of orders: buyers by mail, or by text where they gave none; cooperatives; the platform."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Sequence

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import (
    AskedTransfer,
    Discount,
    InvoiceDetails,
    Method,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    Payment,
    WeightQuestion,
    show_ways_in_language,
    total_sums,
)
from orders.notices.letters import copied, order_url, tell_buyer, tell_cooperative, tell_operator
from orders.states import Coverage
from shop.core.database.compiled_query import attach, prepared
from shop.core.models import ShopSettings
from shop.core.templatetags.figures import money

__all__ = [
    "delivery_failed",
    "order_confirmed",
    "order_placed",
    "order_url",
    "parcel_handed_over",
    "part_ended",
    "part_unanswered",
    "parts_of",
    "rest_asked",
    "weight_answered",
    "weight_asked",
]


def parts_of(order: Order) -> list[OrderPart]:
    """The parts with all that letters tell of them: two queries."""
    parts = _parts(order.pk)
    attach(parts, "lines", _lines([part.pk for part in parts]), by="part")
    return parts


@prepared
def _parts(order: uuid.UUID) -> QuerySet[OrderPart]:
    return OrderPart.objects.filter(order=order).select_related("cooperative", "way").order_by("number")


@prepared
def _lines(parts: Collection[int]) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(part__in=parts).in_order()


@prepared
def _discounts(order: uuid.UUID) -> QuerySet[Discount]:
    return Discount.objects.filter(order=order).order_by("kind", "pk")


def order_placed(
    order: Order,
    parts: Sequence[OrderPart],
    payment: Payment | None,
    asked: AskedTransfer | None = None,
    *,
    invoice: InvoiceDetails | None,
    shop: ShopSettings,
    now: datetime.datetime,
) -> None:
    """The buyer has the order in writing, and how it is paid: `asked` is the transfer that is waited for.

    `parts` are as `parts_of` answers them, `payment` the way in which the order is to be paid, `invoice`
    whom its invoice is made out to.
    """
    parts = [copied(part) for part in parts]
    delivery_listed = sum(part.delivery_list_gross for part in parts)
    with translation.override(order.language):
        show_ways_in_language(parts)
        tell_buyer(
            order,
            "order_placed",
            subject=_("Order %(code)s on Chợ Phiên") % {"code": order.code},
            short=_in_short(asked) if asked is not None else "",
            now=now,
            parts=parts,
            delivery_listed=delivery_listed,
            goods_listed=order.list_gross - delivery_listed,
            payment=payment,
            invoice=invoice,
            shop=shop,
            asked=asked,
            discounts=_discounts(order.pk),
        )


def _in_short(asked: AskedTransfer) -> str:
    return _("Transfer %(sum)s to %(bank)s %(account)s, note %(note)s.") % {
        "sum": money(asked.amount),
        "bank": asked.bank,
        "account": asked.account,
        "note": asked.note,
    }


def order_confirmed(
    order: Order,
    parts: Sequence[OrderPart],
    payment: Payment | None,
    *,
    invoice: InvoiceDetails | None,
    shop: ShopSettings,
    now: datetime.datetime,
) -> None:
    """Each cooperative hears of its part, and that the buyer needs an invoice for a company; a buyer who paid
    beforehand, that the money has come or is held.

    `parts`, `payment` and `invoice` as of `order_placed`; what `invoice` says is told once it is accepted.
    """
    nothing_came = order.authorize_coverage == Coverage.NONE
    held = 0 if nothing_came else total_sums(order.payments.all().sums().values())[0]
    if order.charged or held:
        with translation.override(order.language):
            subject = _("Order %(code)s is paid") if order.charged else _("Order %(code)s is being prepared")
            tell_buyer(
                order,
                "order_confirmed",
                subject=subject % {"code": order.code},
                now=now,
                held=held,
                shop=shop,
            )
    in_cash = bool(order.still_due) and payment is not None and payment.method == Method.COD
    for part in parts:
        if part.is_standing:
            tell_cooperative(
                order,
                part,
                "part_arrived",
                now=now,
                in_cash=in_cash,
                needs_invoice=invoice is not None,
                shop=shop,
            )


def parcel_handed_over(order: Order, part: OrderPart, parcel: Parcel, *, now: datetime.datetime) -> None:
    """The buyer hears that a parcel is on its way and with whom; or that it waits, and the code to show."""
    is_waiting = bool(parcel.pickup_code)
    with translation.override(order.language):
        subject = (
            _("Order %(code)s is ready to be collected")
            if is_waiting
            else _("A parcel of order %(code)s is on its way")
        )
        tell_buyer(
            order,
            "parcel_waits" if is_waiting else "parcel_handed_over",
            subject=subject % {"code": order.code},
            short=_("Show the code %(digits)s.") % {"digits": parcel.pickup_code} if is_waiting else "",
            now=now,
            part=part,
            parcel=parcel,
            occasion=f"parcel:{parcel.pk}:{now:%Y%m%d%H%M%S}",
        )


def delivery_failed(order: Order, part: OrderPart, parcel: Parcel, *, now: datetime.datetime) -> None:
    """The buyer hears that the carrier could not deliver, and whom to call."""
    with translation.override(order.language):
        tell_buyer(
            order,
            "delivery_failed",
            subject=_("A parcel of order %(code)s could not be delivered") % {"code": order.code},
            now=now,
            part=part,
            parcel=parcel,
            occasion=f"failed:{parcel.pk}:{now:%Y%m%d%H%M%S}",
        )


def part_ended(order: Order, part: OrderPart, *, now: datetime.datetime) -> None:
    """The buyer hears that a cooperative's part will not come; the cooperative, that it is called off."""
    with translation.override(order.language):
        tell_buyer(
            order,
            "part_ended",
            subject=_("Order %(code)s: one part will not come") % {"code": order.code},
            now=now,
            part=part,
            occasion=f"part:{part.pk}",
        )
    tell_cooperative(order, part, "part_called_off", now=now)


def weight_asked(
    order: Order, part: OrderPart, question: WeightQuestion, *, again: bool = False, now: datetime.datetime
) -> None:
    """The buyer is asked whether they pay for more than they agreed to; and once `again`."""
    with translation.override(order.language):
        tell_buyer(
            order,
            "weight_asked",
            subject=_("Order %(code)s: heavier than agreed, do you want it?") % {"code": order.code},
            now=now,
            part=part,
            question=question,
            line=question.line,
            occasion=f"weight:{question.pk}:again" if again else f"weight:{question.pk}",
        )


def rest_asked(order: Order, asked: AskedTransfer, *, now: datetime.datetime) -> None:
    """Who paid by transfer is asked for what the scale has added; once for each sum."""
    with translation.override(order.language):
        tell_buyer(
            order,
            "rest_asked",
            subject=_("Order %(code)s has been weighed") % {"code": order.code},
            short=_in_short(asked),
            now=now,
            asked=asked,
            occasion=f"rest:{order.due_gross}:{order.charged}",
        )


def weight_answered(
    order: Order, part: OrderPart, question: WeightQuestion, *, now: datetime.datetime
) -> None:
    """The cooperative hears what the buyer said, so that packing can go on."""
    tell_cooperative(
        order,
        part,
        "weight_answered",
        now=now,
        occasion=str(question.pk),
        question=question,
        line=question.line,
    )


def part_unanswered(order: Order, part: OrderPart, *, now: datetime.datetime) -> None:
    """The platform hears that a cooperative has not answered yet."""
    tell_operator(
        f"part-unanswered:{part.pk}",
        gettext_lazy("Nobody has accepted a part of order %(code)s"),
        "part_unanswered",
        order,
        now=now,
        part=part,
    )
