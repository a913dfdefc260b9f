"""The banks of Vietnam that take transfers by VietQR, as data.

A BIN is the six digits by which NAPAS knows a bank. Banks merge and change names: `banks.json` is the place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from shop.core.texts.folding import sort_key


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank: its BIN, the name everybody says, and the registered one."""

    bin: str
    short_name: str
    name: str


def bank_of(bin_code: str) -> Bank | None:
    """The bank with this BIN, None if we know none."""
    return _BY_BIN.get(bin_code)


def _read() -> tuple[Bank, ...]:
    rows = json.loads((Path(__file__).parent / "banks.json").read_text(encoding="utf-8"))
    return tuple(sorted((Bank(**row) for row in rows), key=lambda bank: sort_key(bank.short_name)))


# In the order of the short names.
BANKS = _read()
_BY_BIN = {bank.bin: bank for bank in BANKS}
