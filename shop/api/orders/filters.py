"""Filters and sort keys of order lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Count, Model, Q, QuerySet, UUIDField, Value
from django.db.models.functions import Cast, Replace
from django.db.models.manager import BaseManager

from cooperatives.models import PICKUP_KINDS
from orders.models import Order, OrderLine, OrderPart, Parcel, Payment
from orders.states import Coverage, SaleorStatus
from shop.api.connections import SortKey
from shop.api.context import Context
from shop.api.filters import (
    NO_ROWS,
    Condition,
    Conditions,
    build_condition,
    has_metadata,
    id_in,
    in_range,
    is_one_of,
    matches_filter,
)
from shop.api.ids import keys_from_ids
from shop.api.input_data import InputData
from shop.api.money import to_minor_units
from shop.api.orders.events import changes_of_event_types, visible_events
from shop.api.orders.parcels import match_status
from shop.api.orders.visibility import (
    can_only_see_parts,
    filter_visible,
    find_order_keys,
    order_scope,
    visible_parts,
)
from shop.core.texts.folding import fold

PLACED = [SortKey("placed_at", is_descending=True), SortKey("number", is_descending=True)]
SORTS: dict[str, list[SortKey]] = {
    "NUMBER": [SortKey("number")],
    "RANK": [SortKey("placed_at"), SortKey("number")],
    "CREATION_DATE": [SortKey("placed_at"), SortKey("number")],
    "CREATED_AT": [SortKey("placed_at"), SortKey("number")],
    "LAST_MODIFIED_AT": [SortKey("updated_at"), SortKey("number")],
    "CUSTOMER": [SortKey("folded_name"), SortKey("number")],
    "PAYMENT": [SortKey("charge_coverage"), SortKey("number")],
    "FULFILLMENT_STATUS": [SortKey("saleor_status"), SortKey("number")],
    "STATUS": [SortKey("saleor_status"), SortKey("number")],
}


M = TypeVar("M", bound=Model)


def search_condition(context: Context, text: str) -> Q:
    """Search orders by number, code, phone or name. Platform staff also search by email."""
    if "@" in text and not _has_platform_access(context):
        return NO_ROWS
    condition = Q(pk__in=Order.objects.matching(text).values("pk"))
    return condition | Q(email__icontains=text.strip()) if _has_platform_access(context) else condition


def _has_platform_access(context: Context) -> bool:
    return not can_only_see_parts(context) or order_scope(context).has_platform_grant


def _customer(context: Context, text: str) -> Q:
    is_named = Q(folded_name__contains=fold(text))
    return is_named | Q(email__icontains=text) if _has_platform_access(context) else is_named


def _platform_only(condition: Condition) -> Condition:
    """Restrict a condition on data hidden from cooperatives' staff, who could otherwise guess it."""
    return lambda context, input_data: (
        condition(context, input_data) if _has_platform_access(context) else NO_ROWS
    )


def _address_visible_only(condition: Condition) -> Condition:
    """Restrict a condition on the buyer's address to orders whose address the requester sees."""

    def restricted(context: Context, input_data: object) -> Q:
        matched = condition(context, input_data)
        if _has_platform_access(context):
            return matched
        return matched & Q(pk__in=visible_parts(context).showing_address().values("order"))

    return restricted


def _in_days(column: str) -> Condition:
    """Match a range of days, the last one included."""

    def condition(context: Context, input_data: Mapping[str, object]) -> Q:
        return Q(
            **{
                f"{column}__date__{bound}": input_data[bound]
                for bound in ("gte", "lte")
                if input_data.get(bound)
            }
        )

    return condition


_STATUS_FILTERS = {
    "READY_TO_FULFILL": Q(
        saleor_status__in=[SaleorStatus.UNFULFILLED, SaleorStatus.PARTIALLY_FULFILLED],
        charge_coverage__in=[Coverage.FULL, Coverage.OVER],
    ),
    "READY_TO_CAPTURE": Q(authorize_coverage=Coverage.FULL)
    & ~Q(charge_coverage__in=[Coverage.FULL, Coverage.OVER])
    & ~Q(saleor_status__in=[SaleorStatus.DRAFT, SaleorStatus.CANCELED, SaleorStatus.EXPIRED]),
    "UNFULFILLED": Q(saleor_status=SaleorStatus.UNFULFILLED),
    "UNCONFIRMED": Q(saleor_status=SaleorStatus.UNCONFIRMED),
    "PARTIALLY_FULFILLED": Q(saleor_status=SaleorStatus.PARTIALLY_FULFILLED),
    "FULFILLED": Q(saleor_status=SaleorStatus.FULFILLED),
    "CANCELED": Q(saleor_status=SaleorStatus.CANCELED),
}
_CHARGED = {
    "NOT_CHARGED": [Coverage.NONE],
    "PARTIALLY_CHARGED": [Coverage.PARTIAL],
    "FULLY_CHARGED": [Coverage.FULL, Coverage.OVER],
}


def _statuses(context: Context, names: list[str]) -> Q:
    condition = NO_ROWS
    for name in names:
        condition |= _STATUS_FILTERS[name]
    return condition if names else Q()


def _payment_statuses(context: Context, names: list[str]) -> Q:
    requested = [coverage for name in names for coverage in _CHARGED.get(name, [])]
    return Q(charge_coverage__in=requested) if names else Q()


def _collected(context: Context, is_collected: bool) -> Q:
    """Match orders that the buyer collects entirely."""
    is_shipped = Q(pk__in=OrderPart.objects.exclude(delivery_kind__in=PICKUP_KINDS).values("order"))
    return ~is_shipped if is_collected else is_shipped


def _match_unsupported(context: Context, is_wanted: bool) -> Q:
    """Match features that orders here never have, such as gift cards, invoices and preorders."""
    return NO_ROWS if is_wanted else Q()


def _amounts(column: str) -> Condition:
    """Match a `PriceFilterInput` in major units, in one currency or each order's own."""

    def condition(context: Context, input_data: InputData) -> Q:
        currencies = {channel.currency for channel in context.channels.values()}
        requested = input_data.get("currency")
        matched = NO_ROWS
        for currency in currencies if requested is None else currencies & {requested}:
            minor_units = _in_minor_units(input_data["amount"], currency)
            matched |= Q(currency=currency) & matches_filter(column)(context, minor_units)
        return matched

    return condition


def _in_minor_units(input_data: Mapping[str, object], currency: str) -> dict[str, object]:
    """Convert a filter's amounts to minor units."""

    def convert(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: convert(bound) for name, bound in value.items()}
        if isinstance(value, list):
            return [convert(amount) for amount in value]
        return None if value is None else to_minor_units(value, currency)

    converted: dict[str, object] = convert(input_data)
    return converted


def _any_entry_matches(rows: BaseManager[M], path: str, conditions: Conditions, part: str = "") -> Condition:
    """Match a `[XFilterInput!]`. Each entry must match a visible row of the order."""

    def condition(context: Context, input_data: list[InputData]) -> Q:
        visible_rows = filter_visible(context, rows.all(), order=path, part=part) if part else rows.all()
        matched = Q()
        for entry in input_data:
            matched &= Q(pk__in=visible_rows.filter(build_condition(entry, conditions, context)).values(path))
        return matched

    return condition


def _parcel_statuses(context: Context, input_data: InputData) -> Q:
    names = [input_data["eq"]] if input_data.get("eq") is not None else input_data.get("oneOf")
    if names is None:
        return Q()
    condition = NO_ROWS
    for name in names:
        condition |= match_status(name)
    return condition


def _from_warehouses(context: Context, input_data: Mapping[str, object]) -> Q:
    conditions: Conditions = {
        "id": id_in("Warehouse", column="warehouse"),
        "slug": matches_filter("warehouse__slug"),
        "externalReference": matches_filter("warehouse__external_reference"),
    }
    return build_condition(input_data, conditions, context)


def _with_parcels(context: Context, has_parcels: bool) -> Q:
    parcels = filter_visible(context, Parcel.objects.all(), order="part__order", part="part")
    has = Q(pk__in=parcels.values("part__order"))
    return has if has_parcels else ~has


def _events(context: Context, event_filters: list[InputData]) -> Q:
    """Match orders by their events."""
    condition = Q()
    for event_filter in event_filters:
        rows = visible_events(context).filter(root_kind=Order._meta.label_lower)
        rows = rows.filter(in_range("created_at")(context, event_filter.get("date") or {}))
        if event_filter.get("type") is not None:
            type_filter = event_filter["type"]
            names = [type_filter["eq"]] if type_filter.get("eq") is not None else type_filter.get("oneOf")
            if names is not None:
                rows = rows.filter(action__in=changes_of_event_types(names))
        condition &= Q(pk__in=rows.annotate(of_order=_KEY).values("of_order"))
    return condition


def _lines(context: Context) -> QuerySet[OrderLine]:
    return filter_visible(context, OrderLine.objects.all(), order="order", part="part")


def _line_counts(context: Context, input_data: InputData) -> Q:
    lines = _lines(context).order_by()
    line_counts = lines.values("order").annotate(line_count=Count("pk"))
    return Q(pk__in=line_counts.filter(matches_filter("line_count")(context, input_data)).values("order"))


def _addresses(path: str) -> Condition:
    def countries(context: Context, input_data: Mapping[str, object]) -> Q:
        matched = matches_filter(f"{path}__country")(context, input_data)
        if input_data.get("notOneOf") is not None:
            matched &= ~Q(**{f"{path}__country__in": input_data["notOneOf"]})
        return matched

    conditions: Conditions = {"phoneNumber": matches_filter(f"{path}__phone"), "country": countries}
    return lambda context, input_data: build_condition(input_data, conditions, context)


def _numbers(context: Context, texts: list[str]) -> Q:
    """Match order numbers. An invalid number matches nothing."""
    return Q(number__in=[int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19])


# Changes store their order's key as text.
_KEY = Cast(Replace("root_key", Value("-"), Value("")), UUIDField())
_CHANNELS = id_in("Channel", column="channel")
_CHECKOUTS = id_in("Checkout", column="basket_key")
_PARCEL: Conditions = {"status": _parcel_statuses, "metadata": has_metadata(), "warehouse": _from_warehouses}


def _ids(context: Context, ids: list[str]) -> Q:
    return Q(pk__in=find_order_keys(context, keys_from_ids(ids, "Order")).values())


_COMMON: Conditions = {
    "ids": _ids,
    "updatedAt": in_range("updated_at"),
    "isClickAndCollect": _collected,
}
FILTER: Conditions = {
    **_COMMON,
    "metadata": has_metadata(),
    "paymentStatus": _payment_statuses,
    "status": _statuses,
    "customer": _customer,
    "created": _in_days("placed_at"),
    "search": search_condition,
    "channels": _CHANNELS,
    "authorizeStatus": is_one_of("authorize_coverage"),
    "chargeStatus": is_one_of("charge_coverage"),
    "isPreorder": _match_unsupported,
    "checkoutTokens": is_one_of("basket_key"),
    "checkoutIds": _CHECKOUTS,
    "giftCardUsed": _match_unsupported,
    "giftCardBought": _match_unsupported,
    "numbers": _numbers,
}
WHERE: Conditions = {
    **_COMMON,
    "metadata": has_metadata(),
    "number": matches_filter("number"),
    "channelId": _CHANNELS,
    "createdAt": in_range("placed_at"),
    "user": _platform_only(id_in("User", column="user")),
    "userEmail": _platform_only(matches_filter("email")),
    "authorizeStatus": matches_filter("authorize_coverage"),
    "chargeStatus": matches_filter("charge_coverage"),
    "status": matches_filter("saleor_status"),
    "checkoutToken": matches_filter("basket_key"),
    "checkoutId": _CHECKOUTS,
    "isGiftCardUsed": _match_unsupported,
    "isGiftCardBought": _match_unsupported,
    "voucherCode": matches_filter("voucher_code"),
    "hasInvoices": _match_unsupported,
    "invoices": lambda context, invoice_filters: NO_ROWS if invoice_filters else Q(),
    "hasFulfillments": _with_parcels,
    "fulfillments": _any_entry_matches(Parcel.objects, "part__order", _PARCEL, part="part"),
    "lines": _any_entry_matches(OrderLine.objects, "order", {"metadata": has_metadata()}, part="part"),
    "linesCount": _line_counts,
    "transactions": _platform_only(
        _any_entry_matches(
            Payment.objects,
            "order",
            {"pspReference": matches_filter("reference"), "metadata": has_metadata()},
        )
    ),
    "totalGross": _amounts("visible_total_gross"),
    "totalNet": _amounts("visible_total_net"),
    "productTypeId": lambda context, id_filter: Q(
        pk__in=_lines(context)
        .filter(id_in("ProductType", column="variant__product__product_type")(context, id_filter))
        .values("order")
    ),
    "events": _events,
    "billingAddress": _platform_only(_addresses("billing_address")),
    "shippingAddress": _address_visible_only(_addresses("shipping_address")),
}

DRAFT_FILTER: Conditions = {
    "customer": _customer,
    "created": _in_days("created_at"),
    "search": search_condition,
    "metadata": has_metadata(),
    "channels": _CHANNELS,
}
DRAFT_WHERE: Conditions = {**WHERE, "createdAt": in_range("created_at")}
DRAFT_SORTS: dict[str, list[SortKey]] = {
    **SORTS,
    **{name: [SortKey("created_at"), SortKey("number")] for name in ("RANK", "CREATION_DATE", "CREATED_AT")},
}
