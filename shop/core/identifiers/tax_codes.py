"""Normalise Vietnamese tax codes and verify their check digit."""

from __future__ import annotations

import re

# The last of ten digits checks the nine before it (General Department of Taxation; Circular 86/2024/TT-BTC
# keeps the structure): ten less the weighted sum modulo eleven.
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_ENTERPRISE = re.compile(r"(\d{10})(?:(\d{3}))?")
_IDENTITY_NUMBER = re.compile(r"\d{12}")  # of households and persons since 1 July 2025


def normalise_tax_code(entered: str) -> str:
    """Return the stored form, which is "0101248141", or "0101248141-001" for a branch."""
    digits = "".join(entered.split()).replace("-", "").replace(".", "")
    match = _ENTERPRISE.fullmatch(digits)
    return f"{match[1]}-{match[2]}" if match and match[2] else digits


def is_tax_code(code: str) -> bool:
    """Return whether a normalised code has a valid length and, for an enterprise, a valid check digit."""
    digits = code.replace("-", "")
    if not digits.isascii() or not digits.isdecimal():
        return False
    if _IDENTITY_NUMBER.fullmatch(digits):
        return True
    match = _ENTERPRISE.fullmatch(digits)
    if match is None or match[2] == "000":
        return False
    nine, check = match[1][:9], int(match[1][9])
    weighted = sum(int(digit) * weight for digit, weight in zip(nine, _WEIGHTS, strict=True))
    return 10 - weighted % 11 == check
