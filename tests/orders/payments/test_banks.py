"""The list of banks: bins, names and lookup."""

from __future__ import annotations

import pytest

from orders.payments.banks import BANKS, find_bank

pytestmark = pytest.mark.once

KNOWN = {
    "Agribank": "970405",
    "VietinBank": "970415",
    "Vietcombank": "970436",
    "BIDV": "970418",
    "MB": "970422",
    "Techcombank": "970407",
    "ACB": "970416",
    "VPBank": "970432",
    "TPBank": "970423",
    "Sacombank": "970403",
    "LPBank": "970449",
    "Co-opBank": "970446",
}


def test_common_banks_have_their_bin() -> None:
    by_name = {bank.short_name: bank.bin for bank in BANKS}

    assert {name: by_name[name] for name in KNOWN} == KNOWN


def test_bins_and_names_are_unique() -> None:
    assert len({bank.bin for bank in BANKS}) == len({bank.short_name for bank in BANKS}) == len(BANKS)
    assert all(len(bank.bin) == 6 and bank.bin.isdigit() for bank in BANKS)


def test_banks_are_sorted_by_name() -> None:
    names = [bank.short_name for bank in BANKS]

    assert names == sorted(names, key=str.casefold)


def test_find_bank_returns_bank_or_none() -> None:
    bank = find_bank("970446")

    assert bank is not None
    assert (bank.short_name, bank.name) == ("Co-opBank", "Ngân hàng Hợp tác xã Việt Nam")
    assert find_bank("999999") is None
