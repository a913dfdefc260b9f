"""The timeline of a cooperative's part of an order, as shown to its buyer."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders.actions.payments.order_payments import is_awaiting_confirmation
from orders.models import Complaint, Order, OrderLine, OrderPart, Parcel, parcel_position_labels
from orders.states import (
    ARRIVED_PROGRESS,
    DISPATCHED_STATES,
    PARTLY_ARRIVED_PROGRESS,
    READY_FOR_PICKUP,
    ComplaintState,
    OrderStatus,
    ParcelState,
    PartState,
    Progress,
)
from shop.core.models import Picture
from shop.core.texts.figures import clock, day, days_between, translated_reason, weekday_and_day

_ALL_GONE = frozenset({Progress.DISPATCHED, Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED})


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the timeline; `state` is "done", "now", or empty for future steps."""

    title: str
    state: str = ""
    at: datetime.datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PartTimeline:
    """A part with its steps and parcels, and the actions that its buyer may take.

    `paid_back` are the fully refunded lines. `called_today` maps lines whose names were not recorded in the
    page's language to their current names in it.
    """

    part: OrderPart
    steps: list[Step]
    parcels: list[Parcel]
    picture: Picture | None
    complaints: Sequence[Complaint] = ()
    paid_back: Collection[uuid.UUID] = frozenset()
    called_today: Mapping[uuid.UUID, str] = field(default_factory=dict)
    complaint_until: datetime.datetime | None = None
    now: datetime.datetime | None = None

    @property
    def lines(self) -> list[tuple[OrderLine, str]]:
        """The lines, each with its current product name if that helps."""
        return [(line, self.called_today.get(line.pk, "")) for line in self.part.lines.all()]

    @property
    def possible_rise(self) -> int:
        """By how much the part may cost more once it is weighed, without asking the buyer, in minor units."""
        if not self.part.is_active:
            return 0
        return sum(line.maximum_gross - line.total_gross for line in self.part.lines.all())

    @property
    def maximum_gross(self) -> int:
        return self.part.total_gross + self.possible_rise

    @property
    def open_complaint(self) -> Complaint | None:
        return next((complaint for complaint in self.complaints if complaint.is_open), None)

    @property
    def may_complain(self) -> bool:
        """Return whether items have arrived that were not refunded, and the complaint period is not over."""
        return self._has_items_to_complain_about and not self.complaint_period_ended_at

    @property
    def complaint_period_ended_at(self) -> datetime.datetime | None:
        """The end of the complaint period, if it is over for all items that the buyer has."""
        if self.complaint_until is None or self.now is None or self.now < self.complaint_until:
            return None
        is_over = self._has_items_to_complain_about
        return self.complaint_until - datetime.timedelta(seconds=1) if is_over else None

    @property
    def _has_items_to_complain_about(self) -> bool:
        has_arrived = self.part.progress in PARTLY_ARRIVED_PROGRESS - {Progress.RETURNED}
        unrefunded = [line for line in self.part.lines.all() if line.pk not in self.paid_back]
        return has_arrived and bool(unrefunded) and self.open_complaint is None

    @property
    def may_cancel(self) -> bool:
        return self.part.may_be_cancelled(self.parcels, is_by_buyer=True)

    @property
    def may_receive(self) -> bool:
        return any(parcel.state == ParcelState.HANDED_OVER for parcel in self.parcels)

    @property
    def on_the_way(self) -> list[tuple[str, Parcel]]:
        """The dispatched parcels, each with its number of the total."""
        labels = parcel_position_labels(self.parcels)
        return [
            (labels.get(parcel.pk, ""), parcel)
            for parcel in self.parcels
            if parcel.state in DISPATCHED_STATES
        ]


def build_timeline(
    part: OrderPart,
    all_parcels: Sequence[Parcel],
    picture: Picture | None = None,
    complaints: Sequence[Complaint] = (),
    refunds: Sequence[Step] = (),
    paid_back: Collection[uuid.UUID] = frozenset(),
    is_transfer_seen: bool = False,
    called_today: Mapping[uuid.UUID, str] | None = None,
    complaint_until: datetime.datetime | None = None,
    now: datetime.datetime | None = None,
) -> PartTimeline:
    """Build a part's timeline.

    `all_parcels` are its parcels in order, with lines; the buyer is shown the valid ones sent to them.
    `refunds` are the refunds' steps; `is_transfer_seen` tells whether a bank transfer that names the order
    awaits manual review.
    """
    parcels = [parcel for parcel in all_parcels if parcel.is_active_outgoing]
    is_packed = part.is_packed(all_parcels)
    steps = [_acceptance_step(part)]
    if is_awaiting_confirmation(part.order):
        steps.insert(0, _waiting_step(part.order, is_transfer_seen))
    if part.is_active:
        steps += [
            _packing_step(part, parcels, is_packed),
            _dispatch_step(part, parcels, is_packed),
            _arrival_step(part, parcels),
        ]
        if part.progress in (Progress.PARTLY_RETURNED, Progress.RETURNED):
            steps.append(Step(_state_label(Progress(part.progress)), "done"))
    else:
        steps = [step for step in steps if step.state == "done"] + [_end_step(part)]
    steps += sorted([*(_complaint_step(complaint) for complaint in complaints), *refunds], key=_sort_time)
    return PartTimeline(
        part,
        steps,
        parcels,
        picture,
        complaints,
        paid_back,
        called_today or {},
        complaint_until,
        now,
    )


def _complaint_step(complaint: Complaint) -> Step:
    if complaint.is_open:
        until = _("answer due by %(day)s") % {"day": weekday_and_day(complaint.due_by)}
        return Step(_("You sent a complaint"), "now", complaint.created_at, until)
    titles = {
        ComplaintState.ACCEPTED: _("Your complaint was accepted"),
        ComplaintState.REJECTED: _("Your complaint was rejected"),
        ComplaintState.WITHDRAWN: _("You withdrew your complaint"),
    }
    title = titles[ComplaintState(complaint.state)]
    return Step(title, "done", complaint.answered_at, translated_reason(complaint.answer))


def _sort_time(step: Step) -> datetime.datetime:
    return step.at or datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _waiting_step(order: Order, is_transfer_seen: bool) -> Step:
    """Return the step before the order is passed on to the cooperatives."""
    if is_transfer_seen:
        return Step(_("We are checking your transfer"), "now")
    return Step(
        _("Waiting for your payment") if order.still_due else _("The market confirms the order"), "now"
    )


def _acceptance_step(part: OrderPart) -> Step:
    title = _("The cooperative accepts the order")
    if part.accepted_at is not None:
        return Step(title, "done", part.accepted_at)
    if is_awaiting_confirmation(part.order):
        return Step(title)
    if part.accept_by is None:
        return Step(title, "now")
    until = _("no later than %(hour)s on %(day)s") % {
        "hour": clock(part.accept_by),
        "day": weekday_and_day(part.accept_by),
    }
    return Step(title, "now", note=until)


def _packing_step(part: OrderPart, parcels: Sequence[Parcel], is_packed: bool) -> Step:
    title = pgettext("step", "Packed")
    if part.state != PartState.ACCEPTED:
        return Step(title)
    if part.progress in _ALL_GONE or is_packed:
        return Step(title, "done", _latest_time(parcel.packed_at for parcel in parcels))
    return Step(
        _state_label(OrderStatus.IN_HAND if part.progress == Progress.NOTHING else Progress.PACKING), "now"
    )


def _dispatch_step(part: OrderPart, parcels: Sequence[Parcel], is_packed: bool) -> Step:
    title = capfirst(str(READY_FOR_PICKUP)) if part.is_collected else _state_label(Progress.DISPATCHED)
    failed = [parcel for parcel in parcels if parcel.state == ParcelState.FAILED_DELIVERY]
    if failed:
        last = failed[-1]
        note = _("Delivery failed on %(day)s: %(reason)s") % {
            "day": day(last.failed_at),
            "reason": last.reason,
        }
        return Step(capfirst(str(ParcelState.FAILED_DELIVERY.label)), "now", last.handed_over_at, note)
    left_at = _latest_time(parcel.handed_over_at for parcel in parcels)
    if part.progress in ARRIVED_PROGRESS:
        return Step(title, "done", left_at)
    if part.progress in (Progress.DISPATCHED, Progress.PARTLY_DISPATCHED, Progress.PARTLY_DELIVERED):
        return Step(capfirst(part.state_label(parcels)), "now", left_at)
    if is_packed:
        waiting = (
            _("Waiting to be taken to the pickup point")
            if part.is_collected
            else _("Waiting for the carrier")
        )
        return Step(waiting, "now")
    return Step(title)


def _arrival_step(part: OrderPart, parcels: Sequence[Parcel]) -> Step:
    if part.progress in ARRIVED_PROGRESS:
        return Step(
            _state_label(Progress.DELIVERED), "done", _latest_time(parcel.delivered_at for parcel in parcels)
        )
    note = ""
    if part.expected_until is not None:
        note = _("expected %(day)s") % {"day": days_between(part.expected_from, part.expected_until)}
    return Step(_state_label(Progress.DELIVERED), note=note)


def _end_step(part: OrderPart) -> Step:
    title = _("Declined by the cooperative") if part.state == PartState.DECLINED else _("Cancelled")
    return Step(title, "now", part.ended_at, translated_reason(part.end_reason))


def _state_label(state: Progress | OrderStatus) -> str:
    """Return a state's label as a step title."""
    return capfirst(str(state.label))


def _latest_time(times: Iterable[datetime.datetime | None]) -> datetime.datetime | None:
    return max((time for time in times if time is not None), default=None)
