"""Limits on the quantity of a variant that one order may hold, and that one buyer may order in all.

This module only reads. Placement reads under the lock of the limited variants
(`orders.locks.lock_limited_variants`), so that no other order is added before the new one is recorded.

Anybody can enter a stranger's phone number or email address. So baskets and quotes count the orders of the
basket's account only. The orders with the same phone or email are counted at placement, and the refusal
names no count.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Variant
from catalog.unit_labels import variant_count_label
from orders.actions.quotes.quote_types import Buyer, Quote, QuoteProblem
from orders.models import Order, OrderLine, ParcelLine
from orders.states import ParcelKind, ParcelState
from shop.core.errors import Refused
from shop.core.texts.formatting import format_number


class BuyerLimitReached(Refused):
    """Orders with the same phone or email leave less of a limit per buyer.

    `details["quote"]` has the problem OVER_LIMIT on the lines, with the limit and without a count.
    """

    code = "buyer_limit_reached"
    default_message = gettext_lazy(
        "%(product)s: %(rule)s Orders with the same phone number or email address count together. Order"
        " fewer, or call us."
    )


def read_ordered_quantities(
    variants: Iterable[Variant], buyer: Buyer, *, now: datetime.datetime
) -> dict[int, int]:
    """Return how many the buyer has ordered before, by id of the variants that have a limit per buyer.

    The buyer is the same account, or the same phone or email on the order. Cancelled and expired orders, and
    items refunded instead of sent, do not count. It takes one query, or none if no variant has such a limit.
    """
    periods = Q()
    for variant in variants:
        if variant.quantity_limit_per_customer is not None:
            period = Q(variant=variant.pk)
            if variant.quantity_limit_days is not None:
                start = now - datetime.timedelta(days=variant.quantity_limit_days)
                period &= Q(order__placed_at__gt=start)
            periods |= period
    buyers = [
        Q(user=buyer.user_id) if buyer.user_id is not None else None,
        Q(phone=buyer.phone) if buyer.phone else None,
        Q(email__iexact=buyer.email.strip()) if buyer.email.strip() else None,
    ]
    # Each has an index of its own, which a condition with OR could not use.
    orders = [Order.objects.filter(condition).values("pk") for condition in buyers if condition is not None]
    if not periods or not orders:
        return {}
    of_buyer = orders[0].union(*orders[1:])
    unsent = (
        ParcelLine.objects.filter(order_line=OuterRef("pk"), parcel__kind=ParcelKind.REFUND)
        .exclude(parcel__state=ParcelState.VOIDED)
        .order_by()
        .values("order_line")
        .annotate(total=Sum("quantity"))
        .values("total")
    )
    lines = OrderLine.objects.filter(
        periods, order__in=of_buyer, has_ended=False, order__placed_at__isnull=False
    )
    counted = lines.annotate(counted=F("quantity") - Coalesce(Subquery(unsent), 0)).order_by("variant")
    return dict(counted.values_list("variant").annotate(total=Sum("counted")))


class AppliedLimit(NamedTuple):
    """How many one order may hold. `ordered_before` is set if that follows from the limit per buyer."""

    quantity: int | None
    ordered_before: int | None = None


def applied_limit(
    variant: Variant, shop_limit: int | None, ordered_before: Mapping[int, int]
) -> AppliedLimit:
    """Return the stricter of the limits per order and per buyer."""
    limits = [limit for limit in (shop_limit, variant.quantity_limit_per_order) if limit is not None]
    order_limit = min(limits, default=None)
    buyer_limit = variant.quantity_limit_per_customer
    if buyer_limit is None:
        return AppliedLimit(order_limit)
    ordered = ordered_before.get(variant.pk, 0)
    remaining = max(0, buyer_limit - ordered)
    if order_limit is None or remaining <= order_limit:
        return AppliedLimit(remaining, ordered)
    return AppliedLimit(order_limit)


def require_within_buyer_limits(quote: Quote, *, now: datetime.datetime) -> None:
    """Check the limits per buyer with the orders of the same account, phone or email.

    Raises BuyerLimitReached.
    """
    variants = {line.variant.pk: line.variant for line in quote.lines}
    ordered = read_ordered_quantities(variants.values(), quote.requested.buyer, now=now)
    total_by_variant = Counter(ordered)
    for line in quote.lines:
        total_by_variant[line.variant.pk] += line.requested.quantity
    refused_lines = [
        line
        for line in quote.lines
        if line.variant.pk in ordered
        and total_by_variant[line.variant.pk] > (line.variant.quantity_limit_per_customer or 0)
    ]
    if not refused_lines:
        return
    for line in refused_lines:
        line.limit, line.ordered_before = line.variant.quantity_limit_per_customer, 0
        line.problems.append(QuoteProblem.OVER_LIMIT)
    first = refused_lines[0]
    values = {
        "product": first.variant.product.name,
        "rule": limit_message(first.variant, first.limit or 0, first.ordered_before),
    }
    raise BuyerLimitReached(BuyerLimitReached.default_message % values, quote=quote)


def limit_message(variant: Variant, limit: int, ordered_before: int | None) -> str:
    """Return the refusal of a larger quantity. `applied_limit` returns `limit` and `ordered_before`."""
    if ordered_before is None:
        return _("You can buy at most %(count)s per order.") % {"count": variant_count_label(variant, limit)}
    count = variant_count_label(variant, variant.quantity_limit_per_customer or 0)
    days = variant.quantity_limit_days
    rule = (
        _("Each buyer can order at most %(count)s.") % {"count": count}
        if days is None
        else _("Each buyer can order at most %(count)s within %(days)s days.")
        % {"count": count, "days": format_number(days)}
    )
    if not ordered_before:
        return rule
    values = {"ordered": format_number(ordered_before), "left": format_number(limit)}
    rest = (
        _("You have ordered %(ordered)s and can order %(left)s more.")
        if limit
        else _("You have already ordered %(ordered)s.")
    )
    return f"{rule} {rest % values}"
