"""Payloads are NAPAS's to the letter: made so, read so, and anything else is refused."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.payments.vietqr import (
    InvalidPayload,
    PayloadFault,
    QrService,
    QrTransfer,
    _checksum,
    build_payload,
    fold_note,
    qr_svg,
    read_payload,
)

pytestmark = pytest.mark.once

STATIC = "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F"
ORDER = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802VN"
    "62340107NPS68690819thanh toan don hang63042E2E"
)
CARD = "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN63044F52"
FLOOD = (
    "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454061200005802VN"
    "62170813ung ho lu lut6304C15C"
)
TRANSFER = (
    "00020101021238570010A00000072701270006970422011300234579234420208QRIBFTTA53037045405401235802VN"
    "62160812chuyen khoan6304722F"
)
BROKEN = (
    "00020101021238500010A0000007270120000697041601065454460208QRIBFTTA530370454061800005802VN"
    "62270823thanh toan don hang63044302"
)
GOOD = [
    (STATIC, {"bank": "970403", "account": "0011012345678"}),
    (
        ORDER,
        {
            "bank": "970403",
            "account": "0011012345678",
            "amount": 180_000,
            "bill": "NPS6869",
            "note": "thanh toan don hang",
        },
    ),
    (CARD, {"bank": "970403", "account": "9704031101234567", "service": QrService.CARD}),
    (
        FLOOD,
        {"bank": "970415", "account": "0011001932418", "amount": 120_000, "note": "ủng hộ lũ lụt"},
    ),
    (
        TRANSFER,
        {"bank": "970422", "account": "0023457923442", "amount": 40_123, "note": "chuyen khoan"},
    ),
]

banks = st.from_regex("[0-9]{6}", fullmatch=True)
accounts = st.from_regex("[0-9A-Za-z]{1,19}", fullmatch=True)
cards = st.from_regex("[0-9]{16}|[0-9]{19}", fullmatch=True)
amounts = st.none() | st.integers(1, 10**12)
bills = st.just("") | st.from_regex("[0-9A-Za-z./_-]{1,25}", fullmatch=True)


def sealed(text: str) -> str:
    """The text with the right checksum, as somebody would send it who breaks the rules and knows them."""
    return text[:-4] + _checksum(text[:-4])


@pytest.mark.parametrize(("payload", "told"), GOOD)
def test_napas_examples_are_made_to_the_letter(payload, told) -> None:
    assert build_payload(**told) == payload


@pytest.mark.parametrize(("payload", "told"), GOOD)
def test_napas_examples_are_read(payload, told) -> None:
    transfer = read_payload(payload)

    note = fold_note(told.get("note", ""))
    assert transfer == QrTransfer(**{**told, "note": note, "is_dynamic": "amount" in told})


def test_the_checksum_is_ccitt_false() -> None:
    assert _checksum("123456789") == "29B1"


def test_lengths_that_do_not_add_up_are_refused_though_the_checksum_holds() -> None:
    with pytest.raises(InvalidPayload) as refused:
        read_payload(BROKEN)

    assert refused.value.code == "bad_payload"
    assert refused.value.details == {"fault": PayloadFault.LENGTH}


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ("", PayloadFault.LENGTH),
        ("hello", PayloadFault.LENGTH),
        ("0002", PayloadFault.LENGTH),
        (STATIC + "\n", PayloadFault.LENGTH),
        (STATIC + "x", PayloadFault.LENGTH),
        (STATIC[:-1], PayloadFault.LENGTH),
        (STATIC * 6, PayloadFault.LENGTH),
        (STATIC.replace("QRIBFTTA", "QRIBFTTÂ"), PayloadFault.LENGTH),
        (STATIC[:-4] + "0000", PayloadFault.CHECKSUM),
        (STATIC[:-4] + "9e6f", PayloadFault.CHECKSUM),
        (STATIC[:-8], PayloadFault.CHECKSUM),
        (STATIC[:-14] + STATIC[-8:] + "5802VN", PayloadFault.CHECKSUM),
        (sealed("000202" + STATIC[6:]), PayloadFault.VERSION),
        (sealed(STATIC[6:]), PayloadFault.VERSION),
        (sealed(STATIC.replace("010211", "010213")), PayloadFault.KIND),
        (sealed(STATIC.replace("A000000727", "A000000728")), PayloadFault.GUID),
        (sealed(STATIC.replace("3857", "3957")), PayloadFault.GUID),
        (sealed(STATIC.replace("5303704", "5303840")), PayloadFault.CURRENCY),
        (sealed(STATIC.replace("5303704", "")), PayloadFault.CURRENCY),
        (sealed(STATIC.replace("5802VN", "5802TH")), PayloadFault.COUNTRY),
        (sealed(STATIC.replace("QRIBFTTA", "QRPUSHXX")), PayloadFault.SERVICE),
        (sealed(STATIC.replace("970403", "97O403")), PayloadFault.BANK),
        (sealed(STATIC.replace("0011012345678", "001101234567 ")), PayloadFault.ACCOUNT),
        (sealed(CARD.replace("9704031101234567", "970403110123456X")), PayloadFault.ACCOUNT),
        (sealed(STATIC.replace("010211", "010212")), PayloadFault.AMOUNT),
        (sealed(ORDER.replace("5406180000", "54060180.5")), PayloadFault.AMOUNT),
        (sealed(ORDER.replace("5406180000", "5406-18000")), PayloadFault.AMOUNT),
        (sealed(ORDER.replace("5406180000", "5406018000")), PayloadFault.AMOUNT),
        (sealed(ORDER.replace("5406180000", "5401" + "0")), PayloadFault.AMOUNT),
        (sealed(ORDER.replace("5406180000", "5413" + "9" * 13)), PayloadFault.AMOUNT),
        (sealed(STATIC.replace("5802VN", "5802VN5802VN")), PayloadFault.LENGTH),
        (sealed(STATIC.replace("5802VN", "5802VN5900")), PayloadFault.LENGTH),
    ],
)
def test_what_is_no_vietqr_is_refused_by_the_name_of_its_fault(payload, fault) -> None:
    with pytest.raises(InvalidPayload) as refused:
        read_payload(payload)

    assert refused.value.details == {"fault": fault}


def test_fields_of_emvco_that_vietqr_does_not_use_are_passed_over() -> None:
    named = STATIC[:-8] + "5907CHOPHEN" + "6007THAINGU" + "63040000"

    assert read_payload(sealed(named)) == read_payload(STATIC)


def test_a_note_longer_than_banks_take_is_refused_when_read() -> None:
    long = STATIC[:-8] + "6230" + "0826" + "x" * 26 + "63040000"

    with pytest.raises(InvalidPayload) as refused:
        read_payload(sealed(long))

    assert refused.value.details == {"fault": PayloadFault.NOTE}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"bank": "97043"}, PayloadFault.BANK),
        ({"bank": "97043６"}, PayloadFault.BANK),
        ({"account": ""}, PayloadFault.ACCOUNT),
        ({"account": "1" * 20}, PayloadFault.ACCOUNT),
        ({"account": "12 34"}, PayloadFault.ACCOUNT),
        ({"account": "123", "service": QrService.CARD}, PayloadFault.ACCOUNT),
        ({"amount": 0}, PayloadFault.AMOUNT),
        ({"amount": -1}, PayloadFault.AMOUNT),
        ({"amount": 10**12 + 1}, PayloadFault.AMOUNT),
        ({"bill": "1" * 26}, PayloadFault.BILL),
        ({"bill": "đơn"}, PayloadFault.BILL),
    ],
)
def test_no_payload_is_made_of_what_no_app_could_pay(change, fault) -> None:
    with pytest.raises(InvalidPayload) as refused:
        build_payload(**{"bank": "970436", "account": "0123456789", "amount": 1000, **change})

    assert refused.value.details == {"fault": fault}


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ủng hộ lũ lụt", "ung ho lu lut"),
        ("Đặt hàng: đỗ đen!", "Dat hang do den"),
        ("  TA7K2MC \n cảm ơn ", "TA7K2MC cam on"),
        ("TA7K2MC Trả tiền đơn hàng tháng mười", "TA7K2MC Tra tien don hang"),
        ("x" * 24 + " y", "x" * 24),
        ("🍯", ""),
    ],
)
def test_a_note_is_folded_to_what_banks_pass_on(written, folded) -> None:
    assert fold_note(written) == folded


@given(banks, accounts, amounts, bills, st.text(max_size=60))
def test_what_is_made_is_read_again(bank, account, amount, bill, note) -> None:
    payload = build_payload(bank=bank, account=account, amount=amount, bill=bill, note=note)

    transfer = read_payload(payload)

    assert transfer == QrTransfer(bank, account, amount, bill, fold_note(note), is_dynamic=amount is not None)


@given(banks, cards, amounts)
def test_what_is_made_for_a_card_is_read_again(bank, card, amount) -> None:
    payload = build_payload(bank=bank, account=card, amount=amount, service=QrService.CARD)

    assert read_payload(payload) == QrTransfer(
        bank, card, amount, service=QrService.CARD, is_dynamic=amount is not None
    )


@given(banks, accounts, amounts, st.text(max_size=30), st.data())
def test_one_wrong_sign_anywhere_is_noticed(bank, account, amount, note, data) -> None:
    payload = build_payload(bank=bank, account=account, amount=amount, note=note)
    place = data.draw(st.integers(0, len(payload) - 1))
    sign = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    assume(sign != payload[place])

    with pytest.raises(InvalidPayload):
        read_payload(payload[:place] + sign + payload[place + 1 :])


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_nothing_else(text) -> None:
    try:
        transfer = read_payload(text)
    except InvalidPayload:
        return

    assert isinstance(transfer, QrTransfer)


def test_the_picture_is_dark_on_white_named_and_without_inline_styles() -> None:
    svg = qr_svg(ORDER, title='Chuyển <180.000 ₫> "ngay"')

    root = ElementTree.fromstring(svg)
    title = next(iter(root))
    assert (root.get("role"), root.get("shape-rendering")) == ("img", "crispEdges")
    assert title.tag == "title"
    assert title.text == root.get("aria-label") == 'Chuyển <180.000 ₫> "ngay"'
    assert root.get("width") is None
    assert "style" not in svg
    assert re.findall('(?:fill|stroke)="(.*?)"', svg) == ["#fff", "#000"]
