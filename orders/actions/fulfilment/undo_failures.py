"""Undo a failed delivery that was recorded by mistake: the parcel is on its way again."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderPart, Parcel, RunParcel
from orders.notifications.undone_steps import withdraw_failure_notification
from orders.states import PARCEL_UNDO_TRANSITIONS, ParcelState
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed, change_state


class ParcelInNextRun(Refused):
    """Another driver has been given the parcel since it failed. `details["driver"]` is the driver's name."""

    code = "parcel_in_next_run"
    default_message = _("This parcel is in the next delivery run already, so this can no longer be undone.")


def undo_locked_failure(
    order: Order, part: OrderPart, parcel: Parcel, _reason: str, *, actor: Actor, now: datetime.datetime
) -> None:
    """On a locked order: bring the parcel back on its way, as it was before it could not be delivered.

    Raises ParcelInNextRun, TransitionNotAllowed.
    """
    if parcel.state != ParcelState.FAILED_DELIVERY or parcel.failed_at is None:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=ParcelState.HANDED_OVER)
    failed_at = parcel.failed_at
    next_run = RunParcel.objects.open().filter(parcel=parcel, run__created_at__gt=failed_at)
    if run_parcel := next_run.select_related("run").first():
        raise ParcelInNextRun(driver=run_parcel.run.driver_name)
    earlier = _find_earlier_failure(parcel)
    change_state(parcel, ParcelState.HANDED_OVER, PARCEL_UNDO_TRANSITIONS)
    parcel.failed_at = earlier.created_at if earlier else None
    parcel.failure_reason = earlier.reason if earlier else ""
    parcel.save(update_fields=["failed_at", "failure_reason"])
    withdraw_failure_notification(order, part, parcel, failed_at, now=now)


def _find_earlier_failure(parcel: Parcel) -> Change | None:
    """Return the record of the failed delivery before the latest one, without those that were undone."""
    changes = Change.objects.of_row(parcel).filter(
        action__in=("parcel.delivery_failed", "parcel.failure_undone")
    )
    failures: list[Change] = []
    for change in changes.order_by("created_at", "pk"):
        if change.action == "parcel.delivery_failed":
            failures.append(change)
        else:
            failures.pop()
    return failures[-2] if len(failures) > 1 else None
