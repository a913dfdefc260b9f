"""Notices about complaints."""

from __future__ import annotations

import datetime

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Complaint, Order, OrderPart
from orders.notifications.send_notifications import notify_buyer, notify_cooperative, notify_operator
from orders.states import ComplaintState


def notify_complaint_filed(
    order: Order, part: OrderPart, complaint: Complaint, *, now: datetime.datetime
) -> None:
    """Tell the cooperative about a new complaint and its deadline."""
    _notify_cooperative(order, part, complaint, "complaint_made", now=now)


def notify_complaint_withdrawn(
    order: Order, part: OrderPart, complaint: Complaint, *, now: datetime.datetime
) -> None:
    _notify_cooperative(order, part, complaint, "complaint_withdrawn", now=now)


def notify_complaint_addition(
    order: Order, part: OrderPart, complaint: Complaint, *, number: int, now: datetime.datetime
) -> None:
    """Tell the cooperative that the buyer has added words or photos, for the `number`th time."""
    occasion = f"{complaint.pk}:{number}"
    notify_cooperative(order, part, "complaint_added_to", now=now, occasion=occasion, complaint=complaint)


def notify_complaint_decision(
    order: Order, part: OrderPart, complaint: Complaint, *, now: datetime.datetime
) -> None:
    """Tell the cooperative the answer that the platform gave in its place."""
    _notify_cooperative(order, part, complaint, "complaint_decided", now=now)


def notify_complaint_answer(
    order: Order, part: OrderPart, complaint: Complaint, *, now: datetime.datetime
) -> None:
    """Tell the buyer the remedy, or why the complaint is rejected."""
    is_accepted = complaint.state == ComplaintState.ACCEPTED
    with translation.override(order.language):
        subject = (
            _("Order %(code)s: your complaint was accepted")
            if is_accepted
            else _("Order %(code)s: your complaint was answered")
        )
        notify_buyer(
            order,
            "complaint_answered",
            subject=subject % {"code": order.code},
            now=now,
            occasion=f"{complaint.pk}:{complaint.state}",
            part=part,
            complaint=complaint,
            is_accepted=is_accepted,
            parcels=list(complaint.parcels.order_by("number")),
        )


def notify_complaint_overdue(
    order: Order, part: OrderPart, complaint: Complaint, *, now: datetime.datetime
) -> None:
    """Tell the platform that a cooperative has missed the deadline."""
    notify_operator(
        f"complaint-overdue:{complaint.pk}",
        gettext_lazy("A complaint about order %(code)s has not been answered"),
        "complaint_overdue",
        order,
        now=now,
        part=part,
        complaint=complaint,
    )


def _notify_cooperative(
    order: Order, part: OrderPart, complaint: Complaint, template: str, *, now: datetime.datetime
) -> None:
    occasion = f"{complaint.pk}:{complaint.state}"
    notify_cooperative(order, part, template, now=now, occasion=occasion, complaint=complaint)
