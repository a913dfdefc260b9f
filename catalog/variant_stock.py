"""Stock per variant over all warehouses that sell in a channel, for lists, pages and notifications."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from catalog.models import LotBalance, Stock, Variant
from catalog.states import ListingState
from cooperatives.models import Cooperative
from shop.core.models import Channel


@dataclass(frozen=True, slots=True)
class VariantStock:
    """A variant's stock in its sales units. `free` can still be sold.

    `on_hand` counts the warehouses that sell in the channel, `elsewhere` the other ones. At `low_stock_at` it
    is nearly used up.
    """

    variant: Variant
    low_stock_at: int
    free: int = 0
    on_hand: int = 0
    elsewhere: int = 0

    @property
    def is_low_stock(self) -> bool:
        return self.variant.track_inventory and self.free <= self.low_stock_at


def read_variant_stocks(
    variants: Collection[Variant], channel: Channel, *, seller: Cooperative
) -> dict[int, VariantStock]:
    """Return the stock of each of a cooperative's variants in a channel, by variant id.

    It takes two queries.
    """
    stocks = Stock.objects.filter(variant__in=[variant.pk for variant in variants])
    selling = stocks.reachable(channel_id=channel.pk, country=channel.default_country)
    sums = {
        row["variant"]: (row["free_sum"], row["on_hand_sum"])
        for row in selling.values("variant")
        .annotate(free_sum=Sum("free"), on_hand_sum=Sum("on_hand"))
        .order_by("variant")
    }
    totals = stocks.values("variant").annotate(total=Sum("on_hand")).order_by("variant")
    all_sums = dict(totals.values_list("variant", "total"))
    rows = {}
    for variant in variants:
        free, on_hand = sums.get(variant.pk, (0, 0))
        elsewhere = all_sums.get(variant.pk, 0) - on_hand
        threshold = variant.low_stock_threshold(seller)
        rows[variant.pk] = VariantStock(
            variant=variant, low_stock_at=threshold, free=free, on_hand=on_hand, elsewhere=elsewhere
        )
    return rows


def low_stock_variants(cooperative: Cooperative, channel: Channel) -> QuerySet[Variant]:
    """Return the cooperative's variants on sale in the channel at or below their threshold, lowest first.

    Each has `free`, over all warehouses that sell. It is negative if more is ordered than there is.
    """
    stocks = Stock.objects.reachable(channel_id=channel.pk, country=channel.default_country)
    free = stocks.filter(variant=OuterRef("pk")).values("variant").annotate(total=Sum("free")).values("total")
    return (
        Variant.objects.for_cooperative(cooperative)
        .filter(
            track_inventory=True,
            product__listings__state=ListingState.PUBLISHED,
            product__listings__channel=channel,
        )
        .annotate(free=Coalesce(Subquery(free), 0), oversold=-F("free"))
        .filter(free__lte=Coalesce("low_stock_at", Value(cooperative.low_stock_threshold)))
        .select_related("product")
        .order_by("free", "pk")
    )


def variants_with_stock_outside_lots(cooperative: Cooperative) -> QuerySet[Variant]:
    """Return tracked variants with more stock than their lots hold, each with `outside_lots`."""
    stocks = Stock.objects.filter(variant=OuterRef("pk")).order_by().values("variant")
    balances = LotBalance.objects.filter(stock__variant=OuterRef("pk")).order_by().values("stock__variant")
    in_stock = Coalesce(Subquery(stocks.annotate(total=Sum("on_hand")).values("total")), 0)
    in_lots = Coalesce(Subquery(balances.annotate(total=Sum("on_hand")).values("total")), 0)
    variants = Variant.objects.for_cooperative(cooperative).filter(track_inventory=True)
    outside = variants.annotate(outside_lots=in_stock - in_lots).filter(outside_lots__gt=0)
    return outside.select_related("product").order_by("product__sort_key", "product", "sort_order", "pk")
