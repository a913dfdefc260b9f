"""Vouchers, and the voucher of a used code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Count, F, ManyToManyField

from orders.models import ValueType, Voucher, VoucherCode, VoucherUse
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel_object
from shop.api.base.places import country
from shop.api.breadth import Selection
from shop.api.catalogue.types import category_object, product_object, variant_object
from shop.api.connections import PageArguments, SortKey, connect_for_parents, connect_list
from shop.api.context import Context
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount, to_major_units
from shop.api.object_types import Row, Rows, Type
from shop.api.orders.inputs import (
    VoucherCategoriesArguments,
    VoucherCodesArguments,
    VoucherCollectionsArguments,
    VoucherProductsArguments,
    VoucherVariantsArguments,
)
from shop.api.orders.types import order_object, voucher_code_object, voucher_listing_object, voucher_object
from shop.core.models import Channel

VOUCHER_PERMISSIONS = (Permission.MANAGE_DISCOUNTS,)


class UsedVoucher(NamedTuple):
    """A row of `Voucher` with the code that was used."""

    code: str
    id: int
    name: str
    metadata: dict[str, str]
    private_metadata: dict[str, str]
    type: str
    value_type: str
    usage_limit: int | None
    starts_at: object
    ends_at: object
    apply_once_per_order: bool
    apply_once_per_customer: bool
    single_use: bool
    only_for_staff: bool
    minimum_quantity: int | None
    countries: list[str]


voucher_object.id()
voucher_object.columns(
    name="name",
    type="type",
    discountValueType="value_type",
    usageLimit="usage_limit",
    startDate="starts_at",
    endDate="ends_at",
    applyOncePerOrder="apply_once_per_order",
    applyOncePerCustomer="apply_once_per_customer",
    singleUse="single_use",
    onlyForStaff="only_for_staff",
    minCheckoutItemsQuantity="minimum_quantity",
)
add_metadata_fields(voucher_object, Voucher, permissions=VOUCHER_PERMISSIONS)

voucher_code_object.id()
voucher_code_object.columns(code="code", isActive="is_active", createdAt="created_at")

voucher_listing_object.id()
voucher_listing_object.columns(currency="currency")
voucher_listing_object.related("channel", channel_object, column="channel_id", rows=Channel.objects.all())


@voucher_object.field(needs="id")
def code(rows: list[Row | UsedVoucher], *_: object) -> list[str | None]:
    """Resolve the used code, or the voucher's first code if it is queried directly."""
    keys = [row.id for row in rows if not isinstance(row, UsedVoucher)]
    first: dict[int, str] = {}
    codes = VoucherCode.objects.filter(voucher__in=keys).order_by("created_at", "pk") if keys else ()
    for code_row in codes:
        first.setdefault(code_row.voucher_id, code_row.code)
    return [row.code if isinstance(row, UsedVoucher) else first.get(row.id) for row in rows]


@voucher_object.field(needs="id", permissions=VOUCHER_PERMISSIONS)
def codes(
    rows: list[Row], arguments: VoucherCodesArguments, context: Context, selection: Selection
) -> Sequence[object]:
    return connect_for_parents(
        voucher_code_object,
        voucher_code_object.rows(context),
        arguments,
        selection,
        order=[SortKey("created_at"), SortKey("id")],
        parent_column="voucher_id",
        parents=[row.id for row in rows],
    )


@voucher_object.field("used", needs="id", permissions=VOUCHER_PERMISSIONS)
def used_of_vouchers(rows: list[Row], *_: object) -> list[int]:
    return _count_uses(rows, "code__voucher")


@voucher_code_object.field("used", needs="id")
def used_of_codes(rows: list[Row], *_: object) -> list[int]:
    return _count_uses(rows, "code")


def _count_uses(rows: list[Row], column: str) -> list[int]:
    """Count the uses of each voucher or code. It takes one query."""
    uses = VoucherUse.objects.filter(**{f"{column}__in": [row.id for row in rows]})
    counts = dict(uses.order_by(column).values_list(column).annotate(Count("pk")))
    return [counts.get(row.id, 0) for row in rows]


@voucher_object.field("countries", needs="countries")
def countries_of_vouchers(rows: list[Row], *_: object) -> list[list[dict[str, str]]]:
    return [[country(country_code) for country_code in row.countries] for row in rows]


@voucher_object.field(needs="id", permissions=VOUCHER_PERMISSIONS)
def categories(
    rows: list[Row], arguments: VoucherCategoriesArguments, context: Context, selection: Selection
) -> Sequence[object]:
    category_rows = category_object.rows(context)
    return _connect_covered(category_object, category_rows, "categories", rows, arguments, selection)


@voucher_object.field(needs="id", permissions=VOUCHER_PERMISSIONS)
def products(
    rows: list[Row], arguments: VoucherProductsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    product_rows = product_object.rows_in(context, None)
    return _connect_covered(product_object, product_rows, "products", rows, arguments, selection)


@voucher_object.field(needs="id", permissions=VOUCHER_PERMISSIONS)
def variants(
    rows: list[Row], arguments: VoucherVariantsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    variant_rows = variant_object.rows_in(context, None)
    return _connect_covered(variant_object, variant_rows, "variants", rows, arguments, selection)


@voucher_object.field(permissions=VOUCHER_PERMISSIONS)
def collections(
    rows: list[Row], arguments: VoucherCollectionsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    return [connect_list([], arguments, selection) for _row in rows]


def _connect_covered(
    type_: Type,
    covered_rows: Rows,
    name: str,
    vouchers: list[Row],
    arguments: PageArguments,
    selection: Selection,
) -> Sequence[object]:
    """Return what each voucher covers by its relation `name`. It takes one query."""
    field = Voucher._meta.get_field(name)
    assert isinstance(field, ManyToManyField)
    return connect_for_parents(
        type_,
        covered_rows.annotate(voucher_key=F(field.related_query_name())),
        arguments,
        selection,
        order=[SortKey("id")],
        parent_column="voucher_key",
        parents=[row.id for row in vouchers],
    )


voucher_object.related_rows(
    "channelListings",
    voucher_listing_object,
    column="voucher",
    order=["pk"],
    permissions=VOUCHER_PERMISSIONS,
)


@voucher_listing_object.field(needs=("value", "currency", "voucher__value_type"))
def discount_value(rows: list[Row], *_: object) -> list[float]:
    """Resolve a percentage, or an amount in major units."""
    return [
        float(row.value)
        if row.voucher__value_type == ValueType.PERCENTAGE
        else float(to_major_units(int(row.value), row.currency))
        for row in rows
    ]


@voucher_listing_object.field(needs=("minimum_spent", "currency"))
def min_spent(rows: list[Row], *_: object) -> list[MoneyAmount | None]:
    return [
        None if row.minimum_spent is None else MoneyAmount(row.minimum_spent, row.currency) for row in rows
    ]


def find_used_vouchers(codes: Iterable[str]) -> dict[str, UsedVoucher]:
    """Return existing vouchers by code. At most one query."""
    requested = {code_row for code_row in codes if code_row}
    if not requested:
        return {}
    columns = ("pk" if column == "id" else column for column in UsedVoucher._fields[1:])
    rows = VoucherCode.objects.filter(code__in=requested).values_list(
        "code", *(f"voucher__{column}" for column in columns)
    )
    return {values[0]: UsedVoucher._make(values) for values in rows}


@order_object.field("voucher", needs="voucher_code")
def voucher_of_orders(orders: list[Row], *_: object) -> list[UsedVoucher | None]:
    vouchers_by_code = find_used_vouchers(order_row.voucher_code for order_row in orders)
    return [vouchers_by_code.get(order_row.voucher_code) for order_row in orders]


TYPES = (voucher_object, voucher_code_object, voucher_listing_object)
