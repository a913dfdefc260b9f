"""VietQR payloads match NAPAS's examples and are read back as requested."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.payments.vietqr import (
    InvalidPayload,
    PayloadProblem,
    _compute_checksum,
    build_qr_text,
    fold_note,
    qr_svg,
)
from tests.orders.payments.vietqr_reader import QrTransfer, read_payload

pytestmark = pytest.mark.once

FLOOD = (
    "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454061200005802VN"
    "62170813ung ho lu lut6304C15C"
)
TRANSFER = (
    "00020101021238570010A00000072701270006970422011300234579234420208QRIBFTTA53037045405401235802VN"
    "62160812chuyen khoan6304722F"
)
NAPAS_EXAMPLES = [
    (FLOOD, {"bank": "970415", "account": "0011001932418", "amount": 120_000, "note": "ủng hộ lũ lụt"}),
    (TRANSFER, {"bank": "970422", "account": "0023457923442", "amount": 40_123, "note": "chuyen khoan"}),
]

banks = st.from_regex("[0-9]{6}", fullmatch=True)
accounts = st.from_regex("[0-9A-Za-z]{1,19}", fullmatch=True)
amounts = st.integers(1, 10**12)


@pytest.mark.parametrize(("payload", "fields"), NAPAS_EXAMPLES)
def test_napas_examples_are_built_exactly(payload, fields) -> None:
    assert build_qr_text(**fields) == payload


@pytest.mark.parametrize(("payload", "fields"), NAPAS_EXAMPLES)
def test_napas_examples_are_read(payload, fields) -> None:
    transfer = read_payload(payload)

    assert transfer == QrTransfer(**{**fields, "note": fold_note(fields["note"])})


def test_checksum_is_ccitt_false() -> None:
    assert _compute_checksum("123456789") == "29B1"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"bank": "97043"}, PayloadProblem.BANK),
        ({"bank": "97043６"}, PayloadProblem.BANK),
        ({"account": ""}, PayloadProblem.ACCOUNT),
        ({"account": "1" * 20}, PayloadProblem.ACCOUNT),
        ({"account": "12 34"}, PayloadProblem.ACCOUNT),
        ({"amount": 0}, PayloadProblem.AMOUNT),
        ({"amount": -1}, PayloadProblem.AMOUNT),
        ({"amount": 10**12 + 1}, PayloadProblem.AMOUNT),
    ],
)
def test_invalid_transfer_is_refused(change, problem) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        build_qr_text(**{"bank": "970436", "account": "0123456789", "amount": 1000, "note": "", **change})

    assert refusal.value.code == "invalid_payload"
    assert refusal.value.details == {"problem": problem}


@pytest.mark.parametrize(
    ("note", "folded"),
    [
        ("ủng hộ lũ lụt", "ung ho lu lut"),
        ("Đặt hàng: đỗ đen!", "Dat hang do den"),
        ("  TA7K2MC \n cảm ơn ", "TA7K2MC cam on"),
        ("TA7K2MC Trả tiền đơn hàng tháng mười", "TA7K2MC Tra tien don hang"),
        ("x" * 24 + " y", "x" * 24),
        ("🍯", ""),
    ],
)
def test_note_is_folded_to_characters_banks_accept(note, folded) -> None:
    assert fold_note(note) == folded


@given(banks, accounts, amounts, st.text(max_size=60))
def test_built_payload_can_be_read(bank, account, amount, note) -> None:
    payload = build_qr_text(bank=bank, account=account, amount=amount, note=note)

    transfer = read_payload(payload)

    assert transfer == QrTransfer(bank, account, amount, fold_note(note))


@given(banks, accounts, amounts, st.text(max_size=30), st.data())
def test_one_wrong_character_is_detected(bank, account, amount, note, data) -> None:
    payload = build_qr_text(bank=bank, account=account, amount=amount, note=note)
    position = data.draw(st.integers(0, len(payload) - 1))
    character = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    assume(character != payload[position])

    with pytest.raises(ValueError):  # noqa: PT011  any fault
        read_payload(payload[:position] + character + payload[position + 1 :])


def test_svg_is_black_on_white_titled_and_without_inline_styles() -> None:
    svg = qr_svg(FLOOD, title='Chuyển <180.000 ₫> "ngay"')

    root = ElementTree.fromstring(svg)
    title = next(iter(root))
    assert (root.get("role"), root.get("shape-rendering")) == ("img", "crispEdges")
    assert title.tag == "title"
    assert title.text == root.get("aria-label") == 'Chuyển <180.000 ₫> "ngay"'
    assert root.get("width") is None
    assert "style" not in svg
    assert re.findall('(?:fill|stroke)="(.*?)"', svg) == ["#fff", "#000"]
