"""Compute the earnings of delivered lines and deliveries, from the current rows.

Read-only, in two queries for any number of parts. Amounts are minor units, debits positive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from orders.models import (
    CostBearer,
    DiscountShare,
    EntryNature,
    LedgerAccount,
    OrderLine,
    OrderPart,
    ParcelLine,
    Refund,
    RefundLine,
)
from orders.states import ACTIVE_PART_STATES, ParcelKind, ParcelState
from shop.core.database.compiled_query import compiled_query
from shop.core.money import gross_of, percent_of

# Debits by account and nature.
BookedAmounts = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SoldItem:
    """A line or a delivery, with `arrived` of its `ordered` sales units delivered to the buyer.

    `total` is the buyer's price. `seller_gross` is the cooperative's earning before commission, including
    discounts that the platform bears. `refunded` counts all refunds, `seller_refunds` those it bears itself.
    """

    arrived: int
    ordered: int
    total: int
    seller_gross: int
    refunded: int = 0
    seller_refunds: int = 0
    commission: int = 0
    tax: int = 0

    @property
    def delivered_total(self) -> int:
        """The share of the total for the units that have arrived.

        Once all have arrived, it is exactly the total.
        """
        return self.total * self.arrived // self.ordered

    @property
    def owed_by_buyer(self) -> int:
        """The amount that the buyer owes, which is at most the total less refunds."""
        return min(self.delivered_total, self.total - self.refunded)

    @property
    def total_before_platform_refunds(self) -> int:
        """The amount that the buyer would owe without the refunds that the platform bears."""
        return min(self.delivered_total, self.total - self.seller_refunds)

    def proportion(self, amount: int, part_of_total: int) -> int:
        """Return `amount` × `part_of_total` ÷ total, rounded down.

        For a free line it is the arrived share.
        """
        if self.total == 0:  # a free line has no refunds, so sales units are the only measure
            return amount * self.arrived // self.ordered
        return amount * part_of_total // self.total


def add_sold_item(
    sold: SoldItem, booked: BookedAmounts, nature: EntryNature, *, income: LedgerAccount
) -> None:
    """Add the amounts of one line or delivery. Its revenue goes to `income`."""
    seller_gross, net_of_refunds = (
        sold.proportion(sold.seller_gross, sold.delivered_total),
        sold.proportion(sold.seller_gross, sold.total_before_platform_refunds),
    )
    commission, tax = (
        sold.proportion(sold.commission, sold.total_before_platform_refunds),
        sold.proportion(sold.tax, sold.total_before_platform_refunds),
    )
    payable = LedgerAccount.COOPERATIVE_PAYABLE
    booked[LedgerAccount.BUYER, ""] += sold.owed_by_buyer
    booked[income, nature if income == payable else ""] -= seller_gross
    booked[payable, EntryNature.REFUND] += seller_gross - net_of_refunds
    booked[payable, EntryNature.COMMISSION] += commission
    booked[LedgerAccount.COMMISSION, ""] -= commission
    booked[payable, EntryNature.TAX] += tax
    booked[LedgerAccount.TAX_WITHHELD, ""] -= tax
    booked[LedgerAccount.PLATFORM_COST, ""] += net_of_refunds - sold.owed_by_buyer


def read_earned_amounts(part_ids: Iterable[int]) -> dict[int, BookedAmounts]:
    """Return the expected ledger amounts of each part. Parts without delivered items are left out."""
    ids = list(part_ids)
    earned: dict[int, BookedAmounts] = {}
    for part_id, sold in _read_sold_lines(ids):
        booked = earned.setdefault(part_id, Counter())
        add_sold_item(sold, booked, EntryNature.GOODS, income=LedgerAccount.COOPERATIVE_PAYABLE)
    for part_id, sold, is_own in _read_sold_deliveries(list(earned)):
        income = LedgerAccount.COOPERATIVE_PAYABLE if is_own else LedgerAccount.DELIVERY_INCOME
        add_sold_item(sold, earned[part_id], EntryNature.DELIVERY, income=income)
    return earned


def read_expected_commissions(part_ids: Iterable[int]) -> dict[int, int]:
    """Return each active part's commission once everything left to send has arrived. It takes one query."""
    borne = RefundLine.objects.filter(order_line=OuterRef("pk"), refund__bearer=CostBearer.COOPERATIVE)
    lines = OrderLine.objects.filter(part__in=part_ids, part__state__in=ACTIVE_PART_STATES).annotate(
        borne=_sum_by_reference(borne, "amount", "order_line")
    )
    expected: Counter[int] = Counter()
    for part_id, total, commission, seller_refunds in lines.order_by("part", "pk").values_list(
        "part", "total_gross", "commission", "borne"
    ):
        expected[part_id] += expected_commission(commission, total=total, seller_refunds=seller_refunds)
    return dict(expected)


def expected_commission(commission: int, *, total: int, seller_refunds: int) -> int:
    """Return a line's commission once everything left to send has arrived, as `read_earned_amounts` books it.

    Refunds that the cooperative bears, such as those for missing items, lower it.
    """
    sold = SoldItem(1, 1, total, total, seller_refunds=seller_refunds)
    return sold.proportion(commission, sold.total_before_platform_refunds)


def _read_sold_lines(part_ids: list[int]) -> Iterable[tuple[int, SoldItem]]:
    for (
        part_id,
        delivered_quantity,
        ordered,
        net,
        gross,
        rate,
        commission,
        platform_discount,
        refunded,
        seller_refunds,
        tax,
        is_tax_included,
    ) in _delivered_lines(part_ids):
        seller_gross = gross_before_platform_discounts(
            net, gross, platform_discount, rate, is_tax_included=is_tax_included
        )
        yield (
            part_id,
            SoldItem(
                arrived=min(delivered_quantity, ordered),
                ordered=ordered,
                total=gross,
                seller_gross=seller_gross,
                refunded=refunded,
                seller_refunds=seller_refunds,
                commission=commission,
                tax=percent_of(seller_gross, tax),
            ),
        )


@compiled_query
def _delivered_lines(part_ids: Collection[int]) -> QuerySet[OrderLine, tuple[Any, ...]]:
    arrived = ParcelLine.objects.filter(
        order_line=OuterRef("pk"),
        parcel__state=ParcelState.DELIVERED,
        parcel__kind=ParcelKind.DISPATCH,
    )
    refunds = RefundLine.objects.filter(order_line=OuterRef("pk"))
    return (
        OrderLine.objects.filter(part__in=part_ids)
        .annotate(
            arrived=_sum_by_reference(arrived, "quantity", "order_line"),
            platform_discount=_sum_by_reference(_platform_discounts(line=OuterRef("pk")), "amount", "line"),
            refunded=_sum_by_reference(refunds, "amount", "order_line"),
            borne=_sum_by_reference(
                refunds.filter(refund__bearer=CostBearer.COOPERATIVE), "amount", "order_line"
            ),
        )
        .filter(arrived__gt=0)
        .order_by("part", "pk")
        .values_list(
            "part",
            "arrived",
            "quantity",
            "total_net",
            "total_gross",
            "tax_rate",
            "commission",
            "platform_discount",
            "refunded",
            "borne",
            "part__withholding_rate",
            "order__channel__prices_entered_with_tax",
        )
    )


def _read_sold_deliveries(part_ids: list[int]) -> Iterable[tuple[int, SoldItem, bool]]:
    """Yield the delivery of each part, and whether it is the cooperative's own delivery method."""
    for (
        part_id,
        net,
        gross,
        rate,
        platform_discount,
        refunded,
        seller_refunds,
        delivery_kind,
        is_tax_included,
    ) in _part_deliveries(part_ids):
        seller_gross = gross_before_platform_discounts(
            net, gross, platform_discount, rate, is_tax_included=is_tax_included
        )
        yield (
            part_id,
            SoldItem(
                arrived=1,
                ordered=1,
                total=gross,
                seller_gross=seller_gross,
                refunded=refunded,
                seller_refunds=seller_refunds,
            ),
            bool(delivery_kind),
        )


@compiled_query
def _part_deliveries(part_ids: Collection[int]) -> QuerySet[OrderPart, tuple[Any, ...]]:
    refunds = Refund.objects.filter(part=OuterRef("pk"))
    return (
        OrderPart.objects.filter(pk__in=part_ids)
        .annotate(
            platform_discount=_sum_by_reference(_platform_discounts(part=OuterRef("pk")), "amount", "part"),
            refunded=_sum_by_reference(refunds, "delivery_amount", "part"),
            borne=_sum_by_reference(refunds.filter(bearer=CostBearer.COOPERATIVE), "delivery_amount", "part"),
        )
        .order_by("pk")
        .values_list(
            "pk",
            "delivery_net",
            "delivery_gross",
            "delivery_tax_rate",
            "platform_discount",
            "refunded",
            "borne",
            "delivery_kind",
            "order__channel__prices_entered_with_tax",
        )
    )


def gross_before_platform_discounts(
    net: int, gross: int, platform_discount: int, tax_rate: Decimal, *, is_tax_included: bool
) -> int:
    """Return the gross total before the discounts that the platform bears."""
    if not platform_discount:
        return gross
    return gross + platform_discount if is_tax_included else gross_of(net + platform_discount, tax_rate)


def _platform_discounts(**filters: object) -> QuerySet[DiscountShare]:
    return DiscountShare.objects.filter(discount__bearer=CostBearer.PLATFORM, **filters)


def _sum_by_reference(rows: QuerySet[models.Model], column: str, reference: str) -> Coalesce:
    """Sum a column over rows that refer to the outer row by `reference`."""
    totals = rows.order_by().values(reference).annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(totals, output_field=IntegerField()), 0)
