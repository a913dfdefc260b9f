"""The report about money that buyers pay and get back, by payment method."""

from __future__ import annotations

from django.db.models import Case, Count, F, Q, Sum, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models import EventKind, PaymentEvent, PaymentMethod
from orders.models.payment import PaymentEventQuerySet
from shop.accounts.staff.permissions import Permission
from shop.reports.declared.declaration import Column, ColumnPlace, Family, Report, RowSource, Unit, measure
from shop.reports.declared.dimensions import BY_CHANNEL, BY_PROVINCE, BY_SOURCE, TIMES, choice_dimension

# The sign of what each event adds to the money received, as in `orders.models.payment.PaymentSums.charged`.
_SIGNS = {
    EventKind.CHARGE_SUCCESS: 1,
    EventKind.CHARGE_BACK: -1,
    EventKind.REFUND_SUCCESS: -1,
    EventKind.REFUND_REVERSE: 1,
}


def _find_money_events() -> PaymentEventQuerySet:
    return PaymentEvent.objects.filter(kind__in=_SIGNS, payment__order__isnull=False)


def _sum_of(*kinds: EventKind) -> Sum:
    """Return the signed sum of events of these kinds, as a measure."""
    amounts = [When(kind=kind, then=F("amount") * _SIGNS[kind]) for kind in kinds]
    return Sum(Case(*amounts, default=0), default=0)


PAYMENTS = Report(
    slug="thanh-toan",
    family=Family.MONEY,
    question=_("How do buyers pay?"),
    definition=_(
        "Money received for orders in the period, whatever the day of the order, less charge-backs and money "
        "paid back. Cash on delivery counts when its collection is recorded."
    ),
    permission=Permission.HANDLE_PAYMENTS,
    rows=_find_money_events,
    moment="created_at",
    currency="currency",
    lookups={
        "method": "payment__method",
        "province": "payment__order__province_code",
        "channel": "payment__order__channel",
        "source": "payment__order__source",
    },
    measures={
        "net": _sum_of(*_SIGNS),
        "received": _sum_of(EventKind.CHARGE_SUCCESS),
        "payments": Count("pk", filter=Q(kind=EventKind.CHARGE_SUCCESS)),
        "charged_back": _sum_of(EventKind.CHARGE_BACK),
        "paid_back": _sum_of(EventKind.REFUND_SUCCESS, EventKind.REFUND_REVERSE),
    },
    columns=(
        Column(_("Received less paid back"), Unit.MONEY, measure("net")),
        Column(_("Received"), Unit.MONEY, measure("received"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Payments"), Unit.COUNT, measure("payments")),
        Column(_("Charged back"), Unit.MONEY, measure("charged_back"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Paid back"), Unit.MONEY, measure("paid_back"), ColumnPlace.NOT_ON_PHONES),
    ),
    row_source=RowSource(_("Payments"), order="payment__order", texts=("message",)),
    dimensions=(
        choice_dimension("method", pgettext_lazy("report", "Payment method"), PaymentMethod),
        BY_PROVINCE,
        BY_SOURCE,
        BY_CHANNEL,
        *TIMES,
    ),
)
