"""The timeline of a cooperative's part of an order, as shown to its buyer."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders.actions.payments.confirm_order import is_awaiting_confirmation
from orders.models import Complaint, Order, OrderPart, Parcel
from orders.states import (
    ARRIVED_PROGRESS,
    CANCELLED_BY_BUYER,
    READY_FOR_PICKUP,
    ComplaintState,
    OrderStatus,
    ParcelState,
    PartState,
    Progress,
)
from shop.core.texts.formatting import (
    days_between,
    format_day,
    format_time,
    translated_reason,
    weekday_and_day,
)

_FULLY_DISPATCHED = frozenset(
    {Progress.DISPATCHED, Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED}
)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An entry of the timeline. `state` is "done", "now", "stopped", or empty for future ones."""

    title: str
    state: str = ""
    happened_at: datetime.datetime | None = None
    note: str = ""


def build_timeline(
    part: OrderPart,
    all_parcels: Sequence[Parcel],
    *,
    complaints: Sequence[Complaint],
    refund_entries: Sequence[TimelineEntry],
    has_transfer_in_review: bool,
) -> list[TimelineEntry]:
    """Return a part's timeline: waiting for payment, fulfilment, then complaints and refunds by time.

    `all_parcels` are its parcels in order. The buyer sees those sent to them and not voided.
    `has_transfer_in_review` tells whether a bank transfer that names the order awaits manual review.
    """
    entries = (
        [_waiting_entry(part.order, has_transfer_in_review)] if is_awaiting_confirmation(part.order) else []
    )
    entries.append(_acceptance_entry(part))
    if part.is_active:
        entries += _fulfilment_entries(part, all_parcels)
    else:
        entries = [entry for entry in entries if entry.state == "done"] + [_end_entry(part)]
    return entries + sorted(
        [*(_complaint_entry(complaint) for complaint in complaints), *refund_entries], key=_sort_time
    )


def build_shared_timeline(order: Order, *, has_transfer_in_review: bool) -> list[TimelineEntry]:
    """Return the steps ahead of an order that is not confirmed yet, the same for all its parts."""
    return [
        _waiting_entry(order, has_transfer_in_review),
        TimelineEntry(_("The cooperatives accept the order")),
        TimelineEntry(pgettext("step", "Packing")),
        TimelineEntry(pgettext("step", "Delivery")),
        TimelineEntry(pgettext("step", "Arrival")),
    ]


def _fulfilment_entries(part: OrderPart, all_parcels: Sequence[Parcel]) -> list[TimelineEntry]:
    parcels = [parcel for parcel in all_parcels if parcel.is_active_outgoing]
    is_packed = part.is_packed(all_parcels)
    entries = [
        _packing_entry(part, parcels, is_packed),
        _dispatch_entry(part, parcels, is_packed),
        _arrival_entry(part, parcels),
    ]
    if part.progress in (Progress.PARTLY_RETURNED, Progress.RETURNED):
        entries.append(TimelineEntry(_state_label(Progress(part.progress)), "done"))
    return entries


def _complaint_entry(complaint: Complaint) -> TimelineEntry:
    if complaint.is_open:
        until = _("answer due by %(day)s") % {"day": weekday_and_day(complaint.due_by)}
        return TimelineEntry(_("You sent a complaint"), "now", complaint.created_at, until)
    titles = {
        ComplaintState.ACCEPTED: _("Your complaint was accepted"),
        ComplaintState.REJECTED: _("Your complaint was rejected"),
        ComplaintState.WITHDRAWN: _("You withdrew your complaint"),
    }
    title = titles[ComplaintState(complaint.state)]
    return TimelineEntry(title, "done", complaint.answered_at, translated_reason(complaint.answer))


def _sort_time(entry: TimelineEntry) -> datetime.datetime:
    return entry.happened_at or datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _waiting_entry(order: Order, has_transfer_in_review: bool) -> TimelineEntry:
    """Return the entry before the order is passed on to the cooperatives."""
    if has_transfer_in_review:
        return TimelineEntry(_("We are checking your transfer"), "now")
    return TimelineEntry(
        _("Waiting for your payment") if order.amount_due else _("The market confirms the order"), "now"
    )


def _acceptance_entry(part: OrderPart) -> TimelineEntry:
    if part.accepted_at is not None:
        return TimelineEntry(_("Accepted by the cooperative"), "done", part.accepted_at)
    if is_awaiting_confirmation(part.order):
        return TimelineEntry(_("The cooperative accepts the order"))
    title = _("Waiting for the cooperative to accept")
    if part.accept_by is None:
        return TimelineEntry(title, "now")
    until = _("no later than %(hour)s on %(day)s") % {
        "hour": format_time(part.accept_by),
        "day": weekday_and_day(part.accept_by),
    }
    return TimelineEntry(title, "now", note=until)


def _packing_entry(part: OrderPart, parcels: Sequence[Parcel], is_packed: bool) -> TimelineEntry:
    if part.state != PartState.ACCEPTED:
        return TimelineEntry(pgettext("step", "Packing"))
    if part.progress in _FULLY_DISPATCHED or is_packed:
        packed_at = _latest_time(parcel.packed_at for parcel in parcels)
        return TimelineEntry(pgettext("step", "Packed"), "done", packed_at)
    return TimelineEntry(
        _state_label(
            OrderStatus.IN_PREPARATION if part.progress == Progress.NOT_PACKED else Progress.PACKING
        ),
        "now",
    )


def _dispatch_entry(part: OrderPart, parcels: Sequence[Parcel], is_packed: bool) -> TimelineEntry:
    failed_parcels = [parcel for parcel in parcels if parcel.state == ParcelState.FAILED_DELIVERY]
    if failed_parcels:
        last = failed_parcels[-1]
        note = _("Delivery failed on %(day)s: %(reason)s") % {
            "day": format_day(last.failed_at),
            "reason": last.failure_reason,
        }
        return TimelineEntry(
            capfirst(str(ParcelState.FAILED_DELIVERY.label)), "now", last.handed_over_at, note
        )
    left_at = _latest_time(parcel.handed_over_at for parcel in parcels)
    if part.progress in ARRIVED_PROGRESS:
        title = capfirst(str(READY_FOR_PICKUP)) if part.is_pickup else pgettext("step", "Sent")
        return TimelineEntry(title, "done", left_at)
    if part.progress in (Progress.DISPATCHED, Progress.PARTLY_DISPATCHED, Progress.PARTLY_DELIVERED):
        return TimelineEntry(capfirst(part.state_label(parcels)), "now", left_at)
    if is_packed:
        waiting_text = (
            _("Waiting to be taken to the pickup point") if part.is_pickup else _("Waiting for the carrier")
        )
        return TimelineEntry(waiting_text, "now")
    return TimelineEntry(capfirst(str(READY_FOR_PICKUP)) if part.is_pickup else pgettext("step", "Delivery"))


def _arrival_entry(part: OrderPart, parcels: Sequence[Parcel]) -> TimelineEntry:
    if part.progress in ARRIVED_PROGRESS:
        return TimelineEntry(
            _state_label(Progress.DELIVERED), "done", _latest_time(parcel.delivered_at for parcel in parcels)
        )
    note = ""
    if part.expected_until is not None:
        note = _("expected %(day)s") % {"day": days_between(part.expected_from, part.expected_until)}
    title = pgettext("step", "Pickup") if part.is_pickup else pgettext("step", "Arrival")
    return TimelineEntry(title, note=note)


def _end_entry(part: OrderPart) -> TimelineEntry:
    if part.end_reason == CANCELLED_BY_BUYER:
        return TimelineEntry(_("You cancelled"), "stopped", part.ended_at)
    title = _("Declined by the cooperative") if part.state == PartState.DECLINED else _("Cancelled")
    return TimelineEntry(title, "stopped", part.ended_at, translated_reason(part.end_reason))


def _state_label(state: Progress | OrderStatus) -> str:
    """Return a state's label as the title of an entry."""
    return capfirst(str(state.label))


def _latest_time(times: Iterable[datetime.datetime | None]) -> datetime.datetime | None:
    return max((time for time in times if time is not None), default=None)
