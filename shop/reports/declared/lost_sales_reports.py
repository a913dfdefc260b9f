"""Reports about sales that did not come about: ended parts, expired orders, unfinished baskets."""

from __future__ import annotations

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, TextChoices, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import MemberRight
from orders.models import BasketLine, Order, OrderPart, Substitute
from orders.models.order import OrderQuerySet
from orders.models.part import OrderPartQuerySet
from orders.states import CANCELLED_BY_BUYER, PartState, SubstituteState
from shop.accounts.staff.permissions import Permission
from shop.reports.declared.declaration import (
    Column,
    ColumnPlace,
    Family,
    Report,
    RowSource,
    Unit,
    average_duration,
    measure,
    percentage,
)
from shop.reports.declared.dimensions import (
    BY_CATEGORY,
    BY_CHANNEL,
    BY_COOPERATIVE,
    BY_HOUR,
    BY_PRODUCT,
    BY_PROVINCE,
    BY_SOURCE,
    BY_VARIANT,
    BY_WEEKDAY,
    TIMES,
    choice_dimension,
    reason_dimension,
)


class BasketHolder(TextChoices):
    """Whether the holder of a basket can be written to."""

    ACCOUNT = "account", _("signed in")
    CONTACT = "contact", _("guest with phone or email")
    UNKNOWN = "unknown", _("guest without contact")


def _find_ended_parts() -> OrderPartQuerySet:
    return OrderPart.objects.filter(state__in=[PartState.DECLINED, PartState.CANCELLED])


def _find_expired_orders() -> OrderQuerySet:
    return Order.objects.placed().filter(expired_at__isnull=False)


def _find_basket_lines() -> QuerySet[BasketLine]:
    """Return the lines of all baskets. A basket is deleted when it becomes an order."""
    has_contact = ~Q(basket__phone="") | ~Q(basket__email="")
    holder = Case(
        When(basket__user__isnull=False, then=Value(BasketHolder.ACCOUNT.value)),
        When(has_contact, then=Value(BasketHolder.CONTACT.value)),
        default=Value(BasketHolder.UNKNOWN.value),
        output_field=CharField(),
    )
    return BasketLine.objects.alias(holder=holder)


def _find_substitutes() -> QuerySet[Substitute]:
    return Substitute.objects.all()


ENDED_PARTS = Report(
    slug="don-bi-huy",
    family=Family.SALES,
    question=_("Which orders are declined or cancelled?"),
    definition=_(
        "Cooperatives' parts that were declined or cancelled, on the day of the order, with what they would "
        "have brought."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_ended_parts,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups={
        "reason": "end_reason",
        "state": "state",
        "province": "report_province",
        "source": "report_source",
    },
    measures={
        "total": Sum(F("goods_gross") + F("delivery_gross"), default=0),
        "parts": Count("pk"),
        "declined": Count("pk", filter=Q(state=PartState.DECLINED)),
        "by_buyers": Count("pk", filter=Q(end_reason=CANCELLED_BY_BUYER)),
    },
    columns=(
        Column(_("Lost"), Unit.MONEY, measure("total")),
        Column(_("Cooperatives' parts"), Unit.COUNT, measure("parts")),
        Column(pgettext_lazy("report", "Declined"), Unit.COUNT, measure("declined")),
        Column(_("Cancelled by the buyer"), Unit.COUNT, measure("by_buyers"), ColumnPlace.NOT_ON_PHONES),
    ),
    row_source=RowSource(
        _("Cooperatives' parts"), order="order", part="pk", texts=("end_reason", "cooperative__name")
    ),
    dimensions=(
        BY_COOPERATIVE,
        reason_dimension("reason", pgettext_lazy("report", "Reason")),
        choice_dimension("state", pgettext_lazy("report", "State"), PartState),
        BY_PROVINCE,
        BY_SOURCE,
        *TIMES,
    ),
)

EXPIRED = Report(
    slug="don-het-han",
    family=Family.SALES,
    question=_("Which orders expire unpaid?"),
    definition=_(
        "Orders that expired because no payment came in time, on the day on which they were placed."
    ),
    permission=Permission.MANAGE_ORDERS,
    rows=_find_expired_orders,
    moment="placed_at",
    currency="currency",
    lookups={
        "province": "province_code",
        "source": "source",
        "channel": "channel",
        "placed_at": "placed_at",
    },
    measures={
        "total": Sum("total_gross", default=0),
        "orders": Count("pk"),
        "waiting": Sum(F("expired_at") - F("placed_at")),
    },
    columns=(
        Column(_("Lost"), Unit.MONEY, measure("total")),
        Column(pgettext_lazy("report", "Orders"), Unit.COUNT, measure("orders")),
        Column(_("Time until expiry"), Unit.DURATION, average_duration("waiting", "orders")),
    ),
    row_source=RowSource(pgettext_lazy("report", "Orders"), order="self", texts=("buyer_name",)),
    dimensions=(BY_SOURCE, BY_PROVINCE, BY_CHANNEL, BY_WEEKDAY, BY_HOUR, *TIMES),
)

BASKETS = Report(
    slug="gio-hang-bo-quen",
    family=Family.SALES,
    question=_("What stays behind in baskets?"),
    definition=_(
        "Lines of baskets that have not become an order, on the day of the basket's last change, at the "
        "price that the buyer last saw. Guests' old baskets are deleted and no longer count."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_basket_lines,
    moment="basket__changed_at",
    cooperative="variant__cooperative",
    currency="basket__currency",
    lookups={
        "product": "variant__product",
        "category": "variant__product__category",
        "variant": "variant",
        "province": "basket__province_code",
        "holder": "holder",
        "placed_at": "basket__changed_at",
    },
    measures={
        "value": Sum(F("seen_price") * F("quantity"), default=0),
        "lines": Count("pk"),
        "units": Sum("quantity", default=0),
        "with_contact": Count("pk", filter=~Q(holder=BasketHolder.UNKNOWN)),
    },
    columns=(
        Column(pgettext_lazy("report", "Value"), Unit.MONEY, measure("value")),
        Column(_("Lines"), Unit.COUNT, measure("lines")),
        Column(_("Units"), Unit.COUNT, measure("units"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Can be written to"), Unit.PERCENT, percentage("with_contact", "lines"), has_tile=False),
    ),
    row_source=RowSource(
        _("Lines"), texts=("variant__product__name", "variant__name", "variant__cooperative__name")
    ),
    dimensions=(
        BY_PRODUCT,
        BY_VARIANT,
        BY_CATEGORY,
        BY_COOPERATIVE,
        BY_PROVINCE,
        choice_dimension("holder", pgettext_lazy("report", "Buyers"), BasketHolder),
        BY_WEEKDAY,
        BY_HOUR,
        *TIMES,
    ),
)

SUBSTITUTES = Report(
    slug="hang-thay-the",
    family=Family.DELIVERY,
    question=_("Do buyers accept substitutes?"),
    definition=_(
        "Substitutes that cooperatives offered in the period for products that they lack, and the buyers' "
        "answers. Unanswered offers expire, and the missing product is refunded."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_substitutes,
    moment="offered_at",
    cooperative="line__cooperative",
    currency="line__order__currency",
    lookups={"product": "line__product_key", "state": "state"},
    measures={
        "offers": Count("pk"),
        "accepted": Count("pk", filter=Q(state=SubstituteState.ACCEPTED)),
        "rejected": Count("pk", filter=Q(state=SubstituteState.REJECTED)),
        "expired": Count("pk", filter=Q(state=SubstituteState.EXPIRED)),
        "replaced": Sum("replaced_gross", default=0),
    },
    columns=(
        Column(_("Offered"), Unit.COUNT, measure("offers")),
        Column(pgettext_lazy("report", "Accepted"), Unit.COUNT, measure("accepted")),
        Column(
            pgettext_lazy("report", "Rejected"), Unit.COUNT, measure("rejected"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(_("Not answered"), Unit.COUNT, measure("expired"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Replaced"), Unit.MONEY, measure("replaced")),
    ),
    row_source=RowSource(
        _("Substitutes"),
        order="line__order",
        part="line__part",
        texts=("line__product_name", "variant__product__name"),
    ),
    dimensions=(
        BY_COOPERATIVE,
        BY_PRODUCT,
        choice_dimension("state", pgettext_lazy("report", "State"), SubstituteState),
        *TIMES,
    ),
)
