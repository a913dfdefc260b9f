"""Reports about sold lines: their prices, weights, commission and tax."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cooperatives.access import MemberRight
from orders.models import OrderLine
from orders.models.line import OrderLineQuerySet
from shop.accounts.staff.permissions import Permission
from shop.core.texts.formatting import format_number, format_percent
from shop.reports.declared.declaration import (
    Column,
    ColumnPlace,
    Dimension,
    Family,
    Report,
    RowSource,
    Sums,
    Unit,
    average,
    measure,
    percentage,
)
from shop.reports.declared.dimensions import (
    BY_CATEGORY,
    BY_COOPERATIVE,
    BY_PRODUCER,
    BY_PRODUCT,
    BY_PROVINCE,
    BY_SOURCE,
    BY_VARIANT,
    TIMES,
)

_GOODS = pgettext_lazy("report", "Products")
_LINES = RowSource(
    gettext_lazy("Lines"),
    order="order",
    part="part",
    texts=("product_name", "variant_name", "cooperative__name"),
)
_LOOKUPS = {
    "product": "product_key",
    "variant": "variant",
    "category": "category_key",
    "producer": "variant__product__producer",
    "province": "report_province",
    "source": "report_source",
    "wholesale_from": "wholesale_from",
    "tax_rate": "tax_rate",
}


def _find_sold_lines() -> OrderLineQuerySet:
    return OrderLine.objects.filter(is_confirmed=True, has_ended=False)


def _find_wholesale_lines() -> OrderLineQuerySet:
    return _find_sold_lines().filter(wholesale_from__isnull=False)


def _find_weighed_lines() -> OrderLineQuerySet:
    return _find_sold_lines().filter(weighed_grams__isnull=False)


def _load_quantity_names(keys: Collection[object]) -> Mapping[object, str]:
    return {
        key: _("From %(quantity)s") % {"quantity": format_number(key)} for key in keys if isinstance(key, int)
    }


def _load_rate_names(keys: Collection[object]) -> Mapping[object, str]:
    return {key: f"{format_percent(key)}" for key in keys if isinstance(key, Decimal)}


def _weight_difference(sums: Sums) -> int:
    return (sums["weighed"] or 0) - (sums["ordered"] or 0)


_BY_WHOLESALE_QUANTITY = Dimension(
    "wholesale_from",
    gettext_lazy("Wholesale quantity"),
    lambda report: report.lookup("wholesale_from"),
    _load_quantity_names,
    is_in_key_order=True,
)
_BY_TAX_RATE = Dimension(
    "tax_rate", gettext_lazy("Tax rate"), lambda report: report.lookup("tax_rate"), _load_rate_names
)

PRICES = Report(
    slug="gia-ban",
    family=Family.SALES,
    question=gettext_lazy("At what prices do products sell?"),
    definition=gettext_lazy(
        "Lines of confirmed orders, on the day of the order, after discounts and before refunds. The average "
        "is per unit as it is sold: a bag, a bunch, a piece. Compare it with the year before to see the "
        "season's price."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_sold_lines,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups=_LOOKUPS,
    measures={
        "goods": Sum("total_gross", default=0),
        "units": Sum("quantity", default=0),
        "at_list_price": Sum("list_gross", default=0),
    },
    columns=(
        Column(_GOODS, Unit.MONEY, measure("goods")),
        Column(gettext_lazy("Average price"), Unit.MONEY, average("goods", "units")),
        Column(gettext_lazy("Units sold"), Unit.COUNT, measure("units"), ColumnPlace.NOT_ON_PHONES),
        Column(
            gettext_lazy("Average list price"),
            Unit.MONEY,
            average("at_list_price", "units"),
            ColumnPlace.NOT_ON_PHONES,
            has_tile=False,
        ),
    ),
    row_source=_LINES,
    dimensions=(BY_VARIANT, BY_PRODUCT, BY_CATEGORY, BY_PRODUCER, BY_COOPERATIVE, BY_PROVINCE, *TIMES),
)

WHOLESALE = Report(
    slug="ban-si",
    family=Family.SALES,
    question=gettext_lazy("How much is sold at wholesale prices?"),
    definition=gettext_lazy(
        "Lines of confirmed orders whose quantity reached a wholesale price, on the day of the order, after "
        "discounts and before refunds."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_wholesale_lines,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups=_LOOKUPS,
    measures={
        "goods": Sum("total_gross", default=0),
        "lines": Count("pk"),
        "units": Sum("quantity", default=0),
    },
    columns=(
        Column(_GOODS, Unit.MONEY, measure("goods")),
        Column(gettext_lazy("Times ordered"), Unit.COUNT, measure("lines")),
        Column(gettext_lazy("Units sold"), Unit.COUNT, measure("units"), ColumnPlace.NOT_ON_PHONES),
        Column(gettext_lazy("Average price"), Unit.MONEY, average("goods", "units")),
    ),
    row_source=_LINES,
    dimensions=(BY_PRODUCT, _BY_WHOLESALE_QUANTITY, BY_COOPERATIVE, BY_PROVINCE, BY_SOURCE, *TIMES),
)

WEIGHED = Report(
    slug="hang-ban-theo-can",
    family=Family.SALES,
    question=gettext_lazy("How far do weighed goods differ from what was ordered?"),
    definition=gettext_lazy(
        "Weighed lines of confirmed orders, on the day of the order. The estimate is the weight that the "
        "buyer ordered. Weight above the agreed limit is delivered, but not charged."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_weighed_lines,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups=_LOOKUPS,
    measures={
        "weighed": Sum("weighed_grams", default=0),
        "ordered": Sum("estimate_grams", default=0),
        "lines": Count("pk"),
        "uncharged": Sum(
            F("weighed_grams") - F("bound_grams"), filter=Q(weighed_grams__gt=F("bound_grams")), default=0
        ),
    },
    columns=(
        Column(gettext_lazy("Weighed"), Unit.WEIGHT, measure("weighed")),
        Column(
            pgettext_lazy("weight", "Ordered"), Unit.WEIGHT, measure("ordered"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(pgettext_lazy("weight", "Difference"), Unit.WEIGHT, _weight_difference, has_tile=False),
        Column(gettext_lazy("Not charged"), Unit.WEIGHT, measure("uncharged"), ColumnPlace.NOT_ON_PHONES),
        Column(gettext_lazy("Times weighed"), Unit.COUNT, measure("lines")),
    ),
    row_source=_LINES,
    dimensions=(BY_PRODUCT, BY_VARIANT, BY_COOPERATIVE, *TIMES),
)

COMMISSION = Report(
    slug="phi-san",
    family=Family.MONEY,
    question=gettext_lazy("Which products bring commission?"),
    definition=gettext_lazy(
        "The commission agreed for lines of confirmed orders, on the day of the order and before refunds. "
        "The ledger books it upon delivery, so the market's income of the same days can differ."
    ),
    permission=Permission.HANDLE_PAYMENTS,
    member_right=MemberRight.SEE_SETTLEMENTS,
    rows=_find_sold_lines,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups=_LOOKUPS,
    measures={"commission": Sum("commission", default=0), "goods": Sum("total_gross", default=0)},
    columns=(
        Column(gettext_lazy("Commission"), Unit.MONEY, measure("commission")),
        Column(_GOODS, Unit.MONEY, measure("goods"), ColumnPlace.NOT_ON_PHONES),
        Column(
            gettext_lazy("Share of sales"), Unit.PERCENT, percentage("commission", "goods"), has_tile=False
        ),
    ),
    row_source=_LINES,
    dimensions=(BY_CATEGORY, BY_PRODUCT, BY_COOPERATIVE, BY_PROVINCE, *TIMES),
)

TAX = Report(
    slug="thue-gtgt",
    family=Family.MONEY,
    question=gettext_lazy("How much VAT do sales include?"),
    definition=gettext_lazy(
        "Lines of confirmed orders, on the day of the order, after discounts and before refunds, without "
        "delivery, by the tax rate at which they were sold."
    ),
    permission=Permission.HANDLE_PAYMENTS,
    member_right=MemberRight.SEE_SETTLEMENTS,
    rows=_find_sold_lines,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups=_LOOKUPS,
    measures={
        "tax": Sum(F("total_gross") - F("total_net"), default=0),
        "net": Sum("total_net", default=0),
        "gross": Sum("total_gross", default=0),
    },
    columns=(
        Column(gettext_lazy("VAT"), Unit.MONEY, measure("tax")),
        Column(gettext_lazy("Without VAT"), Unit.MONEY, measure("net")),
        Column(gettext_lazy("With VAT"), Unit.MONEY, measure("gross"), ColumnPlace.NOT_ON_PHONES),
    ),
    row_source=_LINES,
    dimensions=(_BY_TAX_RATE, BY_COOPERATIVE, BY_CATEGORY, *TIMES),
)
