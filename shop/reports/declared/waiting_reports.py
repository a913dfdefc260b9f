"""Reports about parts that wait: to be accepted in time, and to be packed and delivered."""

from __future__ import annotations

import datetime

from django.db.models import Case, Count, F, IntegerField, Q, Sum, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import MemberRight
from cooperatives.models import DeliveryKind
from orders.models import OrderPart
from orders.models.part import OrderPartQuerySet
from orders.states import ACTIVE_PART_STATES, ARRIVED_PROGRESS, PartState, Progress
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
    BY_COOPERATIVE,
    BY_HOUR,
    BY_PROVINCE,
    BY_WEEKDAY,
    TIMES,
    band_dimension,
    choice_dimension,
)

_PARTS = RowSource(_("Cooperatives' parts"), order="order", part="pk", texts=("cooperative__name",))
_ANSWERED_IN_TIME = Q(accepted_at__lte=F("accept_by"))
_ANSWERED_LATE = Q(accepted_at__gt=F("accept_by"))
# Promised days from the report's day on: before it, on it, within three days, later. None is the last band.
_PROMISE_BOUNDS = (0, 1, 4)
_PROMISES = (_("Overdue"), _("Today"), _("In the next three days"), _("Later"), _("Nothing promised"))


def _find_parts_to_accept() -> OrderPartQuerySet:
    return OrderPart.objects.filter(is_confirmed=True, accept_by__isnull=False)


def _find_open_parts() -> OrderPartQuerySet:
    open_parts = OrderPart.objects.filter(is_confirmed=True, state__in=ACTIVE_PART_STATES)
    return open_parts.exclude(progress__in=ARRIVED_PROGRESS)


def _with_promise(rows: OrderPartQuerySet, day: datetime.date) -> OrderPartQuerySet:
    bands = [
        When(expected_until__lt=day + datetime.timedelta(days=bound), then=Value(position))
        for position, bound in enumerate(_PROMISE_BOUNDS)
    ]
    later = len(_PROMISE_BOUNDS)
    none = When(expected_until__isnull=True, then=Value(later + 1))
    return rows.alias(promise=Case(*bands, none, default=Value(later), output_field=IntegerField()))


ACCEPTANCE = Report(
    slug="nhan-don",
    family=Family.DELIVERY,
    question=_("Do cooperatives answer orders in time?"),
    definition=_(
        "Cooperatives' parts of confirmed orders, on the day of the order, and whether they were accepted by "
        "the deadline. Reminded are those about which the market's staff were told."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_parts_to_accept,
    day="report_date",
    cooperative="cooperative",
    currency="report_channel__currency",
    lookups={"state": "state", "province": "report_province", "placed_at": "order__placed_at"},
    measures={
        "parts": Count("pk"),
        "in_time": Count("pk", filter=_ANSWERED_IN_TIME),
        "late": Count("pk", filter=_ANSWERED_LATE),
        "declined": Count("pk", filter=Q(state=PartState.DECLINED)),
        "escalated": Count("pk", filter=Q(escalated_at__isnull=False)),
        "accepted": Count("pk", filter=Q(accepted_at__isnull=False)),
        "accepting": Sum(F("accepted_at") - F("order__confirmed_at")),
    },
    columns=(
        Column(_("Cooperatives' parts"), Unit.COUNT, measure("parts")),
        Column(_("In time"), Unit.PERCENT, percentage("in_time", "parts")),
        Column(pgettext_lazy("report", "Late"), Unit.COUNT, measure("late"), ColumnPlace.NOT_ON_PHONES),
        Column(
            pgettext_lazy("report", "Declined"), Unit.COUNT, measure("declined"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(_("Reminded"), Unit.COUNT, measure("escalated"), ColumnPlace.NOT_ON_PHONES, has_tile=False),
        Column(_("To acceptance"), Unit.DURATION, average_duration("accepting", "accepted")),
    ),
    row_source=_PARTS,
    dimensions=(
        BY_COOPERATIVE,
        choice_dimension("state", pgettext_lazy("report", "State"), PartState),
        BY_WEEKDAY,
        BY_HOUR,
        BY_PROVINCE,
        *TIMES,
    ),
)

OPEN_PARTS = Report(
    slug="viec-chua-xong",
    family=Family.DELIVERY,
    question=_("What is still to be packed and delivered?"),
    definition=_(
        "Cooperatives' parts of confirmed orders that have not arrived yet, as they are now. Overdue are "
        "those whose last promised day has passed."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_open_parts,
    on_day=_with_promise,
    cooperative="cooperative",
    currency="order__currency",
    lookups={
        "promise": "promise",
        "progress": "progress",
        "province": "report_province",
        "way": "delivery_kind",
    },
    measures={
        "parts": Count("pk"),
        "overdue": Count("pk", filter=Q(promise=0)),
        "unaccepted": Count("pk", filter=Q(state=PartState.NEW)),
        "total": Sum(F("goods_gross") + F("delivery_gross"), default=0),
    },
    columns=(
        Column(_("Cooperatives' parts"), Unit.COUNT, measure("parts")),
        Column(_("Overdue"), Unit.COUNT, measure("overdue")),
        Column(_("To be accepted"), Unit.COUNT, measure("unaccepted"), ColumnPlace.NOT_ON_PHONES),
        Column(pgettext_lazy("report", "Value"), Unit.MONEY, measure("total")),
    ),
    row_source=_PARTS,
    dimensions=(
        BY_COOPERATIVE,
        band_dimension("promise", _("Promised day"), _PROMISES),
        choice_dimension("progress", pgettext_lazy("report", "Progress"), Progress),
        choice_dimension("way", _("Delivery method"), DeliveryKind),
        BY_PROVINCE,
    ),
)
