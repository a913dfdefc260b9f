"""Hand parcels over from hand to hand. The giver makes a code, and the receiver confirms it."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass

from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cooperatives.models import Cooperative
from orders import locks
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_locked_parcel,
    dispatch_parcel,
)
from orders.actions.fulfilment.delivery_runs import RunEnded, dispatch_details_of_run, require_no_recalled_lot
from orders.actions.fulfilment.pack_parcels import close_locked_parcel
from orders.actions.order_records.part_changes import record_part_change
from orders.models import (
    DeliveryRun,
    HandoverCode,
    HandoverMethod,
    HandoverRecord,
    HandoverStep,
    Order,
    OrderPart,
    Parcel,
)
from orders.states import ParcelState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused

CODE_LIFETIME = datetime.timedelta(hours=2)
DIGITS = 6
_SIGNER = signing.Signer(sep=".", salt="orders.actions.fulfilment.handovers")

# The states in which a parcel can take a step. A farmer may have packed it already.
STEP_STATES = {
    HandoverStep.TO_COLLECTION_POINT: frozenset({ParcelState.PACKING, ParcelState.PACKED}),
    HandoverStep.TO_DRIVER: frozenset({ParcelState.PACKED, ParcelState.FAILED_DELIVERY}),
    HandoverStep.TO_BUYER: frozenset({ParcelState.HANDED_OVER}),
}


class HandoverNotPossible(Refused):
    """The parcel is not where this step begins, or its buyer collects it."""

    code = "handover_not_possible"
    default_message = _("This parcel cannot be handed over like this now.")


class HandoverDetailsRequired(Refused):
    """The giver's name, the receiver's name or the place is empty. `field` says which."""

    code = "handover_details_required"
    default_message = _("Enter who hands over, who receives, and where.")


class HandoverCodeClosed(Refused):
    """The code was used, replaced, expired, or entered wrongly three times. All look the same."""

    code = "handover_code_closed"
    default_message = _(
        "This code has been used or is no longer valid. Ask the person handing over the parcel for a new one."
    )


class WrongHandoverCode(Refused):
    """`details["left"]` is how many tries are left."""

    code = "wrong_handover_code"
    default_message = _("The code is not correct.")


class ForeignHandoverCode(Refused):
    """The QR code is not from the market."""

    code = "foreign_handover_code"
    default_message = _("This QR code is not from this market. Scan the code on the giver's phone.")


class ParcelNotInRun(Refused):
    code = "parcel_not_in_run"
    default_message = _("This parcel is not in your delivery run. Ask the cooperative to add it.")


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A new code with its digits, which are not stored, and the token of its QR code."""

    code: HandoverCode
    digits: str
    token: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who receives a parcel, and where. `cooperative_ids` are those of the person, who is signed in."""

    name: str
    place: str
    actor: Actor
    cooperative_ids: frozenset[int] = frozenset()


def possible_steps(parcel: Parcel) -> list[HandoverStep]:
    """Return the steps that a parcel (with its part) can take now, or none if its buyer collects it."""
    if not parcel.is_outgoing or parcel.part.is_pickup:
        return []
    return [step for step, states in STEP_STATES.items() if parcel.state in states]


@transaction.atomic(durable=True)
def issue_handover_code(
    *,
    parcel_id: int,
    step: HandoverStep,
    cooperative: Cooperative,
    giver_name: str,
    is_cash_collected: bool = False,
    run: DeliveryRun | None = None,
    now: datetime.datetime,
) -> IssuedCode:
    """Make a code for a step of a parcel. An earlier code is no longer valid.

    If `run` is given, the giver is its driver. Raises HandoverDetailsRequired, HandoverNotPossible, Missing,
    RecalledLotOnTheWay, RunEnded.
    """
    if not giver_name.strip():
        raise HandoverDetailsRequired(field="giver_name")
    if run is not None and locks.lock_run(run.pk).ended_at is not None:
        raise RunEnded()
    _order, part, parcel = locks.lock_parcel(parcel_id)
    if part.cooperative_id != cooperative.pk:
        raise Missing()
    if run is not None and not parcel.run_parcels.filter(run=run, released_at=None).exists():
        raise Missing()
    if step not in possible_steps(parcel):
        raise HandoverNotPossible()
    if step == HandoverStep.TO_BUYER:
        require_no_recalled_lot(parcel)
    HandoverCode.objects.filter(parcel=parcel, closed_at=None).update(closed_at=now)
    five = f"{secrets.randbelow(10 ** (DIGITS - 1)):0{DIGITS - 1}d}"
    digits = five + check_digit(five)
    code = HandoverCode(
        parcel=parcel,
        step=step,
        giver_name=giver_name.strip()[:120],
        is_cash_collected=is_cash_collected,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    code.digest = _hash_digits(code, digits)
    code.save(force_insert=True)
    return IssuedCode(code, digits, _SIGNER.sign(code.pk.hex))


def find_scanned_code(token: str, now: datetime.datetime) -> HandoverCode:
    """Return the open code of a scanned QR code. Raises ForeignHandoverCode, HandoverCodeClosed."""
    try:
        key = _SIGNER.unsign(token)
    except signing.BadSignature as error:
        raise ForeignHandoverCode() from error
    # Wrong digits close only the digits, because nobody guesses the signature.
    code = HandoverCode.objects.open(now).filter(pk=key).select_related("parcel__part__order").first()
    if code is None:
        raise HandoverCodeClosed()
    return code


def try_handover_digits(
    *, order_code: str, label_code: str, digits: str, now: datetime.datetime
) -> HandoverCode:
    """Return the parcel's open code if its digits match. Three wrong tries close it.

    The try is counted in a statement of its own, so that a refusal keeps it. Raises HandoverCodeClosed,
    WrongHandoverCode.
    """
    handover_codes = HandoverCode.objects.usable(now).filter(
        parcel__part__order__code=order_code, parcel__label_code=label_code
    )
    code = handover_codes.select_related("parcel__part__order").first()
    if code is None:
        raise HandoverCodeClosed(field="digits")
    if not HandoverCode.objects.usable(now).filter(pk=code.pk).update(tries=F("tries") + 1):
        raise HandoverCodeClosed(field="digits")
    code.refresh_from_db(fields=["tries"])
    entered = "".join(character for character in digits if character.isdecimal())
    if constant_time_compare(code.digest, _hash_digits(code, entered)):
        return code
    raise wrong_code(HandoverCode.MAX_TRIES - code.tries)


def wrong_code(left: int) -> Refused:
    """Return the refusal of wrong digits, which says how many tries are left, or that the code is closed."""
    if left <= 0:
        return HandoverCodeClosed(field="digits")
    message = ngettext_lazy(
        "The code is not correct. You have %(count)d attempt left.",
        "The code is not correct. You have %(count)d attempts left.",
        "count",
    )
    return WrongHandoverCode(message % {"count": left}, field="digits", left=left)


def check_digit(digits: str) -> str:
    """Return the Luhn digit, which reveals wrong digits and most swapped neighbours without a network."""
    doubled = (2 * int(digit) if place % 2 == 0 else int(digit) for place, digit in enumerate(digits[::-1]))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


@transaction.atomic(durable=True)
def confirm_handover(
    *,
    code: HandoverCode,
    method: HandoverMethod,
    receiver: Receiver,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    run: DeliveryRun | None = None,
    now: datetime.datetime,
) -> HandoverRecord:
    """Record that the receiver has the parcel, and move the parcel on by the step's own transition.

    `code` was found by its scan or its digits. Only a packer of the cooperative receives for the collection
    point. `happened_at` is when a phone without a network confirmed it. If `run` is given, its driver is the
    receiver. Raises HandoverCodeClosed, HandoverDetailsRequired, HandoverNotPossible, LinesNotWeighed,
    Missing, ParcelNotInRun, RecalledLotInParcel, RecalledLotOnTheWay, RunEnded, TransitionNotAllowed.
    """
    happened_at = happened_at or now
    for field, text in (("name", receiver.name), ("place", receiver.place)):
        if not text.strip():
            raise HandoverDetailsRequired(field=field)
    lock_open_run(run)
    order, part, parcel = locks.lock_parcel(code.parcel_id)
    step = HandoverStep(code.step)
    require_parcel_of_run(run, parcel, step)
    if step == HandoverStep.TO_COLLECTION_POINT and part.cooperative_id not in receiver.cooperative_ids:
        raise Missing()
    open_code = HandoverCode.objects.filter(pk=code.pk, closed_at=None, expires_at__gt=happened_at)
    if not open_code.update(closed_at=now):
        raise HandoverCodeClosed()
    if step not in possible_steps(parcel):
        raise HandoverNotPossible()
    move_parcel(code, order, part, parcel, actor=receiver.actor, happened_at=happened_at, now=now)
    return HandoverRecord.objects.create(
        parcel=parcel,
        code=code,
        step=step,
        method=method,
        giver_name=code.giver_name,
        receiver_name=" ".join(receiver.name.split())[:120],
        place=" ".join(receiver.place.split())[:200],
        happened_at=happened_at,
        idempotency_key=idempotency_key,
    )


def lock_open_run(run: DeliveryRun | None) -> None:
    """In a transaction: lock the run whose driver receives, before its parcels' orders. Raises RunEnded."""
    if run is not None and locks.lock_run(run.pk).ended_at is not None:
        raise RunEnded()


def require_parcel_of_run(run: DeliveryRun | None, parcel: Parcel, step: HandoverStep) -> None:
    """Raise ParcelNotInRun if a run's driver receives another parcel than one that the run collects."""
    if run is not None and not (
        step == HandoverStep.TO_DRIVER and parcel.run_parcels.filter(run=run).exists()
    ):
        raise ParcelNotInRun()


def move_parcel(
    code: HandoverCode,
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    *,
    actor: Actor,
    happened_at: datetime.datetime,
    now: datetime.datetime,
) -> None:
    """On a locked order: move a parcel on by the transition of the code's step.

    Raises LinesNotWeighed, RecalledLotInParcel, RecalledLotOnTheWay, TransitionNotAllowed.
    """
    if code.step == HandoverStep.TO_COLLECTION_POINT:
        if parcel.state == ParcelState.PACKING:
            close_locked_parcel(order, part, parcel, actor=actor, now=now)
        record_part_change(order, part, "parcel.received_at_point", parcel, actor=actor, now=now)
    elif code.step == HandoverStep.TO_DRIVER:
        run = DeliveryRun.objects.open().filter(run_parcels__parcel=parcel).first()
        details = dispatch_details_of_run(run) if run is not None else DispatchDetails()
        dispatch_parcel(order, part, parcel, details, happened_at=happened_at, actor=actor, now=now)
    else:
        require_no_recalled_lot(parcel)
        deliver_locked_parcel(
            order, part, parcel, is_cash_collected=code.is_cash_collected, actor=actor, now=now
        )


def _hash_digits(code: HandoverCode, digits: str) -> str:
    """Hash the digits with SECRET_KEY, because a plain hash of six digits is guessed at once."""
    return salted_hmac("orders.handovers", f"{code.pk}:{digits}", algorithm="sha256").hexdigest()
