"""The report about new and returning buyers."""

from __future__ import annotations

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, Sum, TextChoices, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models import Order
from orders.models.order import OrderQuerySet
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
    percentage,
)
from shop.reports.declared.dimensions import (
    BY_CHANNEL,
    BY_HOUR,
    BY_PROVINCE,
    BY_SOURCE,
    BY_WEEKDAY,
    TIMES,
    choice_dimension,
)


class BuyerKind(TextChoices):
    """Whether a buyer had ordered before, by account or phone number."""

    NEW = "new", _("first order")
    RETURNING = "returning", _("had ordered before")


def _find_counted_orders() -> OrderQuerySet:
    return Order.objects.placed().filter(
        confirmed_at__isnull=False, cancelled_at__isnull=True, expired_at__isnull=True
    )


def _find_orders_with_buyer_kind() -> OrderQuerySet:
    """Return counted orders with `buyer_kind`: returning if an earlier one has the same account or phone."""
    earlier = _find_counted_orders().filter(placed_at__lt=OuterRef("placed_at")).order_by()
    has_earlier = Exists(earlier.filter(user=OuterRef("user"))) | (
        ~Q(phone="") & Exists(earlier.filter(phone=OuterRef("phone")))
    )
    return _find_counted_orders().alias(
        buyer_kind=Case(
            When(has_earlier, then=Value(BuyerKind.RETURNING.value)),
            default=Value(BuyerKind.NEW.value),
            output_field=CharField(),
        )
    )


_RETURNING = Q(buyer_kind=BuyerKind.RETURNING)

NEW_AND_RETURNING = Report(
    slug="khach-moi-va-khach-cu",
    family=Family.BUYERS,
    question=_("Do buyers come back?"),
    definition=_(
        "Confirmed orders that are not cancelled, on the day of the order, at their present total: after "
        "discounts, cancelled parts and refunds. A buyer returns if an earlier such order has the same "
        "account or phone number."
    ),
    permission=Permission.MANAGE_ORDERS,
    rows=_find_orders_with_buyer_kind,
    moment="placed_at",
    currency="currency",
    lookups={
        "buyer": "buyer_kind",
        "province": "province_code",
        "source": "source",
        "channel": "channel",
        "placed_at": "placed_at",
    },
    measures={
        "orders": Count("pk"),
        "returning": Count("pk", filter=_RETURNING),
        "total": Sum("current_total_gross", default=0),
        "returning_total": Sum("current_total_gross", filter=_RETURNING, default=0),
    },
    columns=(
        Column(pgettext_lazy("report", "Orders"), Unit.COUNT, measure("orders")),
        Column(_("Of returning buyers"), Unit.COUNT, measure("returning"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Share of returning buyers"), Unit.PERCENT, percentage("returning", "orders")),
        Column(pgettext_lazy("report", "Total"), Unit.MONEY, measure("total")),
        Column(_("From returning buyers"), Unit.MONEY, measure("returning_total"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Average per order"), Unit.MONEY, average("total", "orders"), ColumnPlace.NOT_ON_PHONES),
    ),
    row_source=RowSource(pgettext_lazy("report", "Orders"), order="self", texts=("buyer_name",)),
    dimensions=(
        choice_dimension("buyer", pgettext_lazy("report", "Buyers"), BuyerKind),
        BY_PROVINCE,
        BY_SOURCE,
        BY_CHANNEL,
        BY_WEEKDAY,
        BY_HOUR,
        *TIMES,
    ),
)
