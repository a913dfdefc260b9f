"""The report about discounts: vouchers, promotions and reductions by hand."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cooperatives.access import MemberRight
from orders.models import CostBearer, DiscountShare
from orders.models.discount import DiscountKind
from shop.accounts.staff.permissions import Permission
from shop.reports.declared.declaration import Column, ColumnPlace, Family, Report, RowSource, Unit, measure
from shop.reports.declared.dimensions import (
    BY_COOPERATIVE,
    BY_PROVINCE,
    TIMES,
    choice_dimension,
    text_dimension,
)


def _find_granted_shares() -> QuerySet[DiscountShare]:
    """Return the shares on products and deliveries of confirmed parts that were not cancelled.

    Each is on a line or on a part, and has that one's cooperative. The day is read from the order, because no
    index serves a day that comes from either of two tables.
    """
    shares = DiscountShare.objects.alias(
        share_cooperative=Coalesce("line__cooperative", "part__cooperative"),
        share_part=Coalesce("line__part", "part"),
    )
    has_not_ended = Q(line__has_ended=False) | Q(part__has_ended=False)
    return shares.filter(has_not_ended, discount__order__confirmed_at__isnull=False)


DISCOUNTS = Report(
    slug="giam-gia",
    family=Family.SALES,
    question=gettext_lazy("What do vouchers and promotions cost?"),
    definition=gettext_lazy(
        "Discounts on products and deliveries of confirmed orders, on the day of the order, and who bears "
        "them. Discounts of cancelled and declined parts are left out. Each product and each delivery that "
        "became cheaper counts once for each discount."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_granted_shares,
    moment="discount__order__placed_at",
    cooperative="share_cooperative",
    currency="discount__currency",
    lookups={
        "discount": "discount__name",
        "kind": "discount__kind",
        "bearer": "discount__bearer",
        "province": "discount__order__province_code",
    },
    measures={
        "amount": Sum("amount", default=0),
        "shares": Count("pk"),
        "by_market": Sum("amount", filter=Q(discount__bearer=CostBearer.PLATFORM), default=0),
        "by_cooperatives": Sum("amount", filter=Q(discount__bearer=CostBearer.COOPERATIVE), default=0),
        "off_delivery": Sum("amount", filter=Q(part__isnull=False), default=0),
    },
    columns=(
        Column(pgettext_lazy("report", "Discounts"), Unit.MONEY, measure("amount")),
        Column(gettext_lazy("Times granted"), Unit.COUNT, measure("shares")),
        Column(
            gettext_lazy("Borne by the market"), Unit.MONEY, measure("by_market"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(
            gettext_lazy("Borne by cooperatives"),
            Unit.MONEY,
            measure("by_cooperatives"),
            ColumnPlace.NOT_ON_PHONES,
        ),
        Column(
            gettext_lazy("Off deliveries"), Unit.MONEY, measure("off_delivery"), ColumnPlace.NOT_ON_PHONES
        ),
    ),
    row_source=RowSource(
        pgettext_lazy("report", "Discounts"),
        order="discount__order",
        part="share_part",
        texts=("discount__name", "line__product_name"),
    ),
    dimensions=(
        text_dimension("discount", pgettext_lazy("report", "Discount"), lambda: _("Without a name")),
        choice_dimension("kind", pgettext_lazy("report", "Kind"), DiscountKind),
        choice_dimension("bearer", gettext_lazy("Borne by"), CostBearer),
        BY_COOPERATIVE,
        BY_PROVINCE,
        *TIMES,
    ),
)
