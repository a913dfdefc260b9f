"""Reports about deliveries: whether they are on time, how long each step takes, and which fail."""

from __future__ import annotations

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import MemberRight
from orders.models import Parcel
from orders.models.parcel import ParcelQuerySet
from orders.states import ParcelState
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
    BY_CARRIER,
    BY_COOPERATIVE,
    BY_PROVINCE,
    TIMES,
    VietnamDay,
)

_LOOKUPS = {"province": "part__report_province", "carrier": "carrier"}
_ANNOUNCED = Q(part__expected_until__isnull=False)


def _find_delivered_parcels() -> ParcelQuerySet:
    parcels = Parcel.objects.dispatches().filter(state=ParcelState.DELIVERED)
    return parcels.alias(delivered_on=VietnamDay(F("delivered_at")))


def _find_failed_parcels() -> ParcelQuerySet:
    return Parcel.objects.dispatches().filter(failed_at__isnull=False)


PUNCTUALITY = Report(
    slug="giao-dung-hen",
    family=Family.DELIVERY,
    question=_("Are deliveries on time?"),
    definition=_(
        "Parcels delivered in the period. On time means by the last day that the buyer was promised; parcels "
        "without such a day count as delivered only. Replacements are not counted."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_delivered_parcels,
    moment="delivered_at",
    cooperative="part__cooperative",
    currency="part__order__currency",
    lookups=_LOOKUPS,
    measures={
        "parcels": Count("pk"),
        "announced": Count("pk", filter=_ANNOUNCED),
        "on_time": Count("pk", filter=Q(delivered_on__lte=F("part__expected_until"))),
        "late": Count("pk", filter=Q(delivered_on__gt=F("part__expected_until"))),
    },
    columns=(
        Column(_("Delivered"), Unit.COUNT, measure("parcels")),
        Column(
            _("With a promised day"),
            Unit.COUNT,
            measure("announced"),
            ColumnPlace.NOT_ON_PHONES,
            has_tile=False,
        ),
        Column(_("On time"), Unit.COUNT, measure("on_time"), ColumnPlace.NOT_ON_PHONES),
        Column(pgettext_lazy("report", "Late"), Unit.COUNT, measure("late")),
        Column(_("Share on time"), Unit.PERCENT, percentage("on_time", "announced")),
    ),
    row_source=RowSource(
        _("Parcels"), order="part__order", part="part", texts=("carrier", "part__cooperative__name")
    ),
    dimensions=(BY_COOPERATIVE, BY_PROVINCE, BY_CARRIER, *TIMES),
)

STEPS = Report(
    slug="thoi-gian-xu-ly",
    family=Family.DELIVERY,
    question=_("How long does each step take?"),
    definition=_(
        "Parcels delivered in the period. Averages from confirmation of the order to acceptance by the "
        "cooperative, to packing, to hand-over and to delivery. Steps without a recorded time are left out."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_delivered_parcels,
    moment="delivered_at",
    cooperative="part__cooperative",
    currency="part__order__currency",
    lookups=_LOOKUPS,
    measures={
        "parcels": Count("pk"),
        "accepting": Sum(F("part__accepted_at") - F("part__order__confirmed_at")),
        "accepted": Count("pk", filter=Q(part__accepted_at__isnull=False)),
        "packing": Sum(F("packed_at") - F("part__accepted_at")),
        "packed": Count("pk", filter=Q(packed_at__isnull=False, part__accepted_at__isnull=False)),
        "handing_over": Sum(F("handed_over_at") - F("packed_at")),
        "handed_over": Count("pk", filter=Q(handed_over_at__isnull=False, packed_at__isnull=False)),
        "carrying": Sum(F("delivered_at") - F("handed_over_at")),
        "carried": Count("pk", filter=Q(handed_over_at__isnull=False)),
    },
    columns=(
        Column(_("Delivered"), Unit.COUNT, measure("parcels")),
        Column(_("To acceptance"), Unit.DURATION, average_duration("accepting", "accepted")),
        Column(_("To packing"), Unit.DURATION, average_duration("packing", "packed")),
        Column(
            _("To hand-over"),
            Unit.DURATION,
            average_duration("handing_over", "handed_over"),
            ColumnPlace.NOT_ON_PHONES,
        ),
        Column(
            _("To delivery"),
            Unit.DURATION,
            average_duration("carrying", "carried"),
            ColumnPlace.NOT_ON_PHONES,
        ),
    ),
    row_source=RowSource(
        _("Parcels"), order="part__order", part="part", texts=("carrier", "part__cooperative__name")
    ),
    dimensions=(BY_COOPERATIVE, BY_PROVINCE, BY_CARRIER, *TIMES),
)

FAILURES = Report(
    slug="giao-khong-duoc",
    family=Family.DELIVERY,
    question=_("Which deliveries fail?"),
    definition=_(
        "Parcels whose delivery failed in the period, and how many of them have been delivered since. A "
        "parcel counts once, on the day of its last failure."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_failed_parcels,
    moment="failed_at",
    cooperative="part__cooperative",
    currency="part__order__currency",
    lookups=_LOOKUPS,
    measures={
        "parcels": Count("pk"),
        "delivered": Count("pk", filter=Q(state=ParcelState.DELIVERED)),
        "open": Count("pk", filter=~Q(state=ParcelState.DELIVERED)),
    },
    columns=(
        Column(_("Failed"), Unit.COUNT, measure("parcels")),
        Column(_("Delivered since"), Unit.COUNT, measure("delivered")),
        Column(_("Not delivered"), Unit.COUNT, measure("open")),
    ),
    row_source=RowSource(
        _("Parcels"),
        order="part__order",
        part="part",
        texts=("failure_reason", "carrier", "part__cooperative__name"),
    ),
    dimensions=(BY_COOPERATIVE, BY_PROVINCE, BY_CARRIER, *TIMES),
)
