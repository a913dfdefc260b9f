"""Figures beside sales: deliveries on time, and what the market still owes cooperatives."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from orders.models import LedgerEntry, Parcel, Payout, Settlement
from orders.states import ParcelState
from shop.core.dates.calendar import VIETNAM, start_of_day
from shop.reports.sales import SalesQuery


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Delivered parcels whose day had been announced, and how many of them came by that day."""

    delivered: int
    on_time: int

    @property
    def percent(self) -> int | None:
        return round(self.on_time * 100 / self.delivered) if self.delivered else None


def read_punctuality(query: SalesQuery) -> Punctuality:
    """Return the punctuality of the query's cooperatives in its period. It takes one query."""
    parcels = Parcel.objects.dispatches().filter(
        state=ParcelState.DELIVERED,
        delivered_at__gte=start_of_day(query.first),
        delivered_at__lt=start_of_day(query.last + datetime.timedelta(days=1)),
        part__expected_until__isnull=False,
        part__order__channel__in=query.channel_ids,
    )
    if query.cooperative_id is not None:
        parcels = parcels.filter(part__cooperative=query.cooperative_id)
    counts = parcels.annotate(delivered_on=TruncDate("delivered_at", tzinfo=VIETNAM)).aggregate(
        delivered=Count("pk"), on_time=Count("pk", filter=Q(delivered_on__lte=F("part__expected_until")))
    )
    return Punctuality(**counts)


def read_owed_to_cooperatives(query: SalesQuery) -> int:
    """Return what open periods and unpaid payouts owe the query's cooperatives now, in minor units."""
    settlements = Settlement.objects.open().filter(currency=query.currency)
    payouts = Payout.objects.due().filter(settlement__isnull=False, currency=query.currency)
    if query.cooperative_id is not None:
        settlements = settlements.filter(cooperative=query.cooperative_id)
        payouts = payouts.filter(settlement__cooperative=query.cooperative_id)
    totals = LedgerEntry.objects.filter(settlement__in=settlements).totals_by_settlement()
    unpaid: int = payouts.aggregate(total=Sum("amount", default=0))["total"]
    return unpaid + sum(max(0, row.payable) for row in totals.values())
