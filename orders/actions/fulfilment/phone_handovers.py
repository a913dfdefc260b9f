"""Confirm hand-overs with codes that the giver's phone made without a network.

A code is computed again when it arrives, so it needs no row before, and the order in which phones send does
not matter.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Max
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, Membership
from orders import locks
from orders.actions.fulfilment.handovers import (
    CODE_LIFETIME,
    STEP_STATES,
    HandoverCodeClosed,
    HandoverDetailsRequired,
    HandoverNotPossible,
    Receiver,
    lock_open_run,
    move_parcel,
    require_parcel_of_run,
    try_handover_digits,
    wrong_code,
)
from orders.actions.fulfilment.phone_codes import MEMBER_STEPS, PhoneCode, is_phone_label
from orders.models import (
    DeliveryRun,
    HandoverCode,
    HandoverMethod,
    HandoverRecord,
    HandoverStep,
    Order,
    OrderPart,
    Parcel,
    RunParcel,
)
from orders.states import ACTIVE_PART_STATES, ParcelKind, ParcelState
from shop.core.errors import Missing, Refused
from shop.core.web.rate_limits import RateLimit, TooManyTries, count_tries, uncount_tries

# Wrong entries for an order. Strangers share a second limit, because one may come from many networks.
_ENTRIES = RateLimit("handover-entries", 3, 24 * 3600)
_ENTRIES_OF_STRANGERS = RateLimit("handover-entries-of-strangers", 30, 24 * 3600)


class ParcelNotSentYet(Refused):
    """The giver's phone has not sent that the parcel was packed, or that it was received before."""

    code = "parcel_not_sent_yet"
    default_message = _("The giver's phone has not sent this parcel yet. Try again when it has been online.")


class HandoverOfCancelledParcel(Refused):
    code = "handover_of_cancelled_parcel"
    default_message = _("This parcel was cancelled meanwhile. Do not pass it on, bring it back.")


def find_code_by_digits(
    *,
    order_code: str,
    label_code: str,
    digits: str,
    receiver: Receiver,
    entered_by: str,
    cooperative: Cooperative | None = None,
    happened_at: datetime.datetime,
) -> PhoneCode | HandoverCode:
    """Return the code of a phone, or else of the market, with these digits for a parcel of the order.

    The parcel belongs to `cooperative` if it is given. `label_code` is what follows the order's code on the
    label. It is empty if an older build printed the label without a network. `entered_by` says who guesses: a
    member, a run, or else a network. After three wrong entries an order's digits are closed to them for a
    day, whichever parcel or step they are for. A new code of the market has three tries of its own, and QR
    codes stay valid. An entry is counted before it is compared, in a statement of its own.
    Raises HandoverCodeClosed, WrongHandoverCode.
    """
    refused: Refused = HandoverCodeClosed(field="digits")
    parts = OrderPart.objects.filter(order__code=order_code, state__in=ACTIVE_PART_STATES)
    if cooperative is not None:
        parts = parts.filter(cooperative=cooperative)
    found_parts = list(parts.order_by("pk"))
    codes = _find_codes_of_parts(found_parts, label_code, is_next_expected=cooperative is not None)
    is_known = cooperative is not None or any(
        part.cooperative_id in receiver.cooperative_ids for part in found_parts
    )
    limits = [(_ENTRIES, f"{order_code} {entered_by}")]
    if not is_known:
        limits.append((_ENTRIES_OF_STRANGERS, order_code))
    is_counted = bool(codes) and _count_entry(limits)
    if is_counted:
        code = _find_equal(codes, digits)
        if code is not None:
            uncount_tries(limits)
            if HandoverRecord.objects.filter(code__subject=code.subject).exists():
                raise refused
            return code
        refused = wrong_code(min(limit.count_left(subject) for limit, subject in limits))
    open_codes = HandoverCode.objects.usable(happened_at).filter(parcel__part__order__code=order_code)
    if not label_code or not open_codes.filter(parcel__label_code=label_code).exists():
        raise refused
    open_code = try_handover_digits(
        order_code=order_code, label_code=label_code, digits=digits, now=happened_at
    )
    if is_counted:
        uncount_tries(limits)
    return open_code


@transaction.atomic(durable=True)
def confirm_phone_handover(
    *,
    code: PhoneCode,
    method: HandoverMethod,
    receiver: Receiver,
    happened_at: datetime.datetime,
    idempotency_key: str | None = None,
    run: DeliveryRun | None = None,
    now: datetime.datetime,
) -> HandoverRecord:
    """Record that the receiver had the parcel at `happened_at`, and move it on unless it is further already.

    If the giver's phone has sent its own steps before, the parcel stays as it is. If `run` is given, its
    driver is the receiver. A repeated `idempotency_key` returns the first record. Raises HandoverCodeClosed,
    HandoverNotPossible, HandoverOfCancelledParcel, LinesNotWeighed, Missing, ParcelNotInRun,
    ParcelNotSentYet, ReasonRequired, RecalledLotInParcel, RecalledLotOnTheWay, RunEnded.
    """
    _require_receiver_details(receiver)
    lock_open_run(run)
    order, part, parcel = _lock_parcel_of(code)
    require_parcel_of_run(run, parcel, code.step)
    if idempotency_key is not None:
        existing = HandoverRecord.objects.filter(idempotency_key=idempotency_key).first()
        if existing is not None:
            return existing
    if code.step == HandoverStep.TO_COLLECTION_POINT and part.cooperative_id not in receiver.cooperative_ids:
        raise Missing()
    row = _find_or_create_row(code, parcel, giver_name=_read_giver_name(code, part), now=now)
    if HandoverRecord.objects.filter(code=row).exists() or not _is_next(code, parcel):
        raise HandoverCodeClosed()
    if parcel.state == ParcelState.VOIDED or part.state not in ACTIVE_PART_STATES:
        raise HandoverOfCancelledParcel()
    if _should_move_parcel(code.step, parcel, happened_at):
        row.is_cash_collected = code.is_cash_collected
        move_parcel(row, order, part, parcel, actor=receiver.actor, happened_at=happened_at, now=now)
    return HandoverRecord.objects.create(
        parcel=parcel,
        code=row,
        step=code.step,
        method=method,
        giver_name=_read_giver_name(code, part) if code.giver_id else row.giver_name,
        receiver_name=" ".join(receiver.name.split())[:120],
        place=" ".join(receiver.place.split())[:200],
        happened_at=happened_at,
        idempotency_key=idempotency_key,
    )


def _require_receiver_details(receiver: Receiver) -> None:
    for field, text in (("name", receiver.name), ("place", receiver.place)):
        if not text.strip():
            raise HandoverDetailsRequired(field=field)


@transaction.atomic(durable=True)
def describe_phone_code(code: PhoneCode) -> HandoverCode:
    """Return the row of a code, unsaved if no phone has sent it, with its parcel and giver.

    Raises HandoverCodeClosed, HandoverOfCancelledParcel, Missing, ParcelNotSentYet.
    """
    _order, part, parcel = _lock_parcel_of(code)
    handover_code = (
        HandoverCode.objects.filter(subject=code.subject).select_related("parcel__part__order").first()
    )
    if (
        handover_code is not None and HandoverRecord.objects.filter(code=handover_code).exists()
    ) or not _is_next(code, parcel):
        raise HandoverCodeClosed()
    if handover_code is None:
        handover_code = HandoverCode(parcel=parcel, step=code.step, giver_name=_read_giver_name(code, part))
    handover_code.is_cash_collected = (
        code.is_cash_collected
    )  # what the QR code says, which the row learns on receipt
    return handover_code


@transaction.atomic(durable=True)
def offer_handover(
    *, code: PhoneCode, cooperative: Cooperative, giver_name: str, now: datetime.datetime
) -> OrderPart:
    """Record who showed a code, unless its receiver was first. Raises HandoverOfCancelledParcel, Missing."""
    _order, part, parcel = _lock_parcel_of(code)
    if part.cooperative_id != cooperative.pk:
        raise Missing()
    if parcel.state == ParcelState.VOIDED or part.state not in ACTIVE_PART_STATES:
        raise HandoverOfCancelledParcel()
    _find_or_create_row(code, parcel, giver_name=giver_name, now=now)
    return part


def count_handovers(parcel: Parcel) -> dict[str, int]:
    """Return how many hand-overs of each step that members give are recorded. `handovers` is prefetched."""
    steps = [record.step for record in parcel.handovers.all()]
    return {str(step): steps.count(step) for step in MEMBER_STEPS}


def _read_outgoing_parcels(part_id: int) -> list[Parcel]:
    """Return a part's parcels in the order of their positions, as phones count them."""
    parcels = Parcel.objects.filter(part=part_id).exclude(kind=ParcelKind.REFUND)
    return list(parcels.select_related("part").order_by("number", "pk"))


def read_parcel_positions(part_ids: Iterable[int]) -> dict[int, int]:
    """Return the position of each outgoing parcel in its part, as codes name it, by id, in one query."""
    outgoing = Parcel.objects.filter(part__in=set(part_ids)).exclude(kind=ParcelKind.REFUND)
    counts: Counter[int] = Counter()
    positions = {}
    for parcel_id, part_id in outgoing.order_by("number", "pk").values_list("pk", "part"):
        counts[part_id] += 1
        positions[parcel_id] = counts[part_id]
    return positions


def _find_codes_of(parcel: Parcel, position: int) -> Iterator[PhoneCode]:
    """Yield the codes that phones made or can make for a parcel.

    They are the phones of members, and of the driver of the parcel's last run. Older builds name a parcel
    with a label of a phone by its position.
    """
    if not parcel.is_outgoing or parcel.part.is_pickup:
        return
    counts = count_handovers(parcel)
    for step in MEMBER_STEPS:
        for earlier in range(counts[step] + 1):
            code = PhoneCode(step, part_id=parcel.part_id, position=position, earlier=earlier)
            yield code
            if is_phone_label(parcel.label_code):
                yield replace(code, label_code=parcel.label_code)
    run_id = RunParcel.objects.filter(parcel=parcel).aggregate(last=Max("run"))["last"]
    if run_id is not None:
        yield PhoneCode(HandoverStep.TO_BUYER, run_id=run_id, parcel_id=parcel.pk)


def _find_codes_of_parts(
    parts: Iterable[OrderPart], label_code: str, *, is_next_expected: bool
) -> list[PhoneCode]:
    """Return the codes of the parts' parcels, of all or of one label.

    If `is_next_expected`, these include parcels that their phone has not sent yet.
    """
    codes: list[PhoneCode] = []
    for part in parts:
        parcels = _read_outgoing_parcels(part.pk)
        for position, parcel in enumerate(parcels, start=1):
            if label_code in ("", parcel.label_code):
                codes += _find_codes_of(parcel, position)
        is_sent = any(parcel.label_code == label_code for parcel in parcels)
        if is_next_expected and not is_sent and (not label_code or is_phone_label(label_code)):
            next_parcel = PhoneCode(MEMBER_STEPS[0], part.pk, len(parcels) + 1, label_code)
            codes += [replace(next_parcel, step=step) for step in MEMBER_STEPS]
    return codes


def _count_entry(limits: Sequence[tuple[RateLimit, str]]) -> bool:
    """Count an entry of digits, and return False if the limit is reached."""
    try:
        count_tries(limits)
    except TooManyTries:
        return False
    return True


def _find_equal(codes: Iterable[PhoneCode], digits: str) -> PhoneCode | None:
    entered = "".join(character for character in digits if character.isdecimal())
    return next((code for code in codes if constant_time_compare(code.digits, entered)), None)


def _lock_parcel_of(code: PhoneCode) -> tuple[Order, OrderPart, Parcel]:
    """Lock the order of a code's parcel, a driver's run before it.

    Raises HandoverCodeClosed, HandoverOfCancelledParcel, Missing, ParcelNotSentYet.
    """
    if code.run_id:
        run = locks.lock_run(code.run_id)
        order, part, parcel = locks.lock_parcel(code.parcel_id)
        _require_run_of_parcel(run, parcel)
        return order, part, parcel
    order, part = locks.lock_part(code.part_id)
    parcels = _read_outgoing_parcels(part.pk)
    if code.label_code:
        parcels = [parcel for parcel in parcels if parcel.label_code == code.label_code]
    else:
        parcels = parcels[code.position - 1 : code.position]
    if not parcels:
        if part.state not in ACTIVE_PART_STATES:
            raise HandoverOfCancelledParcel()
        raise ParcelNotSentYet()
    parcel = parcels[0]
    parcel.part = part
    return order, part, parcel


def _require_run_of_parcel(run: DeliveryRun, parcel: Parcel) -> None:
    """Raise HandoverCodeClosed if another run took the parcel, or the run ended before it was delivered."""
    last = RunParcel.objects.filter(parcel=parcel).order_by("-pk").first()
    if last is None or last.run_id != run.pk:
        raise HandoverCodeClosed()
    if run.ended_at is not None and parcel.state != ParcelState.DELIVERED:
        raise HandoverCodeClosed()


def _read_giver_name(code: PhoneCode, part: OrderPart) -> str:
    """Return the driver, the member whose phone signed the QR code, or else the cooperative."""
    if code.run_id:
        return DeliveryRun.objects.get(pk=code.run_id).driver_name
    members = Membership.objects.filter(cooperative=part.cooperative_id, user=code.giver_id)
    member = members.select_related("user").first()
    return (member.user.name if member is not None else "") or part.cooperative.name


def _find_or_create_row(
    code: PhoneCode, parcel: Parcel, *, giver_name: str, now: datetime.datetime
) -> HandoverCode:
    """Return the row of a code, which is created when the first phone sends it.

    It is never open, so it is never replaced.
    """
    row, _is_new = HandoverCode.objects.get_or_create(
        subject=code.subject,
        defaults={
            "parcel": parcel,
            "step": code.step,
            "giver_name": giver_name.strip()[:120],
            "created_at": now,
            "expires_at": now + CODE_LIFETIME,
            "closed_at": now,
        },
    )
    return row


def _is_next(code: PhoneCode, parcel: Parcel) -> bool:
    """Return whether no hand-over of the same step was recorded since the giver's phone counted them."""
    return bool(code.run_id) or count_handovers(parcel)[code.step] == code.earlier


def _should_move_parcel(step: HandoverStep, parcel: Parcel, happened_at: datetime.datetime) -> bool:
    """Return whether the hand-over moves the parcel, or False if another phone has sent a later state.

    Raises HandoverNotPossible, ParcelNotSentYet.
    """
    if not parcel.is_outgoing or parcel.part.is_pickup:
        raise HandoverNotPossible()
    if step == HandoverStep.TO_DRIVER and parcel.state == ParcelState.FAILED_DELIVERY:
        return parcel.failed_at is None or happened_at > parcel.failed_at
    if parcel.state in STEP_STATES[step]:
        return True
    if step == HandoverStep.TO_BUYER and parcel.state == ParcelState.FAILED_DELIVERY:
        raise HandoverNotPossible()
    if _RANK[ParcelState(parcel.state)] < min(_RANK[state] for state in STEP_STATES[step]):
        raise ParcelNotSentYet()
    return False


_RANK = {
    state: rank
    for rank, state in enumerate(
        (
            ParcelState.PACKING,
            ParcelState.PACKED,
            ParcelState.HANDED_OVER,
            ParcelState.FAILED_DELIVERY,
            ParcelState.DELIVERED,
        )
    )
}
