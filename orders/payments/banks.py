"""The banks of Vietnam that take transfers by VietQR.

A BIN is the six-digit number of a bank at NAPAS. Banks merge and change their names. Then update
`banks.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from shop.core.texts.folding import sort_key


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank with its BIN, common name and registered name."""

    bin: str
    short_name: str
    name: str


def find_bank(bin_code: str) -> Bank | None:
    """Return the bank with this BIN, or None."""
    return _BY_BIN.get(bin_code)


def _read_banks() -> tuple[Bank, ...]:
    rows = json.loads((Path(__file__).parent / "banks.json").read_text(encoding="utf-8"))
    return tuple(sorted((Bank(**row) for row in rows), key=lambda bank: sort_key(bank.short_name)))


# In the order of the short names.
BANKS = _read_banks()
_BY_BIN = {bank.bin: bank for bank in BANKS}
