"""The commands of hand-overs: the code that a phone showed, and the code that the receiver's phone took."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import partial

from cooperatives.access import ROLE_RIGHTS, MemberRight, find_memberships
from cooperatives.models import Cooperative
from orders.actions.fulfilment.handovers import Receiver, confirm_handover, find_scanned_code
from orders.actions.fulfilment.phone_codes import (
    LABEL_LENGTH,
    PhoneCode,
    is_phone_label,
    is_phone_token,
    read_phone_token,
)
from orders.actions.fulfilment.phone_handovers import (
    confirm_phone_handover,
    find_code_by_digits,
    offer_handover,
)
from orders.models import DeliveryRun, HandoverCode, HandoverMethod, HandoverRecord, HandoverStep, OrderPart
from shop.core.errors import Missing
from shop.members.sync.command_types import CommandRun, PreparedCommand
from shop.members.sync.payloads import InvalidCommand, Payload
from shop.members.sync.rows import PART, RowReference

MAX_EARLIER = 1000


def offer_parcel(run: CommandRun) -> PreparedCommand:
    """Prepare the record of a code that the giver's phone showed. Raises InvalidCommand, Missing."""
    payload = run.payload
    part_id = payload.whole_number("part")
    step = payload.text("step", max_length=10)
    if step not in (HandoverStep.TO_COLLECTION_POINT, HandoverStep.TO_DRIVER):
        raise InvalidCommand(field="step")
    if not OrderPart.objects.for_cooperative(run.membership.cooperative).filter(pk=part_id).exists():
        raise Missing()
    label_code = read_label_code(payload)
    code = PhoneCode(
        HandoverStep(step),
        part_id=part_id,
        position=0 if label_code else payload.whole_number("position", maximum=MAX_EARLIER),
        label_code=label_code,
        earlier=payload.whole_number("earlier", minimum=0, maximum=MAX_EARLIER),
    )
    action = partial(
        offer_handover,
        code=code,
        cooperative=run.membership.cooperative,
        giver_name=run.membership.user.name,
        now=run.now,
    )
    return PreparedCommand(RowReference(PART, part_id), action)


def receive_parcel(run: CommandRun) -> PreparedCommand:
    """Prepare the confirmation that a member received a parcel, also of another cooperative.

    At a shared phone the PIN is for the phone's cooperative only.
    """
    user = run.membership.user
    packing_for = frozenset(
        row.cooperative_id
        for row in find_memberships(user)
        if MemberRight.PACK in ROLE_RIGHTS[row.role]
        and (not run.is_phone_shared or row.cooperative_id == run.membership.cooperative.pk)
    )
    receiver = Receiver(
        run.payload.text("name", max_length=120),
        run.payload.text("place", max_length=200),
        run.membership.actor,
        packing_for,
    )
    return PreparedCommand(
        None,
        partial(
            record_receipt,
            code=read_sent_code(run.payload),
            receiver=receiver,
            cooperative=run.membership.cooperative,
            idempotency_key=run.idempotency_key,
            happened_at=run.happened_at,
            now=run.now,
        ),
        row_of=_part_of_record,
    )


def _part_of_record(record: HandoverRecord) -> RowReference:
    return RowReference(PART, record.parcel.part_id)


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code as a receiver's phone sends it: the token of a QR code, or six digits with an order's code.

    `label_code` follows the order's code on the parcel's label. It is empty if the label did not have it.
    """

    token: str = ""
    order: str = ""
    label_code: str = ""
    digits: str = ""


def read_sent_code(payload: Payload) -> SentCode:
    """Read the code of a receipt. Raises InvalidCommand."""
    if payload.has("token"):
        return SentCode(token=payload.text("token", max_length=200))
    return SentCode(
        order=payload.text("order", max_length=20).upper(),
        label_code=_read_label_code_or_number(payload),
        digits=payload.text("digits", max_length=20),
    )


def read_label_code(payload: Payload) -> str:
    """Read the letters that a phone put on a label, "" if it sent none. Raises InvalidCommand."""
    label_code = payload.text("label", max_length=LABEL_LENGTH)
    if label_code and not is_phone_label(label_code):
        raise InvalidCommand(field="label")
    return label_code


def _read_label_code_or_number(payload: Payload) -> str:
    number = payload.optional_number("number", maximum=1000)
    return read_label_code(payload) if number is None else str(number)


def record_receipt(
    *,
    code: SentCode,
    receiver: Receiver,
    cooperative: Cooperative,
    idempotency_key: str,
    run: DeliveryRun | None = None,
    happened_at: datetime.datetime,
    now: datetime.datetime,
) -> HandoverRecord:
    """Record a receipt by the code, which a phone made without a network or the market made.

    If `run` is given, its driver is the receiver. Raises as `find_code_by_digits`, `confirm_phone_handover`
    and `confirm_handover`.
    """
    existing = HandoverRecord.objects.filter(idempotency_key=idempotency_key).first()
    if existing is not None:  # also after its digits were closed
        return existing
    entered_by = f"run:{run.pk}" if run is not None else f"member:{receiver.actor.key}"
    found = _find_code(code, cooperative, receiver, entered_by, happened_at=happened_at)
    method = HandoverMethod.SCAN if code.token else HandoverMethod.DIGITS
    confirm = (
        partial(confirm_phone_handover, code=found)
        if isinstance(found, PhoneCode)
        else partial(confirm_handover, code=found)
    )
    return confirm(
        method=method,
        receiver=receiver,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        run=run,
        now=now,
    )


def _find_code(
    code: SentCode,
    cooperative: Cooperative,
    receiver: Receiver,
    entered_by: str,
    *,
    happened_at: datetime.datetime,
) -> PhoneCode | HandoverCode:
    if code.token:
        return (
            read_phone_token(code.token)
            if is_phone_token(code.token)
            else find_scanned_code(code.token, happened_at)
        )
    return find_code_by_digits(
        order_code=code.order,
        label_code=code.label_code,
        digits=code.digits,
        receiver=receiver,
        entered_by=entered_by,
        cooperative=cooperative,
        happened_at=happened_at,
    )
