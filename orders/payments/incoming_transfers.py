"""Money that arrived on our account, told alike by every service and every statement.

One transfer may be told many times: by a webhook that comes again, by two services, by a statement. Its
fingerprint is the same each time, so that it is counted once:

- where the bank gave a reference: account, reference and amount. A statement's row with the same reference
  is then the same arrival as the webhook's.
- else: account, day in Vietnam, amount, the note's letters, and the how-manieth such row of the day it is,
  for a buyer may send the same sum with the same note twice.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from orders.payments.banks import bank_of
from orders.payments.webhook_signatures import Notice
from shop.core.dates.calendar import VIETNAM, day_of
from shop.core.errors import Refused
from shop.core.texts.folding import fold

MOST = 10**12  # đồng; more is a slip, or an attack
LONGEST_NOTE = 1000
LONGEST_REFERENCE = 100
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
_ACCOUNT = re.compile("[0-9A-Za-z]{4,19}")
_LONGEST_PAYER = 120
_NO_LETTER = re.compile("[^0-9a-z]+")


class Provider(StrEnum):
    """Who told us."""

    SEPAY = "sepay"
    CASSO = "casso"
    PAYOS = "payos"
    STATEMENT = "statement"


class BadArrival(Refused):
    """The notice is proven and yet says no transfer; `details["part"]` names what is wrong with it."""

    code = "bad_arrival"
    default_words = _("This notice does not tell of a transfer as it should.")

    def __init__(self, part: str) -> None:
        super().__init__(part=part)


@dataclass(frozen=True, slots=True)
class Payer:
    """The account that it came from, where the bank told its bank's BIN and its number; else empty."""

    bank_bin: str = ""
    account: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One transfer. `amount` is whole đồng, more than none, whichever way they went.

    `event_id` is the provider's own (empty from a statement), `account` ours, `reference` the bank's (often
    empty), `at` an instant, `occurrence` the count of rows that are alike in one statement.
    """

    provider: Provider
    event_id: str
    account: str
    amount: int
    note: str
    reference: str
    at: datetime.datetime
    is_incoming: bool = True
    occurrence: int = 1
    payer: Payer = Payer()

    @property
    def has_reference(self) -> bool:
        """Whether the bank gave this transfer a number of its own."""
        return bool(_letters(self.reference))

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits, the same whoever tells of this transfer."""
        if self.has_reference:
            return _digest("reference", _letters(self.account), _letters(self.reference), str(self.amount))
        return _digest(self.likeness, str(self.occurrence))

    @property
    def likeness(self) -> str:
        """The same for transfers that nothing but a bank's reference tells apart.

        An arrival told with a reference here and without one there has two fingerprints and one likeness: a
        person should look before both are counted.
        """
        day = day_of(self.at).isoformat()
        return _digest("likeness", _letters(self.account), day, str(self.amount), _letters(self.note))


def arrivals_in(provider: Provider, notice: Notice) -> list[Arrival]:
    """What came in, of a notice that `proofs` has proven. Money that went out is left out.

    Raises BadArrival if any transfer in it is not what the service's pages describe.
    """
    return [each for each in _READERS[provider](notice) if each.is_incoming]


def tidy_text(value: object, longest: int) -> str:
    """Text without control characters (no database takes them all), cut to its longest."""
    text = "" if value is None else str(value)
    kept = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text)
    return " ".join(kept.split())[:longest]


def checked_time(at: datetime.datetime) -> datetime.datetime | None:
    """The instant in UTC, a time without a zone being Vietnam's; None outside this century."""
    if not EARLIEST_YEAR < at.year < LATEST_YEAR:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=VIETNAM)).astimezone(datetime.UTC)


def _sepay(notice: Notice) -> list[Arrival]:
    """https://developer.sepay.vn: one transfer; `transferType` is in or out."""
    way = notice.get("transferType")
    if way not in ("in", "out"):
        raise BadArrival("transferType")
    return [
        Arrival(
            Provider.SEPAY,
            _id(notice, "id"),
            _account(notice),
            _amount(notice, "transferAmount"),
            tidy_text(notice.get("content"), LONGEST_NOTE),
            _reference(notice, "referenceCode"),
            _time(notice, "transactionDate"),
            is_incoming=way == "in",
        )
    ]


def _casso(notice: Notice) -> list[Arrival]:
    """https://developer.casso.vn, webhook V2: `data` is a transfer or a list of them.

    Money that went out has a negative amount.
    """
    if notice.get("error") != 0:
        raise BadArrival("error")
    data = notice.get("data")
    told = data if isinstance(data, list) else [data]
    return [_casso_transfer(each) for each in told]


def _casso_transfer(told: Any) -> Arrival:
    if not isinstance(told, dict):
        raise BadArrival("data")
    amount = told.get("amount")
    is_incoming = not (isinstance(amount, int) and amount < 0)
    size = amount if is_incoming or amount is None else -amount
    return Arrival(
        Provider.CASSO,
        _id(told, "id"),
        _account(told),
        _amount({"amount": size}, "amount"),
        tidy_text(told.get("description"), LONGEST_NOTE),
        _reference(told, "reference"),
        _time(told, "transactionDateTime"),
        is_incoming=is_incoming,
        payer=_payer(told),
    )


def _payos(notice: Notice) -> list[Arrival]:
    """https://payos.vn/docs: one payment of a payment link; the code 00 says that it was paid.

    payOS gives a payment no number of its own: the link and the bank's reference make one.
    """
    data = notice.get("data")
    if not isinstance(data, dict):
        raise BadArrival("data")
    if notice.get("code") != "00" or data.get("code") != "00":
        raise BadArrival("code")
    if data.get("currency", "VND") != "VND":
        raise BadArrival("currency")
    reference = _reference(data, "reference")
    return [
        Arrival(
            Provider.PAYOS,
            f"{_id(data, 'paymentLinkId')}:{reference or data.get('transactionDateTime')}",
            _account(data),
            _amount(data, "amount"),
            tidy_text(data.get("description"), LONGEST_NOTE),
            reference,
            _time(data, "transactionDateTime"),
            payer=_payer(data),
        )
    ]


_READERS: dict[Provider, Callable[[Notice], list[Arrival]]] = {
    Provider.SEPAY: _sepay,
    Provider.CASSO: _casso,
    Provider.PAYOS: _payos,
}


def _id(told: Notice, key: str) -> str:
    value = told.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadArrival(key)
    text = tidy_text(value, LONGEST_REFERENCE + 1)
    if not text or len(text) > LONGEST_REFERENCE:
        raise BadArrival(key)
    return text


def _account(told: Notice) -> str:
    value = told.get("accountNumber")
    account = _letters(value).upper() if isinstance(value, str) else ""
    if not 1 <= len(account) <= 30:
        raise BadArrival("accountNumber")
    return account


def _payer(told: Notice) -> Payer:
    """As Casso and payOS tell it; a bank that we do not know by its BIN makes it no account to send to."""
    bank, account = (
        tidy_text(told.get(f"counterAccount{key}"), _LONGEST_PAYER) for key in ("BankId", "Number")
    )
    if bank_of(bank) is None or not _ACCOUNT.fullmatch(account):
        return Payer()
    return Payer(bank, account, tidy_text(told.get("counterAccountName"), _LONGEST_PAYER))


def _amount(told: Notice, key: str) -> int:
    value = told.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST:
        raise BadArrival(key)
    return value


def _reference(told: Notice, key: str) -> str:
    value = told.get(key)
    if value is not None and not isinstance(value, str):
        raise BadArrival(key)
    reference = tidy_text(value, LONGEST_REFERENCE + 1)
    if len(reference) > LONGEST_REFERENCE:
        raise BadArrival(key)
    return reference


def _time(told: Notice, key: str) -> datetime.datetime:
    try:
        at = checked_time(datetime.datetime.fromisoformat(told.get(key, "")))
    except (ValueError, TypeError) as error:
        raise BadArrival(key) from error
    if at is None:
        raise BadArrival(key)
    return at


def _letters(text: str) -> str:
    """What is left of a text when banks write it their own ways: letters and digits, in small."""
    return _NO_LETTER.sub("", fold(text))


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
