"""Verifying bank webhooks: signature, integrity and age."""

from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.payments.webhook_signatures import (
    InvalidSignature,
    SignatureMissing,
    StaleSignature,
    UnreadableBody,
    UnverifiedWebhook,
    WebhookSecretMissing,
    verify_casso_webhook,
    verify_payos_webhook,
    verify_sepay_webhook,
)
from tests.doubles.bank_webhooks import (
    CASSO_TRANSFER,
    PAYOS_PAYMENT,
    SEPAY_EVENT,
    casso_headers,
    casso_webhook,
    payos_signature,
    payos_webhook,
    sepay_headers,
    sepay_webhook,
)

pytestmark = pytest.mark.once

NOW = datetime.datetime(2026, 11, 25, 3, 0, tzinfo=datetime.UTC)
SECRET = "a secret of this test"
MINUTE = datetime.timedelta(minutes=1)

# Casso's own example in Python and PHP (github.com/CassoHQ/casso-webhook-v2-verify-signature).
CASSO_EXAMPLES = [
    (
        "mgExMrjj4i7a1p8Cs6LmFbpCd8lbw4sSX4LZXPag7TKazeIogtR90tvWYTkwQbvs",
        1727948258788,
        "ed0a4bd2e826d5cb69988cdb141e6c1a080e21f3b57eb72cd78192220042b9e7dde0868fc667faea8e224900fa7904e7c"
        "88dfa098032fb2d6b6996856e8b7ff3",
        {
            "id": 0,
            "reference": "MA_GIAO_DICH_THU_NGHIEM",
            "description": "giao dich thu nghiem",
            "amount": 599000,
            "runningBalance": 25000000,
            "transactionDateTime": "2024-10-03 15:06:37",
            "accountNumber": "88888888",
            "bankName": "VPBank",
            "bankAbbreviation": "VPB",
            "virtualAccountNumber": "",
            "virtualAccountName": "",
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "8888888888",
            "counterAccountBankId": "970415",
            "counterAccountBankName": "VietinBank",
        },
    ),
]
# payOS's own example (payos.vn/docs/tich-hop-webhook/kiem-tra-du-lieu-voi-signature).
PAYOS_EXAMPLE_KEY = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
PAYOS_EXAMPLE = {
    "code": "00",
    "desc": "success",
    "success": True,
    "data": {
        "orderCode": 123,
        "amount": 3000,
        "description": "VQRIO123",
        "accountNumber": "12345678",
        "reference": "TF230204212323",
        "transactionDateTime": "2023-02-04 18:25:00",
        "currency": "VND",
        "paymentLinkId": "124c33293c43417ab7879e14c8d9eb18",
        "code": "00",
        "desc": "Thành công",
        "counterAccountBankId": "",
        "counterAccountBankName": "",
        "counterAccountName": "",
        "counterAccountNumber": "",
        "virtualAccountName": "",
        "virtualAccountNumber": "",
    },
    "signature": "412e915d2871504ed31be63c8f62a149a4410d34c4c42affc9006ef9917eaa03",
}
# Signatures that the tests of payOS's Python SDK expect for lists, nulls and empty lists.
PAYOS_SDK_KEY = "test_checksum_key"
PAYOS_LINK = {
    "id": "payment-link-id",
    "orderCode": 0,
    "amount": 2000,
    "amountPaid": 2000,
    "amountRemaining": 0,
    "status": "PAID",
    "createdAt": "2025-12-12T09:00:00+07:00",
    "transactions": [
        {
            "accountNumber": "0123456789",
            "amount": 2000,
            "counterAccountBankId": "01202001",
            "counterAccountBankName": None,
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "9876543210",
            "description": "TRANSACTION DESCRIPTION",
            "reference": "FT-REFERENCE",
            "transactionDateTime": "2025-12-12T09:00:00+07:00",
            "virtualAccountName": None,
            "virtualAccountNumber": None,
        }
    ],
    "canceledAt": None,
    "cancellationReason": None,
}
PAYOS_SDK = [
    (PAYOS_LINK, "6af5e2c9a28256c140169ed624114b43295915d7b6e2fa6278b17a7c43aadefd"),
    (
        {**PAYOS_LINK, "amountPaid": 0, "amountRemaining": 2000, "status": "PENDING", "transactions": []},
        "33093364158b143baa9ecd2e705d9a2a5a5d391a3cab7cb0a371588b3731368f",
    ),
]


def test_sepay_signature_is_accepted() -> None:
    body, headers = sepay_webhook(SECRET, NOW, content="Đặt hàng")

    notice = verify_sepay_webhook(body=body, headers=headers, now=NOW + 4 * MINUTE, secret=SECRET)

    assert notice == {**SEPAY_EVENT, "content": "Đặt hàng"}


def test_header_names_are_case_insensitive() -> None:
    body, headers = sepay_webhook(SECRET, NOW)
    lower_case_headers = {name.lower(): value for name, value in headers.items()}

    assert verify_sepay_webhook(body=body, headers=lower_case_headers, now=NOW, secret=SECRET) == SEPAY_EVENT


def test_sepay_api_key_is_accepted_without_secret() -> None:
    body, _ = sepay_webhook(SECRET, NOW)

    notice = verify_sepay_webhook(body=body, headers={"Authorization": "Apikey k1"}, now=NOW, api_key="k1")

    assert notice == SEPAY_EVENT


def test_sepay_api_key_is_refused_when_secret_is_set() -> None:
    body, _ = sepay_webhook(SECRET, NOW)

    with pytest.raises(SignatureMissing):
        verify_sepay_webhook(
            body=body, headers={"Authorization": "Apikey k1"}, now=NOW, secret=SECRET, api_key="k1"
        )


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, SignatureMissing),
        ({"Authorization": "Apikey k2"}, InvalidSignature),
        ({"Authorization": "Bearer k1"}, InvalidSignature),
        ({"Authorization": "Apikey "}, InvalidSignature),
        ({"Authorization": "Apikey đ"}, InvalidSignature),
    ],
)
def test_wrong_sepay_api_key_is_refused(headers, error) -> None:
    body, _ = sepay_webhook(SECRET, NOW)

    with pytest.raises(error):
        verify_sepay_webhook(body=body, headers=headers, now=NOW, api_key="k1")


@pytest.mark.parametrize(
    "change",
    [
        {"X-SePay-Signature": ""},
        {"X-SePay-Timestamp": ""},
        {"X-SePay-Timestamp": "yesterday"},
        {"X-SePay-Timestamp": "-1764039600"},
        {"X-SePay-Timestamp": "１７６４０３９６００"},
    ],
)
def test_incomplete_sepay_signature_is_refused(change) -> None:
    body, headers = sepay_webhook(SECRET, NOW)

    with pytest.raises(SignatureMissing):
        verify_sepay_webhook(body=body, headers={**headers, **change}, now=NOW, secret=SECRET)


def test_altered_sepay_body_is_refused() -> None:
    body, headers = sepay_webhook(SECRET, NOW)

    with pytest.raises(InvalidSignature):
        verify_sepay_webhook(
            body=body.replace(b"2277000", b"9277000"), headers=headers, now=NOW, secret=SECRET
        )


def test_altered_sepay_timestamp_is_refused() -> None:
    body, headers = sepay_webhook(SECRET, NOW)
    later = str(int((NOW + 60 * MINUTE).timestamp()))

    with pytest.raises(InvalidSignature):
        verify_sepay_webhook(
            body=body,
            headers={**headers, "X-SePay-Timestamp": later},
            now=NOW + 60 * MINUTE,
            secret=SECRET,
        )


@pytest.mark.parametrize("minutes", [6, -6, 60 * 24 * 365])
def test_stale_sepay_or_casso_webhook_is_refused(minutes) -> None:
    later = NOW + minutes * MINUTE
    sepay_body, sepay = sepay_webhook(SECRET, NOW)
    casso_body, casso = casso_webhook(SECRET, NOW)

    with pytest.raises(StaleSignature):
        verify_sepay_webhook(body=sepay_body, headers=sepay, now=later, secret=SECRET)
    with pytest.raises(StaleSignature):
        verify_casso_webhook(body=casso_body, headers=casso, now=later, secret=SECRET)


@pytest.mark.parametrize(("secret", "timestamp", "signature", "transfer"), CASSO_EXAMPLES)
def test_casso_documentation_example_is_accepted(secret, timestamp, signature, transfer) -> None:
    at = datetime.datetime.fromtimestamp(timestamp / 1000, datetime.UTC)
    # Order of keys and spaces do not matter: the signature covers the sorted, compact form.
    body = json.dumps({"data": dict(reversed(transfer.items())), "error": 0}, indent=2).encode()

    notice = verify_casso_webhook(
        body=body, headers={"X-Casso-Signature": f"t={timestamp},v1={signature}"}, now=at, secret=secret
    )

    assert notice == {"error": 0, "data": transfer}


def test_casso_list_with_vietnamese_text_is_accepted() -> None:
    body, headers = casso_webhook(SECRET, NOW, {"id": 1, "description": "Đỗ / đen"}, {"id": 2})

    notice = verify_casso_webhook(body=body, headers=headers, now=NOW, secret=SECRET)

    assert [transfer["id"] for transfer in notice["data"]] == [1, 2]


def test_casso_list_signed_as_indexed_object_is_accepted() -> None:
    transfers = [{**CASSO_TRANSFER, "id": 1}, {**CASSO_TRANSFER, "id": 2}]
    by_index = {"error": 0, "data": {"0": transfers[0], "1": transfers[1]}}
    body = json.dumps({"error": 0, "data": transfers}).encode()

    notice = verify_casso_webhook(
        body=body, headers=casso_headers(SECRET, by_index, NOW), now=NOW, secret=SECRET
    )

    assert notice["data"] == transfers


@pytest.mark.parametrize("signature", ["", "v1=00", "t=1", "t=x,v1=" + "0" * 128, "t=1,v1=" + "0" * 64])
def test_incomplete_casso_signature_is_refused(signature) -> None:
    body, _ = casso_webhook(SECRET, NOW)

    with pytest.raises(SignatureMissing):
        verify_casso_webhook(body=body, headers={"X-Casso-Signature": signature}, now=NOW, secret=SECRET)


def test_altered_casso_body_is_refused() -> None:
    body, headers = casso_webhook(SECRET, NOW)

    with pytest.raises(InvalidSignature):
        verify_casso_webhook(
            body=body.replace(b"16775000", b"96775000"), headers=headers, now=NOW, secret=SECRET
        )


def test_payos_documentation_example_is_accepted() -> None:
    body = json.dumps(PAYOS_EXAMPLE).encode()

    assert verify_payos_webhook(body=body, secret=PAYOS_EXAMPLE_KEY) == PAYOS_EXAMPLE


@pytest.mark.parametrize(("data", "signature"), PAYOS_SDK)
def test_payos_lists_and_nulls_are_signed_as_in_its_sdk(data, signature) -> None:
    body = json.dumps({"data": data, "signature": signature}).encode()

    assert verify_payos_webhook(body=body, secret=PAYOS_SDK_KEY)["data"] == data
    assert payos_signature(PAYOS_SDK_KEY, data) == signature


def test_payos_nulls_booleans_and_objects_are_accepted() -> None:
    body, _ = payos_webhook(SECRET, extra={"b": [1, True], "a": None}, isPaid=True, desc="null")
    payload = json.loads(body)
    payload["signature"] = payos_signature(SECRET, {**payload["data"], "desc": ""})

    notice = verify_payos_webhook(body=json.dumps(payload).encode(), secret=SECRET)

    assert notice["data"] == {
        **PAYOS_PAYMENT,
        "desc": "null",
        "isPaid": True,
        "extra": {"b": [1, True], "a": None},
    }


def test_payos_number_with_zero_fraction_is_integer() -> None:
    body, _ = payos_webhook(SECRET)

    notice = verify_payos_webhook(body=body.replace(b'"amount": 3000', b'"amount": 3000.0'), secret=SECRET)

    assert notice["data"]["amount"] == 3000
    assert isinstance(notice["data"]["amount"], int)


def test_altered_payos_body_is_refused() -> None:
    body, _ = payos_webhook(SECRET)

    with pytest.raises(InvalidSignature):
        verify_payos_webhook(body=body.replace(b"3000", b"9000"), secret=SECRET)


@pytest.mark.parametrize("change", [{"signature": None}, {"signature": 7}, {"data": None}, {"data": []}])
def test_incomplete_payos_signature_is_refused(change) -> None:
    body, _ = payos_webhook(SECRET)

    with pytest.raises(SignatureMissing):
        verify_payos_webhook(body=json.dumps({**json.loads(body), **change}).encode(), secret=SECRET)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff",
        b"[]",
        b"3",
        b'{"id": NaN}',
        b'{"id": 1e999}',
        b'{"id": 1, "id": 2}',
        b'{"content": "\\ud800"}',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
        b'"' + b"x" * 1_000_001 + b'"',
    ],
)
def test_signed_but_ambiguous_body_is_refused(body) -> None:
    with pytest.raises(UnreadableBody):
        verify_sepay_webhook(body=body, headers=sepay_headers(SECRET, body, NOW), now=NOW, secret=SECRET)


def test_webhook_without_configured_secret_is_refused() -> None:
    body, headers = sepay_webhook("", NOW)
    casso_body, casso = casso_webhook("", NOW)
    payos_body, _ = payos_webhook("")

    with pytest.raises(WebhookSecretMissing):
        verify_sepay_webhook(body=body, headers=headers, now=NOW)
    with pytest.raises(WebhookSecretMissing):
        verify_casso_webhook(body=casso_body, headers=casso, now=NOW, secret="")
    with pytest.raises(WebhookSecretMissing):
        verify_payos_webhook(body=payos_body, secret="")


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=4))
def test_arbitrary_unsigned_webhook_is_refused(body, headers) -> None:
    for verify in (
        lambda: verify_sepay_webhook(body=body, headers=headers, now=NOW, secret=SECRET),
        lambda: verify_casso_webhook(body=body, headers=headers, now=NOW, secret=SECRET),
        lambda: verify_payos_webhook(body=body, secret=SECRET),
    ):
        with pytest.raises(UnverifiedWebhook):
            verify()
