"""VietQR: a bank transfer as text that every Vietnamese bank's app reads from a QR code.

Source: NAPAS, "Format of QR code for transfers" (EMVCo merchant-presented: tag, length, value, the first two
with two digits each, and a checksum over all of it).
"""

from __future__ import annotations

import binascii
import io
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import segno
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused, Words

MAX_QR_NOTE_LENGTH = 25
MAX_BILL_LENGTH = 25
MAX_QR_AMOUNT = 10**12  # đồng; no shop's transfer is larger, and apps accept at most 13 digits
_GUID = "A000000727"
_VND, _VIETNAM = "704", "VN"
_STATIC, _DYNAMIC = "11", "12"
_LONGEST_PAYLOAD = 512
_CHECKSUM = re.compile("[0-9A-F]{4}")
_POSITIVE_INTEGER = re.compile("[1-9][0-9]*")
_BIN = re.compile("[0-9]{6}")
_ACCOUNT = re.compile("[0-9A-Za-z]{1,19}")
_CARD = re.compile("[0-9]{16,19}")
_BILL = re.compile(f"[0-9A-Za-z./_-]{{1,{MAX_BILL_LENGTH}}}")
_UNDECOMPOSABLE = {0x0111: "d", 0x0110: "D"}  # the one letter that does not decompose
_NOT_ALLOWED_IN_NOTES = re.compile(r"[^0-9A-Za-z ./_-]+")


class QrService(StrEnum):
    """The target of the transfer: an account, or the account behind a card."""

    ACCOUNT = "QRIBFTTA"
    CARD = "QRIBFTTC"


class PayloadFault(StrEnum):
    """The error in a payload, for programs."""

    LENGTH = "length"
    CHECKSUM = "checksum"
    VERSION = "version"
    KIND = "kind"
    GUID = "guid"
    BANK = "bank"
    ACCOUNT = "account"
    SERVICE = "service"
    CURRENCY = "currency"
    COUNTRY = "country"
    AMOUNT = "amount"
    BILL = "bill"
    NOTE = "note"


class InvalidPayload(Refused):
    """Not a valid VietQR payload, or none can be built from this; `details["fault"]` is the Fault."""

    code = "bad_payload"
    default_words = _("These details do not make a transfer by QR code.")

    def __init__(self, fault: PayloadFault) -> None:
        super().__init__(fault=fault)


@dataclass(frozen=True, slots=True)
class QrTransfer:
    """What a payload requests. `amount` is whole đồng; without one the payer types it (static codes only)."""

    bank: str
    account: str
    amount: int | None = None
    bill: str = ""
    note: str = ""
    service: QrService = QrService.ACCOUNT
    is_dynamic: bool = False


def build_payload(
    *,
    bank: str,
    account: str,
    amount: int | None = None,
    note: str = "",
    bill: str = "",
    service: QrService = QrService.ACCOUNT,
) -> str:
    """Build the text of the QR code: dynamic with an amount (whole đồng), static without one.

    `bank` is a BIN, `bill` an ASCII number of up to 25 characters; the note is folded by `fold_note`. Raises
    InvalidPayload for values that a code cannot hold.
    """
    if bill and not _BILL.fullmatch(bill):
        raise InvalidPayload(PayloadFault.BILL)
    transfer = QrTransfer(bank, account, amount, bill, fold_note(note), service, amount is not None)
    _check_transfer(transfer)
    goes_to = _field("00", bank) + _field("01", account)
    parts = [
        _field("00", "01"),
        _field("01", _DYNAMIC if transfer.is_dynamic else _STATIC),
        _field("38", _field("00", _GUID) + _field("01", goes_to) + _field("02", service)),
        _field("53", _VND),
        _field("54", str(amount) if amount is not None else ""),
        _field("58", _VIETNAM),
        _field("62", _field("01", bill) + _field("08", transfer.note)),
    ]
    text = "".join(parts) + "6304"
    return text + _checksum(text)


def read_payload(text: str) -> QrTransfer:
    """Parse a payload. Raises InvalidPayload unless it follows the VietQR format exactly.

    EMVCo fields that VietQR does not use (a shop's name, its town) are accepted and ignored.
    """
    if not text.isascii() or not text.isprintable() or not 8 < len(text) <= _LONGEST_PAYLOAD:
        raise InvalidPayload(PayloadFault.LENGTH)
    fields = _fields(text)
    if next(reversed(fields)) != "63" or not _CHECKSUM.fullmatch(fields["63"]):
        raise InvalidPayload(PayloadFault.CHECKSUM)
    if _checksum(text[:-4]) != fields["63"]:
        raise InvalidPayload(PayloadFault.CHECKSUM)
    for tag, value, fault in (
        ("00", "01", PayloadFault.VERSION),
        ("53", _VND, PayloadFault.CURRENCY),
        ("58", _VIETNAM, PayloadFault.COUNTRY),
    ):
        if fields.get(tag) != value:
            raise InvalidPayload(fault)
    if fields.get("01") not in (_STATIC, _DYNAMIC):
        raise InvalidPayload(PayloadFault.KIND)
    bank, account, service = _parse_recipient(fields)
    if "54" in fields and not _POSITIVE_INTEGER.fullmatch(fields["54"]):
        raise InvalidPayload(PayloadFault.AMOUNT)
    about = _fields(fields.get("62", ""))
    transfer = QrTransfer(
        bank,
        account,
        int(fields["54"]) if "54" in fields else None,
        about.get("01", ""),
        about.get("08", ""),
        service,
        fields["01"] == _DYNAMIC,
    )
    _check_transfer(transfer)
    return transfer


def fold_note(text: str, *, longest: int = MAX_QR_NOTE_LENGTH) -> str:
    """Fold a note as banks transmit it: no diacritics (đ is d) or special characters, at most 25 characters
    (or `longest`).

    The end is cut off, so put what must arrive first.
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSABLE))
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(_NOT_ALLOWED_IN_NOTES.sub(" ", bare).split())[:longest].rstrip()


def qr_svg(payload: str, *, title: Words) -> SafeString:
    """Return the QR code as scalable inline SVG, dark on white regardless of the page's colours.

    `title` describes it to screen readers. It needs no inline styles, which our content security policy
    forbids.
    """
    code = segno.make(payload, error="m", micro=False)
    svg = code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    head = f'<svg role="img" shape-rendering="crispEdges" aria-label="{escape(title)}" '
    named = svg.replace("<svg ", head, 1).replace(">", f"><title>{escape(title)}</title>", 1)
    return SafeString(named)


def qr_png(payload: str) -> bytes:
    """Return the QR code as a PNG to be saved: a phone cannot scan its own screen, but can open a picture."""
    picture = io.BytesIO()
    segno.make(payload, error="m", micro=False).save(picture, kind="png", scale=12, border=4)
    return picture.getvalue()


def _field(tag: str, value: str) -> str:
    """Return tag, length and value; an empty string for an empty value."""
    return f"{tag}{len(value):02}{value}" if value else ""


def _fields(text: str) -> dict[str, str]:
    """Parse the fields of a level, in order. Raises InvalidPayload for wrong lengths or a repeated tag."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if len(head) < 4 or not head.isdigit():
            raise InvalidPayload(PayloadFault.LENGTH)
        tag, length = head[:2], int(head[2:])
        value = text[at + 4 : at + 4 + length]
        if not length or len(value) < length or tag in fields:
            raise InvalidPayload(PayloadFault.LENGTH)
        fields[tag] = value
        at += 4 + length
    return fields


def _parse_recipient(fields: dict[str, str]) -> tuple[str, str, QrService]:
    scheme = _fields(fields.get("38", ""))
    if scheme.get("00") != _GUID:
        raise InvalidPayload(PayloadFault.GUID)
    recipient = _fields(scheme.get("01", ""))
    if scheme.get("02") not in tuple(QrService):
        raise InvalidPayload(PayloadFault.SERVICE)
    return recipient.get("00", ""), recipient.get("01", ""), QrService(scheme["02"])


def _check_transfer(transfer: QrTransfer) -> None:
    account = _CARD if transfer.service is QrService.CARD else _ACCOUNT
    amount = transfer.amount
    if not _BIN.fullmatch(transfer.bank):
        raise InvalidPayload(PayloadFault.BANK)
    if not account.fullmatch(transfer.account):
        raise InvalidPayload(PayloadFault.ACCOUNT)
    if amount is None and transfer.is_dynamic:
        raise InvalidPayload(PayloadFault.AMOUNT)
    if amount is not None and not 0 < amount <= MAX_QR_AMOUNT:
        raise InvalidPayload(PayloadFault.AMOUNT)
    if len(transfer.bill) > MAX_BILL_LENGTH:
        raise InvalidPayload(PayloadFault.BILL)
    if len(transfer.note) > MAX_QR_NOTE_LENGTH:
        raise InvalidPayload(PayloadFault.NOTE)


def _checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 1021, initial value FFFF), four upper-case hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"
