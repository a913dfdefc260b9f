"""Incoming bank transfers in one form, whichever service or statement reports them.

One transfer may be reported many times: by a repeated webhook, by two services, by a statement. All reports
have the same fingerprint, so that the transfer is counted once:

- with a bank reference: account, reference and amount. A statement row with the same reference is then the
  same transfer as the webhook's.
- without one: account, day in Vietnam, amount, the note's letters, and the ordinal of this row among similar
  rows of the day, because a buyer may send the same amount with the same note twice.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from orders.payments.banks import find_bank
from orders.payments.webhook_signatures import WebhookBody
from shop.core.dates.calendar import VIETNAM, vietnam_date
from shop.core.errors import Refused
from shop.core.texts.folding import fold

MAX_TRANSFER_AMOUNT = 10**12  # in đồng; a larger amount is a mistake or an attack
MAX_TRANSFER_NOTE_LENGTH = 1000
MAX_REFERENCE_LENGTH = 100
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
_ACCOUNT = re.compile("[0-9A-Za-z]{4,19}")
_MAX_PAYER_LENGTH = 120
_NON_ALPHANUMERIC = re.compile("[^0-9a-z]+")


class TransferSource(StrEnum):
    """The source of a report."""

    SEPAY = "sepay"
    CASSO = "casso"
    PAYOS = "payos"
    STATEMENT = "statement"


class InvalidIncomingTransfer(Refused):
    """The webhook is verified but describes no transfer. `details["part"]` names the invalid field."""

    code = "invalid_incoming_transfer"
    default_message = _("This notification does not describe a transfer correctly.")

    def __init__(self, part: str) -> None:
        super().__init__(part=part)


@dataclass(frozen=True, slots=True)
class Payer:
    """The payer's account. It is empty unless the bank reported a known BIN and an account number."""

    bank_bin: str = ""
    account: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class IncomingTransfer:
    """One transfer, reported by a provider or read from a statement."""

    provider: TransferSource
    # The provider's id, empty from a statement.
    event_id: str
    # The market's account.
    account: str
    # Whole đồng, positive for either direction.
    amount: int
    note: str
    # The bank's reference, often empty.
    reference: str
    # If `has_time` is false, this is the first minute of a day in Vietnam.
    booked_at: datetime.datetime
    is_incoming: bool = True
    # The place among similar rows of one statement, from 1.
    occurrence: int = 1
    payer: Payer = Payer()
    has_time: bool = True

    @property
    def has_reference(self) -> bool:
        """Whether the bank gave this transfer a reference."""
        return bool(_keep_alphanumeric(self.reference))

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits, the same for every report of this transfer."""
        if self.has_reference:
            return _hash_parts(
                "reference",
                _keep_alphanumeric(self.account),
                _keep_alphanumeric(self.reference),
                str(self.amount),
            )
        return _hash_parts(self.similarity_key, str(self.occurrence))

    @property
    def similarity_key(self) -> str:
        """A digest of everything but the bank's reference.

        One source may report a transfer with a reference, and another without. The transfer then has two
        fingerprints but one similarity key, and a person should check before both are counted.
        """
        day = vietnam_date(self.booked_at).isoformat()
        return _hash_parts(
            "similarity_key",
            _keep_alphanumeric(self.account),
            day,
            str(self.amount),
            _keep_alphanumeric(self.note),
        )


def read_incoming_transfers(provider: TransferSource, webhook_body: WebhookBody) -> list[IncomingTransfer]:
    """Return the incoming transfers of a webhook whose signature is verified. Outgoing ones are left out.

    Raises InvalidIncomingTransfer if any transfer in it differs from the service's documentation.
    """
    return [transfer for transfer in _READERS[provider](webhook_body) if transfer.is_incoming]


def clean_text(value: object, max_length: int) -> str:
    """Return text without control characters, which some databases refuse, cut to the given length."""
    text = "" if value is None else str(value)
    printable = "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs") else character for character in text
    )
    return " ".join(printable.split())[:max_length]


def normalise_time(moment: datetime.datetime) -> datetime.datetime | None:
    """Return the instant in UTC, or None outside 2001 to 2099. A time without a zone is read as Vietnam's."""
    if not EARLIEST_YEAR < moment.year < LATEST_YEAR:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)).astimezone(datetime.UTC)


def _read_sepay(webhook_body: WebhookBody) -> list[IncomingTransfer]:
    """Read the one transfer of a SePay webhook. Raises InvalidIncomingTransfer."""
    direction = webhook_body.get("transferType")
    if direction not in ("in", "out"):
        raise InvalidIncomingTransfer("transferType")
    return [
        IncomingTransfer(
            provider=TransferSource.SEPAY,
            event_id=_read_id(webhook_body, "id"),
            account=_read_account(webhook_body),
            amount=_read_amount(webhook_body, "transferAmount"),
            note=clean_text(webhook_body.get("content"), MAX_TRANSFER_NOTE_LENGTH),
            reference=_read_reference(webhook_body, "referenceCode"),
            booked_at=_read_time(webhook_body, "transactionDate"),
            is_incoming=direction == "in",
        )
    ]


def _read_casso(webhook_body: WebhookBody) -> list[IncomingTransfer]:
    """Read Casso's webhook V2 (https://developer.casso.vn). `data` is a transfer or a list of transfers.

    Outgoing transfers have a negative amount. Raises InvalidIncomingTransfer.
    """
    if webhook_body.get("error") != 0:
        raise InvalidIncomingTransfer("error")
    data = webhook_body.get("data")
    payload = data if isinstance(data, list) else [data]
    return [_read_casso_transfer(item) for item in payload]


def _read_casso_transfer(payload: object) -> IncomingTransfer:
    if not isinstance(payload, dict):
        raise InvalidIncomingTransfer("data")
    amount = payload.get("amount")
    is_incoming = not (isinstance(amount, int) and amount < 0)
    absolute_amount = amount if is_incoming or amount is None else -amount
    return IncomingTransfer(
        provider=TransferSource.CASSO,
        event_id=_read_id(payload, "id"),
        account=_read_account(payload),
        amount=_read_amount({"amount": absolute_amount}, "amount"),
        note=clean_text(payload.get("description"), MAX_TRANSFER_NOTE_LENGTH),
        reference=_read_reference(payload, "reference"),
        booked_at=_read_time(payload, "transactionDateTime"),
        is_incoming=is_incoming,
        payer=_read_payer(payload),
    )


def _read_payos(webhook_body: WebhookBody) -> list[IncomingTransfer]:
    """Read payOS's webhook (https://payos.vn/docs), which has one payment of a payment link.

    The code 00 means paid. payOS gives a payment no id of its own, so the link and the bank's reference form
    one. Raises InvalidIncomingTransfer.
    """
    data = webhook_body.get("data")
    if not isinstance(data, dict):
        raise InvalidIncomingTransfer("data")
    if webhook_body.get("code") != "00" or data.get("code") != "00":
        raise InvalidIncomingTransfer("code")
    if data.get("currency", "VND") != "VND":
        raise InvalidIncomingTransfer("currency")
    reference = _read_reference(data, "reference")
    return [
        IncomingTransfer(
            provider=TransferSource.PAYOS,
            event_id=f"{_read_id(data, 'paymentLinkId')}:{reference or data.get('transactionDateTime')}",
            account=_read_account(data),
            amount=_read_amount(data, "amount"),
            note=clean_text(data.get("description"), MAX_TRANSFER_NOTE_LENGTH),
            reference=reference,
            booked_at=_read_time(data, "transactionDateTime"),
            payer=_read_payer(data),
        )
    ]


_READERS: dict[TransferSource, Callable[[WebhookBody], list[IncomingTransfer]]] = {
    TransferSource.SEPAY: _read_sepay,
    TransferSource.CASSO: _read_casso,
    TransferSource.PAYOS: _read_payos,
}


def _read_id(payload: WebhookBody, key: str) -> str:
    value = payload.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InvalidIncomingTransfer(key)
    text = clean_text(value, MAX_REFERENCE_LENGTH + 1)
    if not text or len(text) > MAX_REFERENCE_LENGTH:
        raise InvalidIncomingTransfer(key)
    return text


def _read_account(payload: WebhookBody) -> str:
    value = payload.get("accountNumber")
    account = _keep_alphanumeric(value).upper() if isinstance(value, str) else ""
    if not 1 <= len(account) <= 30:
        raise InvalidIncomingTransfer("accountNumber")
    return account


def _read_payer(payload: WebhookBody) -> Payer:
    """Return the payer as Casso and payOS report it.

    It is empty if the bank's BIN or the number is not valid.
    """
    bank, account = (
        clean_text(payload.get(f"counterAccount{key}"), _MAX_PAYER_LENGTH) for key in ("BankId", "Number")
    )
    if find_bank(bank) is None or not _ACCOUNT.fullmatch(account):
        return Payer()
    return Payer(bank, account, clean_text(payload.get("counterAccountName"), _MAX_PAYER_LENGTH))


def _read_amount(payload: WebhookBody, key: str) -> int:
    value = payload.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_TRANSFER_AMOUNT:
        raise InvalidIncomingTransfer(key)
    return value


def _read_reference(payload: WebhookBody, key: str) -> str:
    value = payload.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidIncomingTransfer(key)
    reference = clean_text(value, MAX_REFERENCE_LENGTH + 1)
    if len(reference) > MAX_REFERENCE_LENGTH:
        raise InvalidIncomingTransfer(key)
    return reference


def _read_time(payload: WebhookBody, key: str) -> datetime.datetime:
    try:
        text = payload.get(key, "")
        if not isinstance(text, str):
            raise TypeError(key)
        moment = normalise_time(datetime.datetime.fromisoformat(text))
    except (ValueError, TypeError) as error:
        raise InvalidIncomingTransfer(key) from error
    if moment is None:
        raise InvalidIncomingTransfer(key)
    return moment


def _keep_alphanumeric(text: str) -> str:
    """Return the letters and digits of a text in lower case, which all banks' spellings share."""
    return _NON_ALPHANUMERIC.sub("", fold(text))


def _hash_parts(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
