"""Reading incoming transfers from bank webhooks: validation, fingerprints and similarity."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.payments.incoming_transfers import (
    IncomingTransfer,
    InvalidIncomingTransfer,
    TransferSource,
    read_incoming_transfers,
)
from tests.doubles.bank_webhooks import CASSO_TRANSFER, PAYOS_PAYMENT, SEPAY_EVENT

pytestmark = pytest.mark.once

AMOUNT_FIELDS = {
    TransferSource.SEPAY: "transferAmount",
    TransferSource.CASSO: "amount",
    TransferSource.PAYOS: "amount",
}
TIME_FIELDS = {
    TransferSource.SEPAY: "transactionDate",
    TransferSource.CASSO: "transactionDateTime",
    TransferSource.PAYOS: "transactionDateTime",
}
WEBHOOKS = list(AMOUNT_FIELDS)


def notice(provider, **change):
    if provider is TransferSource.SEPAY:
        return {**SEPAY_EVENT, **change}
    if provider is TransferSource.CASSO:
        return {"error": 0, "data": {**CASSO_TRANSFER, **change}}
    return {"code": "00", "success": True, "data": {**PAYOS_PAYMENT, **change}}


def test_sepay_notice_is_read() -> None:
    assert read_incoming_transfers(TransferSource.SEPAY, notice(TransferSource.SEPAY)) == [
        IncomingTransfer(
            TransferSource.SEPAY,
            "92704",
            "0123499999",
            2_277_000,
            "chuyen tien",
            "MBVCB.3278907687",
            datetime.datetime(2026, 11, 25, 3, 2, 37, tzinfo=datetime.UTC),
        )
    ]


def test_casso_notice_is_read() -> None:
    assert read_incoming_transfers(TransferSource.CASSO, notice(TransferSource.CASSO)) == [
        IncomingTransfer(
            TransferSource.CASSO,
            "218897",
            "0123499999",
            16_775_000,
            "chuyen tien",
            "FT26330030863634",
            datetime.datetime(2026, 11, 25, 0, 0, tzinfo=datetime.UTC),
        )
    ]


def test_payos_notice_is_read() -> None:
    assert read_incoming_transfers(TransferSource.PAYOS, notice(TransferSource.PAYOS)) == [
        IncomingTransfer(
            TransferSource.PAYOS,
            "124c33293c43417ab7879e14c8d9eb18:TF260204212323",
            "0123499999",
            3000,
            "chuyen tien",
            "TF260204212323",
            datetime.datetime(2026, 11, 25, 11, 25, tzinfo=datetime.UTC),
        )
    ]


def test_casso_notice_with_several_transfers_is_read() -> None:
    payload = {
        "error": 0,
        "data": [{**CASSO_TRANSFER, "id": 1}, {**CASSO_TRANSFER, "id": 2, "amount": -5000}],
    }

    assert [
        (transfer.event_id, transfer.amount)
        for transfer in read_incoming_transfers(TransferSource.CASSO, payload)
    ] == [("1", 16_775_000)]


def test_outgoing_transfer_is_ignored() -> None:
    assert (
        read_incoming_transfers(TransferSource.SEPAY, notice(TransferSource.SEPAY, transferType="out")) == []
    )
    assert read_incoming_transfers(TransferSource.CASSO, notice(TransferSource.CASSO, amount=-5000)) == []


@pytest.mark.parametrize("provider", WEBHOOKS)
@pytest.mark.parametrize("amount", [None, 0, 0.5, 1000.5, True, "1000", [1000], 10**12 + 1, 10**40])
def test_invalid_amount_is_refused(provider, amount) -> None:
    field = AMOUNT_FIELDS[provider]

    with pytest.raises(InvalidIncomingTransfer) as refusal:
        read_incoming_transfers(provider, notice(provider, **{field: amount}))

    assert refusal.value.details == {"part": field}


@pytest.mark.parametrize("provider", [TransferSource.SEPAY, TransferSource.PAYOS])
def test_negative_amount_of_sepay_and_payos_is_refused(provider) -> None:
    with pytest.raises(InvalidIncomingTransfer):
        read_incoming_transfers(provider, notice(provider, **{AMOUNT_FIELDS[provider]: -1000}))


@pytest.mark.parametrize("provider", WEBHOOKS)
@pytest.mark.parametrize(
    "value", [None, "", "yesterday", 1764039600, "0001-01-01 00:00:00", "9999-12-31 23:59:59"]
)
def test_invalid_time_is_refused(provider, value) -> None:
    field = TIME_FIELDS[provider]

    with pytest.raises(InvalidIncomingTransfer) as refusal:
        read_incoming_transfers(provider, notice(provider, **{field: value}))

    assert refusal.value.details == {"part": field}


@pytest.mark.parametrize(
    ("provider", "change", "part"),
    [
        (TransferSource.SEPAY, {"id": None}, "id"),
        (TransferSource.SEPAY, {"id": True}, "id"),
        (TransferSource.SEPAY, {"id": "x" * 101}, "id"),
        (TransferSource.SEPAY, {"transferType": "sideways"}, "transferType"),
        (TransferSource.SEPAY, {"accountNumber": ""}, "accountNumber"),
        (TransferSource.SEPAY, {"accountNumber": 123499999}, "accountNumber"),
        (TransferSource.SEPAY, {"referenceCode": 7}, "referenceCode"),
        (TransferSource.SEPAY, {"referenceCode": "x" * 101}, "referenceCode"),
        (TransferSource.CASSO, {"id": []}, "id"),
        (TransferSource.PAYOS, {"currency": "USD"}, "currency"),
        (TransferSource.PAYOS, {"code": "01"}, "code"),
        (TransferSource.PAYOS, {"paymentLinkId": None}, "paymentLinkId"),
    ],
)
def test_malformed_notice_is_refused_with_name_of_field(provider, change, part) -> None:
    with pytest.raises(InvalidIncomingTransfer) as refusal:
        read_incoming_transfers(provider, notice(provider, **change))

    assert refusal.value.details == {"part": part}


@pytest.mark.parametrize(
    ("provider", "payload"),
    [
        (TransferSource.SEPAY, {}),
        (TransferSource.CASSO, {}),
        (TransferSource.CASSO, {"error": 1, "data": CASSO_TRANSFER}),
        (TransferSource.CASSO, {"error": 0, "data": [None]}),
        (TransferSource.CASSO, {"error": 0, "data": "x"}),
        (TransferSource.PAYOS, {}),
        (TransferSource.PAYOS, {"code": "00", "data": []}),
    ],
)
def test_notice_without_transfer_is_refused(provider, payload) -> None:
    with pytest.raises(InvalidIncomingTransfer):
        read_incoming_transfers(provider, payload)


def test_note_is_stripped_of_control_characters_and_truncated() -> None:
    payload = notice(TransferSource.SEPAY, content="TA7\x00K2M\n" + "x" * 2000)

    (transfer,) = read_incoming_transfers(TransferSource.SEPAY, payload)

    assert transfer.note == ("TA7 K2M " + "x" * 2000)[:1000]


def test_fingerprint_is_same_for_every_provider() -> None:
    shared = {"accountNumber": "0123499999", "description": "TA7K2MC"}
    (sepay,) = read_incoming_transfers(
        TransferSource.SEPAY,
        notice(
            TransferSource.SEPAY, transferAmount=3000, referenceCode="FT-26.330", content="CT DEN TA7K2MC"
        ),
    )
    (casso,) = read_incoming_transfers(
        TransferSource.CASSO, notice(TransferSource.CASSO, amount=3000, reference="ft26330", **shared)
    )
    (payos,) = read_incoming_transfers(
        TransferSource.PAYOS, notice(TransferSource.PAYOS, reference="FT26330", **shared)
    )

    assert sepay.fingerprint == casso.fingerprint == payos.fingerprint
    assert len(sepay.fingerprint) == 64


@pytest.mark.parametrize(
    "change", [{"account": "99"}, {"reference": "FT2"}, {"amount": 2}, {"reference": ""}]
)
def test_fingerprint_depends_on_account_reference_and_amount(change) -> None:
    at = datetime.datetime(2026, 11, 25, 3, 0, tzinfo=datetime.UTC)
    transfer = IncomingTransfer(TransferSource.CASSO, "1", "11", 1, "x", "FT1", at)

    assert replace(transfer, **change).fingerprint != transfer.fingerprint


def test_fingerprint_without_reference_uses_day_amount_note_and_occurrence() -> None:
    received_at = datetime.datetime(2026, 11, 25, 3, 0, tzinfo=datetime.UTC)
    transfer = IncomingTransfer(TransferSource.STATEMENT, "", "11", 1, "Trả tiền", "", received_at)

    equal = replace(
        transfer,
        note="TRA  TIEN.",
        booked_at=received_at + datetime.timedelta(hours=13),
        provider=TransferSource.CASSO,
    )
    different = [
        replace(transfer, booked_at=received_at + datetime.timedelta(hours=14)),
        replace(transfer, amount=2),
        replace(transfer, note="Trả nốt"),
        replace(transfer, occurrence=2),
    ]
    assert equal.fingerprint == transfer.fingerprint
    assert len({other.fingerprint for other in [transfer, *different]}) == 5


def test_similarity_key_ignores_reference() -> None:
    at = datetime.datetime(2026, 11, 25, 3, 0, tzinfo=datetime.UTC)
    webhook = IncomingTransfer(TransferSource.SEPAY, "1", "11", 1, "Trả tiền", "FT1", at)
    statement_row = IncomingTransfer(TransferSource.STATEMENT, "", "11", 1, "tra tien", "", at)

    assert webhook.fingerprint != statement_row.fingerprint
    assert webhook.similarity_key == statement_row.similarity_key


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(WEBHOOKS), st.data(), json_values)
def test_any_field_value_is_read_or_refused(provider, data, value) -> None:
    fields = {
        TransferSource.SEPAY: SEPAY_EVENT,
        TransferSource.CASSO: CASSO_TRANSFER,
        TransferSource.PAYOS: PAYOS_PAYMENT,
    }
    field = data.draw(st.sampled_from(sorted(fields[provider])))

    try:
        transfers = read_incoming_transfers(provider, notice(provider, **{field: value}))
    except InvalidIncomingTransfer:
        return

    assert all(0 < transfer.amount <= 10**12 and len(transfer.fingerprint) == 64 for transfer in transfers)
