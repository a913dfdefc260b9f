"""Reader of VietQR payloads as in a bank's app, independent of the code that builds them."""

from __future__ import annotations

import binascii
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QrTransfer:
    """The transfer that a code requests. `amount` is in đồng."""

    bank: str
    account: str
    amount: int
    note: str = ""


def read_payload(text: str) -> QrTransfer:
    """Read a transfer to an account. Raises ValueError for a code that no app accepts."""
    fields = _fields(text)
    if list(fields)[-1:] != ["63"] or checksum(text[:-4]) != fields["63"]:
        raise ValueError("checksum")
    tags = [fields.get(tag) for tag in ("00", "01", "53", "58")]
    if tags != ["01", "12", "704", "VN"]:
        raise ValueError(f"tags {tags}")
    scheme = _fields(fields["38"])
    if (scheme["00"], scheme["02"]) != ("A000000727", "QRIBFTTA"):
        raise ValueError(f"scheme {scheme}")
    recipient = _fields(scheme["01"])
    note = _fields(fields.get("62", "")).get("08", "")
    return QrTransfer(recipient["00"], recipient["01"], int(fields["54"]), note)


def checksum(text: str) -> str:
    """Return CRC-16/CCITT-FALSE as four upper-case hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def _fields(text: str) -> dict[str, str]:
    """Return fields by tag, in order: two digits of tag, two of length, the value."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        tag, length = text[at : at + 2], text[at + 2 : at + 4]
        if not (length.isascii() and length.isdigit() and 0 < int(length) <= len(text) - at - 4):
            raise ValueError(f"length {length!r} of {tag!r}")
        if tag in fields:
            raise ValueError(f"{tag} twice")
        fields[tag] = text[at + 4 : at + 4 + int(length)]
        at += 4 + int(length)
    return fields
