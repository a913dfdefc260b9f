"""The banks' list holds what transfers need, once each."""

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


def test_the_banks_that_everybody_uses_have_their_bin() -> None:
    by_name = {bank.short_name: bank.bin for bank in BANKS}

    assert {name: by_name[name] for name in KNOWN} == KNOWN


def test_no_bin_and_no_name_is_there_twice() -> None:
    assert len({bank.bin for bank in BANKS}) == len({bank.short_name for bank in BANKS}) == len(BANKS)
    assert all(len(bank.bin) == 6 and bank.bin.isdigit() for bank in BANKS)


def test_banks_stand_in_the_order_of_their_names() -> None:
    names = [bank.short_name for bank in BANKS]

    assert names == sorted(names, key=str.casefold)


def test_a_bank_is_found_by_its_bin_and_an_unknown_one_is_none() -> None:
    bank = find_bank("970446")

    assert bank is not None
    assert (bank.short_name, bank.name) == ("Co-opBank", "Ngân hàng Hợp tác xã Việt Nam")
    assert find_bank("999999") is None
