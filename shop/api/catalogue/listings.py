"""Channel listings of products and variants, for staff."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from django.db.models import F, Max, Min, Q

from catalog.models import Listing, Price
from catalog.states import ListingState
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel_object
from shop.api.breadth import Selection
from shop.api.catalogue.inputs import ProductChannelListingPricingArguments
from shop.api.catalogue.pricing import load_price_ranges
from shop.api.catalogue.types import own_cooperatives, own_rows_condition, product_object, variant_object
from shop.api.catalogue.variants import margin_percent
from shop.api.context import Context
from shop.api.field_permissions import CooperativeScoped, FieldAccess
from shop.api.money import MoneyAmount
from shop.api.object_types import Row, Type
from shop.core.dates.calendar import vietnam_date

_STAFF = (FieldAccess.STAFF, FieldAccess.APP)
_COOPERATIVE_COLUMN = "variant__cooperative_id"

product_listing_object = Type("ProductChannelListing", lambda context: Listing.objects.all())
product_listing_object.id()
product_listing_object.columns(publishedAt="published_at", visibleInListings="visible_in_listings")
product_listing_object.related("channel", channel_object, column="channel_id")

variant_listing_object = Type("ProductVariantChannelListing", lambda context: Price.objects.all())
variant_listing_object.id()
variant_listing_object.related("channel", channel_object, column="channel_id")
variant_listing_object.unsupported("preorderThreshold")
product_object.related_rows(
    "channelListings",
    product_listing_object,
    column="product",
    order=["channel_id"],
    rows=Listing.objects.annotate(in_channel=F("channel_id")),
    permissions=_STAFF,
)
variant_object.related_rows(
    "channelListings",
    variant_listing_object,
    column="variant",
    order=["channel_id"],
    rows=Price.objects.all(),
    permissions=_STAFF,
)


@product_listing_object.field(needs="state")
def is_published(rows: list[Row], *_: object) -> list[bool]:
    return [row.state == ListingState.PUBLISHED for row in rows]


@product_listing_object.field(needs="published_at")
def publication_date(rows: list[Row], *_: object) -> list[datetime.date | None]:
    return [row.published_at and vietnam_date(row.published_at) for row in rows]


@product_listing_object.field(needs=("available_from", "published_at"))
def available_for_purchase_at(rows: list[Row], *_: object) -> list[datetime.datetime | None]:
    return [row.available_from or row.published_at for row in rows]


@product_listing_object.field(needs=("available_from", "published_at"))
def available_for_purchase(rows: list[Row], *_: object) -> list[datetime.date | None]:
    moments = [row.available_from or row.published_at for row in rows]
    return [moment and vietnam_date(moment) for moment in moments]


@product_listing_object.field(needs=("available_from", "published_at"))
def is_available_for_purchase(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[bool]:
    moments = [row.available_from or row.published_at for row in rows]
    return [moment is not None and moment <= context.now for moment in moments]


@product_listing_object.field(needs=("lowest_price", "currency"))
def discounted_price(rows: list[Row], *_: object) -> list[MoneyAmount | None]:
    return [None if row.lowest_price is None else MoneyAmount(row.lowest_price, row.currency) for row in rows]


@product_listing_object.field(
    needs=("product_id", "channel_id", "currency"),
    permissions=[CooperativeScoped(Permission.MANAGE_PRODUCTS)],
)
def purchase_cost(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[dict[str, MoneyAmount] | None]:
    own_condition = own_rows_condition(context, "variant__cooperative") or Q()
    keys = {row.product_id for row in rows}
    costs = Price.objects.filter(own_condition, variant__product__in=keys, cost__isnull=False)
    range_rows = (
        costs.values_list("variant__product", "channel")
        .annotate(low=Min("cost"), high=Max("cost"))
        .order_by()
    )
    cost_ranges = {(key, channel_key): (low, high) for key, channel_key, low, high in range_rows}
    ranges: list[dict[str, MoneyAmount] | None] = []
    for row in rows:
        low, high = cost_ranges.get((row.product_id, row.channel_id), (None, None))
        cost_range = (
            {"start": MoneyAmount(low, row.currency), "stop": MoneyAmount(high, row.currency)}
            if low is not None
            else None
        )
        ranges.append(cost_range)
    return ranges


@product_listing_object.field(needs=("product_id", "channel_id", "in_channel"))
def pricing(
    rows: list[Row], arguments: ProductChannelListingPricingArguments, context: Context, selection: Selection
) -> Sequence[Mapping[str, object] | None]:
    return load_price_ranges(rows, [row.product_id for row in rows], arguments, context, selection)


@variant_listing_object.field("price", needs=("amount", "currency"))
def price_of_variant_listings(rows: list[Row], *_: object) -> list[MoneyAmount | None]:
    return [_amount_or_none(row.amount, row.currency) for row in rows]


@variant_listing_object.field(needs=("prior_amount", "currency"))
def prior_price(rows: list[Row], *_: object) -> list[MoneyAmount | None]:
    return [_amount_or_none(row.prior_amount, row.currency) for row in rows]


@variant_listing_object.field(needs=("cost", "currency", _COOPERATIVE_COLUMN), permissions=_STAFF)
def cost_price(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount | None]:
    return [
        _amount_or_none(cost, row.currency) for row, cost in zip(rows, _costs(rows, context), strict=True)
    ]


@variant_listing_object.field(
    needs=("amount", "discounted", "cost", _COOPERATIVE_COLUMN),
    permissions=[CooperativeScoped(Permission.MANAGE_PRODUCTS)],
)
def margin(rows: list[Row], arguments: object, context: Context, selection: Selection) -> list[int | None]:
    costs = zip(rows, _costs(rows, context), strict=True)
    return [
        margin_percent(Price(amount=row.amount, discounted=row.discounted, cost=cost)) for row, cost in costs
    ]


def _costs(rows: list[Row], context: Context) -> list[int | None]:
    """Return each cost price. Staff of a cooperative see only its own."""
    own_keys = own_cooperatives(context)
    return [
        row.cost if own_keys is None or getattr(row, _COOPERATIVE_COLUMN) in own_keys else None
        for row in rows
    ]


def _amount_or_none(amount: int | None, currency: str) -> MoneyAmount | None:
    return None if amount is None else MoneyAmount(amount, currency)


TYPES = (product_listing_object, variant_listing_object)
