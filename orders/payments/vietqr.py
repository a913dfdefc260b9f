"""Write a bank transfer as the text of a VietQR code, which every Vietnamese bank's app reads.

Source: NAPAS, "Format of QR code for transfers". The format is EMVCo's for codes that a merchant presents. A
text consists of fields, each with a tag of two digits, a length of two digits and a value. The last field is
a checksum of the whole text.
"""

from __future__ import annotations

import binascii
import io
import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

import segno
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused, StrOrPromise

MAX_QR_NOTE_LENGTH = 25
MAX_QR_AMOUNT = 10**12  # in đồng; no shop's transfer is larger, and apps accept at most 13 digits
_NAPAS_ID = "A000000727"
_TRANSFER_TO_ACCOUNT = "QRIBFTTA"
_VND, _VIETNAM = "704", "VN"
_QR_FOR_ONE_TRANSFER = "12"
_BIN = re.compile("[0-9]{6}")
_ACCOUNT = re.compile("[0-9A-Za-z]{1,19}")
_UNDECOMPOSABLE_LETTERS = {0x0111: "d", 0x0110: "D"}
_NOT_ALLOWED_IN_NOTES = re.compile(r"[^0-9A-Za-z ./_-]+")


class PayloadProblem(StrEnum):
    """Which of the given values a QR code cannot hold. Callers read the problem. People never see it."""

    BANK = "bank"
    ACCOUNT = "account"
    AMOUNT = "amount"


class InvalidPayload(Refused):
    """A VietQR payload cannot be built. `details["problem"]` is the PayloadProblem."""

    code = "invalid_payload"
    default_message = _("These details cannot be used for a QR transfer.")

    def __init__(self, problem: PayloadProblem) -> None:
        super().__init__(problem=problem)


def build_qr_text(*, bank: str, account: str, amount: int, note: str) -> str:
    """Build the text of the QR code of one transfer of `amount` whole đồng.

    `bank` is a BIN. The note is folded by `fold_note`. Raises InvalidPayload for values that a code cannot
    hold.
    """
    if not _BIN.fullmatch(bank):
        raise InvalidPayload(PayloadProblem.BANK)
    if not _ACCOUNT.fullmatch(account):
        raise InvalidPayload(PayloadProblem.ACCOUNT)
    if not 0 < amount <= MAX_QR_AMOUNT:
        raise InvalidPayload(PayloadProblem.AMOUNT)
    recipient = _encode_field("00", bank) + _encode_field("01", account)
    parts = [
        _encode_field("00", "01"),
        _encode_field("01", _QR_FOR_ONE_TRANSFER),
        _encode_field(
            "38",
            _encode_field("00", _NAPAS_ID)
            + _encode_field("01", recipient)
            + _encode_field("02", _TRANSFER_TO_ACCOUNT),
        ),
        _encode_field("53", _VND),
        _encode_field("54", str(amount)),
        _encode_field("58", _VIETNAM),
        _encode_field("62", _encode_field("08", fold_note(note))),
    ]
    text = "".join(parts) + "6304"
    return text + _compute_checksum(text)


def fold_note(text: str, *, max_length: int = MAX_QR_NOTE_LENGTH) -> str:
    """Fold a note as banks transmit it: no diacritics (đ is d) or special characters, cut to `max_length`.

    Text beyond `max_length` is dropped, so put the order code first.
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSABLE_LETTERS))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(_NOT_ALLOWED_IN_NOTES.sub(" ", bare).split())[:max_length].rstrip()


def qr_svg(payload: str, *, title: StrOrPromise) -> SafeString:
    """Return the QR code as scalable inline SVG, dark on white regardless of the page's colours.

    `title` describes it to screen readers. It needs no inline styles, which our content security policy
    forbids.
    """
    svg = _encode_qr(payload).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    opening_tag = f'<svg role="img" shape-rendering="crispEdges" aria-label="{escape(title)}" '
    labelled = svg.replace("<svg ", opening_tag, 1).replace(">", f"><title>{escape(title)}</title>", 1)
    return SafeString(labelled)


def qr_png(payload: str) -> bytes:
    """Return the QR code as a PNG to save.

    A phone cannot scan its own screen, but can open a picture.
    """
    picture = io.BytesIO()
    _encode_qr(payload).save(picture, kind="png", scale=12, border=4)
    return picture.getvalue()


@lru_cache(maxsize=100)  # encoding takes 15 ms, and pages that wait for a transfer are opened again and again
def _encode_qr(payload: str) -> segno.QRCode:
    return segno.make(payload, error="m", micro=False)


def _encode_field(tag: str, value: str) -> str:
    """Return tag, length and value, or an empty text for an empty value."""
    return f"{tag}{len(value):02}{value}" if value else ""


def _compute_checksum(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE (polynomial 1021, initial value FFFF) as four hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"
