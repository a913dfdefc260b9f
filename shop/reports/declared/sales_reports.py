"""Reports about incoming orders and sold products, as cooperatives can open them, too."""

from __future__ import annotations

from django.db.models import Count, F, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import MemberRight
from cooperatives.models import DeliveryKind
from orders.models import OrderLine, OrderPart
from orders.models.line import OrderLineQuerySet
from orders.models.part import OrderPartQuerySet
from shop.accounts.staff.permissions import Permission
from shop.reports.declared.declaration import (
    Column,
    ColumnPlace,
    Family,
    Report,
    RowSource,
    Unit,
    average,
    measure,
)
from shop.reports.declared.dimensions import (
    BY_CATEGORY,
    BY_CHANNEL,
    BY_COMMUNE,
    BY_COOPERATIVE,
    BY_HOUR,
    BY_PRODUCT,
    BY_PROVINCE,
    BY_SOURCE,
    BY_WEEKDAY,
    TIMES,
    choice_dimension,
)


def _find_sold_parts() -> OrderPartQuerySet:
    return OrderPart.objects.filter(is_confirmed=True, has_ended=False)


def _find_sold_lines() -> OrderLineQuerySet:
    return OrderLine.objects.filter(is_confirmed=True, has_ended=False)


ORDERS = Report(
    slug="don-den",
    family=Family.SALES,
    question=_("When and where do orders come from?"),
    definition=_(
        "Cooperatives' parts of confirmed orders, on the order's day, after discounts and before refunds. "
        "Cancelled and declined parts are left out. The place is where the goods go."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_sold_parts,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups={
        "province": "report_province",
        "source": "report_source",
        "channel": "report_channel",
        "commune": "order__shipping_address__commune_code",
        "way": "delivery_kind",
        "placed_at": "order__placed_at",
    },
    measures={
        "total": Sum(F("goods_gross") + F("delivery_gross"), default=0),
        "parts": Count("pk"),
        "goods": Sum("goods_gross", default=0),
        "delivery": Sum("delivery_gross", default=0),
    },
    columns=(
        Column(pgettext_lazy("report", "Total"), Unit.MONEY, measure("total")),
        Column(_("Cooperatives' parts"), Unit.COUNT, measure("parts")),
        Column(pgettext_lazy("report", "Products"), Unit.MONEY, measure("goods"), ColumnPlace.NOT_ON_PHONES),
        Column(
            pgettext_lazy("report", "Delivery"), Unit.MONEY, measure("delivery"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(_("Average per part"), Unit.MONEY, average("total", "parts"), ColumnPlace.NOT_ON_PHONES),
    ),
    row_source=RowSource(_("Cooperatives' parts"), order="order", part="pk", texts=("cooperative__name",)),
    dimensions=(
        BY_COOPERATIVE,
        BY_PROVINCE,
        BY_COMMUNE,
        BY_WEEKDAY,
        BY_HOUR,
        BY_SOURCE,
        BY_CHANNEL,
        choice_dimension("way", _("Delivery method"), DeliveryKind),
        *TIMES,
    ),
)

PRODUCTS = Report(
    slug="hang-ban-chay",
    family=Family.SALES,
    question=_("Which products sell best?"),
    definition=_(
        "Lines of confirmed orders, on the day of the order, after discounts and before refunds, without "
        "delivery."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_sold_lines,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups={
        "product": "product_key",
        "category": "category_key",
        "province": "report_province",
        "source": "report_source",
        "channel": "report_channel",
    },
    measures={"goods": Sum("total_gross", default=0), "lines": Count("pk")},
    columns=(
        Column(pgettext_lazy("report", "Products"), Unit.MONEY, measure("goods")),
        Column(_("Times ordered"), Unit.COUNT, measure("lines")),
    ),
    row_source=RowSource(
        _("Lines"), order="order", part="part", texts=("product_name", "variant_name", "cooperative__name")
    ),
    dimensions=(BY_PRODUCT, BY_CATEGORY, BY_COOPERATIVE, BY_PROVINCE, BY_SOURCE, BY_CHANNEL, *TIMES),
)
