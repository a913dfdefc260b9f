"""Look up and list vouchers."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, OuterRef, Q, Subquery

from orders.models import ValueType, Voucher, VoucherCode, VoucherType, VoucherValue, normalise_voucher_code
from shop.api.breadth import Selection
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.filters import Conditions, build_condition, has_metadata, id_in, in_range, sort_keys
from shop.api.ids import key_from_id
from shop.api.object_types import Row, Rows
from shop.api.orders.inputs import VoucherArguments, VouchersArguments
from shop.api.orders.types import voucher_object
from shop.api.orders.vouchers import VOUCHER_PERMISSIONS
from shop.api.root_fields import Queries

query = Queries()

_TYPE_CONDITIONS = {
    "FIXED": Q(value_type=ValueType.FIXED),
    "PERCENTAGE": Q(value_type=ValueType.PERCENTAGE),
    "SHIPPING": Q(type=VoucherType.SHIPPING),
}
_SORTS = {
    "CODE": [SortKey("first_code", is_nullable=True)],
    "NAME": [SortKey("name")],
    "START_DATE": [SortKey("starts_at")],
    "END_DATE": [SortKey("ends_at", is_nullable=True)],
    "VALUE": [SortKey("first_value", is_nullable=True)],
    "TYPE": [SortKey("type")],
    "USAGE_LIMIT": [SortKey("usage_limit", is_nullable=True)],
    "MINIMUM_SPENT_AMOUNT": [SortKey("first_minimum", is_nullable=True)],
}


@query.field("voucher", permissions=VOUCHER_PERMISSIONS)
def one_voucher(arguments: VoucherArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "Voucher")
    return voucher_object.by_key(context, [key], selection.names()).get(key)


@query.field("vouchers", permissions=VOUCHER_PERMISSIONS)
def all_vouchers(arguments: VouchersArguments, context: Context, selection: Selection) -> dict[str, object]:
    """List vouchers, newest first. Values sort as in the channel, or in the first one."""
    sort_by = arguments.get("sortBy")
    slug = arguments.get("channel") or (sort_by.get("channel") if sort_by else None)
    rows = voucher_object.rows(context).filter(build_condition(arguments.get("filter"), _FILTER, context))
    if slug is not None:
        rows = rows.filter(pk__in=VoucherValue.objects.filter(channel__slug=slug).values("voucher"))
    if (text := arguments.get("query")) and text.strip():
        rows = rows.filter(_search_condition(context, text))
    order = sort_keys(sort_by, _SORTS, [SortKey("starts_at", is_descending=True)])
    return connect(
        voucher_object, _annotate_sort_columns(rows, order, slug), arguments, selection, order=order
    )


def _annotate_sort_columns(rows: Rows, order: list[SortKey], slug: str | None) -> Rows:
    """Add the columns of other tables that the list sorts by."""
    values = VoucherValue.objects.filter(voucher=OuterRef("pk")).order_by("pk")
    values = values if slug is None else values.filter(channel__slug=slug)
    codes = VoucherCode.objects.filter(voucher=OuterRef("pk")).order_by("created_at", "pk")
    columns = {
        "first_code": Subquery(codes.values("code")[:1]),
        "first_value": Subquery(values.values("value")[:1]),
        "first_minimum": Subquery(values.values("minimum_spent")[:1]),
    }
    used_columns = {key.column for key in order}
    annotated: Rows = rows.annotate(
        **{name: column for name, column in columns.items() if name in used_columns}
    )
    return annotated


def _search_condition(context: Context, text: str) -> Q:
    """Match a part of the name or of a code."""
    found_codes = VoucherCode.objects.filter(code__icontains=normalise_voucher_code(text))
    return Q(name__icontains=text.strip()) | Q(pk__in=found_codes.values("voucher"))


def _status_condition(context: Context, statuses: list[str]) -> Q:
    """Match vouchers of any of the statuses. An empty list does not filter."""
    has_ended = Q(ends_at__isnull=False, ends_at__lte=context.now)
    conditions = {
        "ACTIVE": Q(starts_at__lte=context.now) & ~has_ended,
        "EXPIRED": has_ended,
        "SCHEDULED": Q(starts_at__gt=context.now),
    }
    return _match_any([conditions[status] for status in statuses])


def _type_condition(context: Context, types: list[str]) -> Q:
    return _match_any([_TYPE_CONDITIONS[name] for name in types])


def _match_any(conditions: list[Q]) -> Q:
    matched = Q()
    for condition in conditions:
        matched |= condition
    return matched


def _use_condition(context: Context, input_data: Mapping[str, object]) -> Q:
    counted = Voucher.objects.annotate(use_count=Count("codes__uses"))
    found = counted.filter(in_range("use_count")(context, input_data))
    return Q(pk__in=found.values("pk"))


_FILTER: Conditions = {
    "status": _status_condition,
    "timesUsed": _use_condition,
    "discountType": _type_condition,
    "started": in_range("starts_at"),
    "search": _search_condition,
    "metadata": has_metadata(),
    "ids": id_in("Voucher"),
}

TYPES = (query,)
