"""What an order's page says in words beside its lines and parcels, as phones keep it.

The number of queries does not depend on the number of parts.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders.models import (
    CostBearer,
    Discount,
    DiscountKind,
    DiscountShare,
    OrderLine,
    OrderPart,
    Refund,
    Substitute,
    WeightAnswer,
    WeightQuestion,
)
from orders.states import Coverage
from shop.core.texts.formatting import (
    format_day,
    format_money,
    format_time,
    format_weight,
    weekday_and_day,
)

Row = dict[str, Any]


def read_refunds(parts: Iterable[OrderPart]) -> dict[int, list[Refund]]:
    """Return the refunds of each part, oldest first."""
    refunds: dict[int, list[Refund]] = {}
    rows = Refund.objects.filter(part__in=[part.pk for part in parts])
    for refund in rows.oldest_first().with_unsent_items():
        if refund.part_id is not None:
            refunds.setdefault(refund.part_id, []).append(refund)
    return refunds


def read_discounts(parts: Iterable[OrderPart]) -> dict[int, list[tuple[Discount, int]]]:
    """Return the discounts on each part with their amounts on it, as `Discount.objects.on_part` does."""
    ids = [part.pk for part in parts]
    shares = DiscountShare.objects.filter(Q(part__in=ids) | Q(line__part__in=ids))
    amounts: dict[int, dict[Discount, int]] = {}
    for share in shares.select_related("discount", "line").order_by("discount__kind", "discount"):
        part_id = share.part_id or (share.line.part_id if share.line else None)
        if part_id is not None:
            of_part = amounts.setdefault(part_id, {})
            of_part[share.discount] = of_part.get(share.discount, 0) + share.amount
    return {part_id: list(of_part.items()) for part_id, of_part in amounts.items()}


def build_sums(part: OrderPart, discounts: Sequence[tuple[Discount, int]], refunds: Sequence[Refund]) -> Row:
    """Return the rows of the part's sums, as `members/sums.html` shows them, and what is left to pay."""
    reduction = sum(refund.amount for refund in refunds if refund.is_for_unsent_items)
    refunded = sum(refund.amount - refund.surplus for refund in refunds) - reduction
    rows = [
        (pgettext("sum", "Subtotal"), sum(line.list_gross for line in part.lines.all()), ""),
        *((_discount_name(part, row), -amount, _bearer_text(row)) for row, amount in discounts),
        (pgettext("sum", "Delivery"), part.delivery_list_gross, ""),
        *([(_("Less for missing items"), -reduction, "")] if reduction else []),
        *([(_("Refunds"), -refunded, "")] if refunded else []),
    ]
    return {
        "sums": [{"name": name, "amount": amount, "hint": hint} for name, amount, hint in rows],
        "due": part.total_gross - reduction - refunded,
    }


def _discount_name(part: OrderPart, discount: Discount) -> str:
    name = capfirst(discount.name or discount.get_kind_display())
    return f"{name} {part.order.voucher_code}" if discount.kind == DiscountKind.VOUCHER else name


def _bearer_text(discount: Discount) -> str:
    if discount.bearer == CostBearer.PLATFORM:
        return _("Paid by the market: you receive the listed price.")
    return _("Paid by your cooperative.")


def buyer_texts(part: OrderPart) -> Row:
    """Return where the buyer ordered, what they wrote, and whether they have paid and want an invoice.

    Name and address of the company are known once the part is accepted, as those of the buyer are. Before,
    only the commune is.
    """
    order, address = part.order, part.order.shipping_address
    invoice = getattr(order, "invoice", None)
    commune = f"{address.city}, {address.country_area}" if address is not None else ""
    return {
        "source": order.get_source_display() if order.is_received else "",
        "note": " ".join(filter(None, [order.note, part.note])),
        "commune": "" if part.may_show_contact or part.is_pickup else commune,
        "needs_invoice": invoice is not None,
        "invoice": [invoice.company, f"{_('Tax code')}: {invoice.tax_code}", invoice.address, invoice.email]
        if invoice is not None and part.may_show_contact
        else [],
        "is_paid": order.charge_coverage == Coverage.FULL,
    }


def read_latest_questions(lines: Collection[OrderLine]) -> dict[uuid.UUID, WeightQuestion]:
    """Return the latest question about the weight of each line."""
    sold_by_weight = [line.pk for line in lines if line.is_sold_by_weight]
    return {row.line_id: row for row in WeightQuestion.objects.filter(line__in=sold_by_weight).in_order()}


def read_waiting_substitutes(lines: Collection[OrderLine]) -> dict[uuid.UUID, Substitute]:
    """Return the substitute for each line that the buyer has not answered about."""
    by_id = {line.pk: line for line in lines}
    substitutes = Substitute.objects.waiting().filter(line__in=by_id).select_related("variant__product")
    waiting = {substitute.line_id: substitute for substitute in substitutes}
    for line_id, substitute in waiting.items():
        substitute.line = by_id[line_id]
    return waiting


def question_texts(
    line: OrderLine, question: WeightQuestion | None, substitute: Substitute | None, currency: str
) -> list[str]:
    """Say what the buyer of a line is asked, or has answered about its weight."""
    if substitute is not None:
        return [
            _("The buyer is asked about %(offered)s instead of %(goods)s.")
            % {"offered": substitute.contents, "goods": substitute.replaced_contents},
            _("They answer before %(hour)s on %(day)s.") % _moment(substitute.answer_by, format_day),
        ]
    if question is None:
        return []
    weight = format_weight(question.grams)
    if question.answer == "":
        amount = format_money(question.cost_after, currency)
        return [
            _("Waiting for the buyer's answer about %(weight)s, %(amount)s.")
            % {"weight": weight, "amount": amount},
            _("Set it aside until they answer, or weigh a lighter one."),
            _("Without an answer by %(hour)s on %(day)s, the market calls them.")
            % _moment(question.remind_at, weekday_and_day),
        ]
    if question.answer == WeightAnswer.REFUSED and line.is_to_weigh:
        return [
            _("The buyer declined %(weight)s.") % {"weight": weight},
            _("Weigh a lighter one, or charge only the agreed maximum."),
        ]
    return []


def _moment(moment: datetime.datetime, format_date: Callable[[datetime.date | None], str]) -> dict[str, str]:
    return {"hour": format_time(moment), "day": format_date(moment)}
