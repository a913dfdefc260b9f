"""Normalise, validate and format Vietnamese phone numbers."""

from __future__ import annotations

import unicodedata
from typing import NoReturn

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.core.errors import Refused

_COUNTRY = "84"
_MOBILE_DIGITS, _LANDLINE_DIGITS = 10, 11  # with the leading zero
_HOTLINE_PREFIXES, _HOTLINE_DIGITS = ("1800", "1900"), (8, 10)
MIN_FOREIGN_DIGITS = 7
MAX_DIGITS = 15  # the longest number in the world, with country code (ITU-T E.164)


class InvalidPhone(Refused):
    code = "invalid_phone"
    default_message = gettext_lazy("Enter the phone number in digits.")


def normalise_phone(entered: str) -> str:
    """Return the stored form, such as "+84987654321" for "0987.654.321", "84987…" and "+84 (0)987…".

    Foreign numbers keep their "+". Short numbers (113, 1900 xxxx) and invalid ones keep their digits.
    `validate_phone` refuses numbers that cannot be dialled.
    """
    digits = "".join(str(unicodedata.decimal(character)) for character in entered if character.isdecimal())
    international = entered.strip().startswith(("+", "(+")) or digits.startswith("00")
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


def validate_phone(entered: str, *, region: str = "VN", is_business: bool = False) -> None:
    """Refuse a number of the wrong length, naming both counts. Unusual prefixes pass.

    Mobile numbers have 10 digits and landlines (02x) 11. Hotlines (1800, 1900) pass only for a business. A
    number without "+" is read as dialled within `region`. A refusal is a form's error.
    """
    if any(sign.isalpha() for sign in entered) or not any(sign.isdecimal() for sign in entered):
        raise ValidationError(_("Enter the phone number in digits."), code="phone_not_digits")
    number = normalise_phone(entered)
    if region != "VN" and not entered.strip().startswith(("+", "(+", "00")):
        _validate_in_region(entered, region)
    elif number.startswith("+") and not number.startswith(f"+{_COUNTRY}"):
        _validate_foreign(number)
    elif is_business and number.startswith(_HOTLINE_PREFIXES):
        if len(number) not in _HOTLINE_DIGITS:
            _refuse_length(
                _("A number starting with 1800 or 1900 has 8 or 10 digits; this one has %(count)s."), number
            )
    else:
        _validate_vietnamese(number)


def require_phone(
    entered: str | None, *, field: str = "phone", region: str = "VN", is_business: bool = False
) -> None:
    """Raise InvalidPhone for a number that `validate_phone` refuses. Every action calls it before saving one.

    An empty number passes, because whether one is needed is another rule.
    """
    if not entered:
        return
    try:
        validate_phone(entered, region=region, is_business=is_business)
    except ValidationError as error:
        raise InvalidPhone(error.messages[0], field=field) from error


def _validate_vietnamese(number: str) -> None:
    local = f"0{number.removeprefix(f'+{_COUNTRY}')}" if number.startswith("+") else number
    is_landline = local.startswith("02")
    if len(local) != (_LANDLINE_DIGITS if is_landline else _MOBILE_DIGITS):
        message = (
            _("A landline number (02…) has 11 digits; this one has %(count)s.")
            if is_landline
            else _("A phone number has 10 digits; this one has %(count)s.")
        )
        _refuse_length(message, local)
    if not local.startswith("0") or local.startswith("00"):
        _refuse_start()


def _validate_foreign(number: str) -> None:
    digits = number.removeprefix("+")
    if not MIN_FOREIGN_DIGITS <= len(digits) <= MAX_DIGITS:
        _refuse_length(_("A number with a country code has 7 to 15 digits; this one has %(count)s."), digits)
    if digits.startswith("0"):  # no country code begins with 0
        _refuse_start()


def _validate_in_region(entered: str, region: str) -> None:
    try:
        is_possible = phonenumbers.is_possible_number(phonenumbers.parse(entered, region))
    except phonenumbers.NumberParseException:
        is_possible = False
    if not is_possible:
        raise ValidationError(
            _("Enter the phone number with its country code, such as +1 202-555-0100."),
            code="phone_impossible",
        )


def _refuse_length(message: str, digits: str) -> NoReturn:
    raise ValidationError(message % {"count": len(digits)}, code="phone_length")


def _refuse_start() -> NoReturn:
    raise ValidationError(
        _("A phone number starts with 0, or with + and a country code."), code="phone_start"
    )


def is_likely_mistyped(entered: str) -> bool:
    """Return whether to ask the person to check the number.

    This is only a warning, because valid numbers may look odd.
    """
    try:
        return not phonenumbers.is_valid_number(phonenumbers.parse(normalise_phone(entered), "VN"))
    except phonenumbers.NumberParseException:
        return True


def format_phone(number: str) -> str:
    """Format a stored number for display as "0987 654 321", or a foreign one as "+1 202-555-0100"."""
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
