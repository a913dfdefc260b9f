"""How far a cooperative's part of an order has come, as its buyer reads it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders.actions.payments.order_payments import is_waiting
from orders.models import Complaint, Order, OrderLine, OrderPart, Parcel, places
from orders.states import (
    ARRIVED,
    GONE,
    HAS_ARRIVED,
    READY,
    ComplaintState,
    OrderStatus,
    ParcelState,
    PartState,
    Progress,
)
from shop.core.models import Picture
from shop.core.templatetags.figures import as_said, clock, day, weekday_and_day

_ALL_GONE = frozenset({Progress.DISPATCHED, Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED})


@dataclass(frozen=True, slots=True)
class Step:
    """`state`: done, now, or nothing for what is still to come."""

    words: str
    state: str = ""
    at: datetime.datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """A part with its steps, its dispatches, and what its buyer may still do.

    `paid_back` are lines of which all was given back; `called_today` is what goods whose names were not kept
    in the page's language are called in it by now.
    """

    part: OrderPart
    steps: list[Step]
    parcels: list[Parcel]
    picture: Picture | None
    complaints: Sequence[Complaint] = ()
    paid_back: Collection[uuid.UUID] = frozenset()
    called_today: Mapping[uuid.UUID, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[tuple[OrderLine, str]]:
        """Each with what its goods are called today, where that is worth a word."""
        return [(line, self.called_today.get(line.pk, "")) for line in self.part.lines.all()]

    @property
    def open_complaint(self) -> Complaint | None:
        return next((each for each in self.complaints if each.is_open), None)

    @property
    def may_complain(self) -> bool:
        """Whether something is here that was not paid back; whether it is still time, the form says."""
        is_here = self.part.progress in HAS_ARRIVED - {Progress.RETURNED}
        kept = [line for line in self.part.lines.all() if line.pk not in self.paid_back]
        return is_here and bool(kept) and self.open_complaint is None

    @property
    def may_cancel(self) -> bool:
        return self.part.may_be_cancelled(self.parcels, by_buyer=True)

    @property
    def may_receive(self) -> bool:
        return any(parcel.state == ParcelState.HANDED_OVER for parcel in self.parcels)

    @property
    def on_the_way(self) -> list[tuple[str, Parcel]]:
        """Those that have left, each with which one of how many it is."""
        place = places(self.parcels)
        return [(place.get(parcel.pk, ""), parcel) for parcel in self.parcels if parcel.state in GONE]


def track(
    part: OrderPart,
    parcels: Sequence[Parcel],
    picture: Picture | None = None,
    complaints: Sequence[Complaint] = (),
    refunds: Sequence[Step] = (),
    paid_back: Collection[uuid.UUID] = frozenset(),
    is_transfer_seen: bool = False,
    called_today: Mapping[uuid.UUID, str] | None = None,
) -> Track:
    """`parcels`: what of the part went out and counts, in their order; `refunds`: money that goes back;
    `is_transfer_seen`: a transfer that names the order waits for a person to look at it."""
    steps = [_accepted(part)]
    if is_waiting(part.order):
        steps.insert(0, _waits(part.order, is_transfer_seen))
    if part.is_standing:
        steps += [_packed(part, parcels), _dispatched(part, parcels), _arrived(part, parcels)]
        if part.progress in (Progress.PARTLY_RETURNED, Progress.RETURNED):
            steps.append(Step(_told(Progress(part.progress)), "done"))
    else:
        steps = [step for step in steps if step.state == "done"] + [_ended(part)]
    steps += sorted([*(_complained(each) for each in complaints), *refunds], key=_when)
    return Track(part, steps, list(parcels), picture, complaints, paid_back, called_today or {})


def _complained(complaint: Complaint) -> Step:
    if complaint.is_open:
        until = _("answered by %(day)s at the latest") % {"day": weekday_and_day(complaint.due_by)}
        return Step(_("You have complained"), "now", complaint.made_at, until)
    words = {
        ComplaintState.ACCEPTED: _("Your complaint is accepted"),
        ComplaintState.REJECTED: _("Your complaint is turned down"),
        ComplaintState.WITHDRAWN: _("You have taken your complaint back"),
    }
    said = words[ComplaintState(complaint.state)]
    return Step(said, "done", complaint.answered_at, as_said(complaint.answer))


def _when(step: Step) -> datetime.datetime:
    return step.at or datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _waits(order: Order, is_transfer_seen: bool) -> Step:
    """What the cooperatives wait for before they hear of an order."""
    if is_transfer_seen:
        return Step(_("We are looking at your transfer"), "now")
    return Step(
        _("Waiting for your payment") if order.still_due else _("The market confirms the order"), "now"
    )


def _accepted(part: OrderPart) -> Step:
    words = _("The cooperative accepts the order")
    if part.accepted_at is not None:
        return Step(words, "done", part.accepted_at)
    if is_waiting(part.order):
        return Step(words)
    if part.accept_by is None:
        return Step(words, "now")
    until = _("by %(hour)s on %(day)s at the latest") % {
        "hour": clock(part.accept_by),
        "day": weekday_and_day(part.accept_by),
    }
    return Step(words, "now", note=until)


def _packed(part: OrderPart, parcels: Sequence[Parcel]) -> Step:
    words = pgettext("step", "Packed")
    if part.state != PartState.ACCEPTED:
        return Step(words)
    if part.progress in _ALL_GONE or part.is_packed(parcels):
        return Step(words, "done", _last(parcel.packed_at for parcel in parcels))
    return Step(_told(OrderStatus.IN_HAND if part.progress == Progress.NOTHING else Progress.PACKING), "now")


def _dispatched(part: OrderPart, parcels: Sequence[Parcel]) -> Step:
    words = capfirst(str(READY)) if part.is_collected else _told(Progress.DISPATCHED)
    failed = [parcel for parcel in parcels if parcel.state == ParcelState.FAILED_DELIVERY]
    if failed:
        last = failed[-1]
        note = _("Could not be delivered on %(day)s: %(reason)s") % {
            "day": day(last.failed_at),
            "reason": last.reason,
        }
        return Step(words, "now", last.handed_over_at, note)
    left_at = _last(parcel.handed_over_at for parcel in parcels)
    if part.progress in ARRIVED:
        return Step(words, "done", left_at)
    if part.progress in (Progress.DISPATCHED, Progress.PARTLY_DISPATCHED, Progress.PARTLY_DELIVERED):
        return Step(capfirst(part.told_state(parcels)), "now", left_at)
    if part.is_packed(parcels):
        waiting = _("Waiting to be brought there") if part.is_collected else _("Waiting for the carrier")
        return Step(waiting, "now")
    return Step(words)


def _arrived(part: OrderPart, parcels: Sequence[Parcel]) -> Step:
    if part.progress in ARRIVED:
        return Step(_told(Progress.DELIVERED), "done", _last(parcel.delivered_at for parcel in parcels))
    note = ""
    if part.expected_until is not None:
        note = _("expected %(day)s") % {"day": weekday_and_day(part.expected_until)}
    return Step(_told(Progress.DELIVERED), note=note)


def _ended(part: OrderPart) -> Step:
    words = _("Declined by the cooperative") if part.state == PartState.DECLINED else _("Cancelled")
    return Step(words, "now", part.ended_at, as_said(part.end_reason))


def _told(state: Progress | OrderStatus) -> str:
    """A step called as its state is called everywhere."""
    return capfirst(str(state.label))


def _last(times: Iterable[datetime.datetime | None]) -> datetime.datetime | None:
    return max((time for time in times if time is not None), default=None)
