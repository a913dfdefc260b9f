"""Normalise, validate and format Vietnamese phone numbers."""

from __future__ import annotations

import unicodedata

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_COUNTRY = "84"
MAX_DIGITS = 15  # the longest number in the world, with country code (ITU-T E.164)


def normalise_phone(written: str) -> str:
    """Return the stored form: "+84987654321" for "0987.654.321", "84987…", "+84 (0)987…".

    Foreign numbers keep their "+". Short numbers (113, 1900 xxxx) and invalid ones keep their digits. Nothing
    is refused, because carriers open prefixes faster than lists of them are updated.
    """
    digits = "".join(str(unicodedata.decimal(sign)) for sign in written if sign.isdecimal())
    international = written.strip().startswith(("+", "(+")) or digits.startswith("00")
    if digits.startswith("00"):
        digits = digits[2:]
    if international and not digits.startswith(_COUNTRY):
        return f"+{digits}"
    if international or (digits.startswith(_COUNTRY) and len(digits) in (11, 12)):
        return f"+{_COUNTRY}{digits[2:].removeprefix('0')}"
    if digits.startswith("0") and len(digits) > 1:
        return f"+{_COUNTRY}{digits[1:]}"
    # Nine digits without the leading zero: mobile prefixes are 3, 5, 7, 8 and 9.
    if len(digits) == 9 and digits[0] in "35789":
        return f"+{_COUNTRY}{digits}"
    return digits


def validate_phone(written: str) -> None:
    """Refuse numbers with more digits than any phone number has; unusual ones pass."""
    if len(normalise_phone(written).removeprefix("+")) > MAX_DIGITS:
        raise ValidationError(
            _("Enter a phone number with at most %(most)s digits.") % {"most": MAX_DIGITS},
            code="phone_too_long",
        )


def is_likely_mistyped(written: str) -> bool:
    """Whether to ask the person to check the number. Only a warning: valid numbers may look odd."""
    try:
        return not phonenumbers.is_valid_number(phonenumbers.parse(normalise_phone(written), "VN"))
    except phonenumbers.NumberParseException:
        return True


def format_phone(number: str) -> str:
    """Format a stored number for display: "0987 654 321"; a foreign one as "+1 202-555-0100"."""
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    if parsed.country_code != int(_COUNTRY):
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    local = "0" + number.removeprefix(f"+{_COUNTRY}")
    return " ".join(filter(None, (local[:4], local[4:7], local[7:])))
