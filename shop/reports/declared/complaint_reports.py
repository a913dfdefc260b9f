"""The report about buyers' complaints."""

from __future__ import annotations

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import MemberRight
from orders.models import Complaint
from orders.models.complaint import ComplaintQuerySet, RequestedRemedy
from orders.states import ComplaintState
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
)
from shop.reports.declared.dimensions import BY_COOPERATIVE, BY_PROVINCE, TIMES, choice_dimension


def _find_complaints() -> ComplaintQuerySet:
    return Complaint.objects.all()


COMPLAINTS = Report(
    slug="khieu-nai",
    family=Family.BUYERS,
    question=_("What becomes of complaints?"),
    definition=_(
        "Complaints that buyers made in the period and their present state. Late are those that were "
        "answered after the deadline; the answer's time is the average from complaint to answer."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_ORDERS,
    rows=_find_complaints,
    moment="created_at",
    cooperative="part__cooperative",
    currency="part__order__currency",
    lookups={
        "province": "part__report_province",
        "state": "state",
        "remedy": "requested_remedy",
    },
    measures={
        "complaints": Count("pk"),
        "open": Count("pk", filter=Q(state=ComplaintState.OPEN)),
        "accepted": Count("pk", filter=Q(state=ComplaintState.ACCEPTED)),
        "rejected": Count("pk", filter=Q(state=ComplaintState.REJECTED)),
        "withdrawn": Count("pk", filter=Q(state=ComplaintState.WITHDRAWN)),
        "late": Count("pk", filter=Q(answered_at__gt=F("due_by"))),
        "answering": Sum(F("answered_at") - F("created_at")),
        "answered": Count("answered_at"),
    },
    columns=(
        Column(_("Complaints"), Unit.COUNT, measure("complaints")),
        Column(_("To answer"), Unit.COUNT, measure("open")),
        Column(
            pgettext_lazy("report", "Accepted"), Unit.COUNT, measure("accepted"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(
            pgettext_lazy("report", "Rejected"), Unit.COUNT, measure("rejected"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(
            pgettext_lazy("report", "Withdrawn"),
            Unit.COUNT,
            measure("withdrawn"),
            ColumnPlace.NOT_ON_PHONES,
            has_tile=False,
        ),
        Column(_("Answered late"), Unit.COUNT, measure("late"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Time to answer"), Unit.DURATION, average_duration("answering", "answered")),
    ),
    row_source=RowSource(
        _("Complaints"), order="part__order", part="part", texts=("text", "part__cooperative__name")
    ),
    dimensions=(
        BY_COOPERATIVE,
        choice_dimension("state", pgettext_lazy("report", "State"), ComplaintState),
        choice_dimension("remedy", _("Requested remedy"), RequestedRemedy),
        BY_PROVINCE,
        *TIMES,
    ),
)
