"""Codes that a giver's phone makes without a network, from a key that it received before.

The phone holds a key for each part that its member packs, or for each parcel of its driver's run. From the
key it computes the six digits and signs the QR code. The receiver's phone keeps the digits or the QR code
until it has a network. We compute both again, so a code needs no row before it arrives, and the order in
which phones send does not matter.

The subject of a code is one hand-over. It is "p.PART.PARCEL.STEP.EARLIER" for a parcel that members give,
with the number of earlier hand-overs of this step. PARCEL is the code that a phone put on the parcel's label,
or else the parcel's position among those of the part. The subject is "r.RUN.PARCEL" if a driver gives the
parcel to the buyer.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from django.utils.crypto import constant_time_compare, salted_hmac

from orders.actions.fulfilment.handovers import ForeignHandoverCode, check_digit
from orders.models import HandoverStep
from shop.core.identifiers.check_characters import ALPHABET

SIGNATURE_LENGTH = 32  # hexadecimal digits
# A phone puts letters on a label, the market numbers. 83,521 codes suffice for the parcels of one order.
LABEL_LETTERS, LABEL_LENGTH = "".join(filter(str.isalpha, ALPHABET)), 4
MEMBER_STEPS = (HandoverStep.TO_COLLECTION_POINT, HandoverStep.TO_DRIVER)


@dataclass(frozen=True, slots=True)
class PhoneCode:
    """What a code made on a phone is about: a part's parcel by its label or position, or a parcel of a run.

    `earlier` counts the hand-overs of the step before this one. `giver_id` is the member whose phone made a
    QR code. `is_cash_collected` is what the driver says about the cash.
    """

    step: HandoverStep
    part_id: int = 0
    position: int = 0
    label_code: str = ""
    earlier: int = 0
    run_id: int = 0
    parcel_id: int = 0
    giver_id: int = 0
    is_cash_collected: bool = False

    @property
    def subject(self) -> str:
        if self.run_id:
            return f"r.{self.run_id}.{self.parcel_id}"
        return f"p.{self.part_id}.{self.label_code or self.position}.{self.step}.{self.earlier}"

    @property
    def key(self) -> str:
        return driver_phone_key(self.run_id, self.parcel_id) if self.run_id else part_key(self.part_id)

    @property
    def digits(self) -> str:
        """Five digits of the code, and a check digit."""
        five = f"{int(_sign(self.key, self.subject)[:8], 16) % 100_000:05d}"
        return five + check_digit(five)

    @property
    def token(self) -> str:
        """The signed text of the QR code."""
        detail = int(self.is_cash_collected) if self.run_id else self.giver_id
        body = f"{self.subject}.{detail}"
        return f"{body}.{_sign(self.key, body)[:SIGNATURE_LENGTH]}"


def part_key(part_id: int) -> str:
    """Return the key with which phones of a cooperative's packers make codes for a part's parcels."""
    return salted_hmac("orders.phone_handovers.part", str(part_id), algorithm="sha256").hexdigest()


def driver_phone_key(run_id: int, parcel_id: int) -> str:
    """Return the key with which a driver's phone makes codes for a parcel's buyer."""
    value = f"{run_id}:{parcel_id}"
    return salted_hmac("orders.phone_handovers.run", value, algorithm="sha256").hexdigest()


def is_phone_label(text: str) -> bool:
    """Return whether a phone could have put these letters on the label of a parcel that it packed."""
    return len(text) == LABEL_LENGTH and all(letter in LABEL_LETTERS for letter in text)


def is_phone_token(token: str) -> bool:
    """Return whether a QR code looks like one that a phone made."""
    return token.startswith(("p.", "r."))


def read_phone_token(token: str) -> PhoneCode:
    """Return the code of a scanned QR code. Raises ForeignHandoverCode unless the key signed it."""
    fields = token.split(".")
    try:
        match fields:
            case ["p", part, parcel, step, earlier, giver, _signature]:
                is_labelled = is_phone_label(parcel)
                code = PhoneCode(
                    step=HandoverStep(step),
                    part_id=int(part),
                    position=0 if is_labelled else int(parcel),
                    label_code=parcel if is_labelled else "",
                    earlier=int(earlier),
                    giver_id=int(giver),
                )
            case ["r", run, parcel, is_cash_collected, _signature]:
                code = PhoneCode(
                    step=HandoverStep.TO_BUYER,
                    run_id=int(run),
                    parcel_id=int(parcel),
                    is_cash_collected=is_cash_collected == "1",
                )
            case _:
                raise ForeignHandoverCode()
    except ValueError as error:
        raise ForeignHandoverCode() from error
    is_of_member = code.step in MEMBER_STEPS and (bool(code.label_code) or code.position >= 1)
    if not (code.run_id or is_of_member):  # a packer's phone can sign any text
        raise ForeignHandoverCode()
    # Comparing the whole text also refuses other spellings of the same numbers.
    if len(token) > 120 or not constant_time_compare(code.token, token):
        raise ForeignHandoverCode()
    return code


def _sign(key: str, text: str) -> str:
    return hmac.new(bytes.fromhex(key), text.encode(), "sha256").hexdigest()
