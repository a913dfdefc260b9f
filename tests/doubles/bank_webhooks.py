"""Webhooks of SePay, Casso and payOS: bodies and signed headers as each service makes them.

Written from their documentation and examples, independently of the code that verifies them.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json

SEPAY_EVENT = {
    "id": 92704,
    "gateway": "Vietcombank",
    "transactionDate": "2026-11-25 10:02:37",
    "accountNumber": "0123499999",
    "subAccount": None,
    "code": None,
    "content": "chuyen tien",
    "transferType": "in",
    "transferAmount": 2_277_000,
    "accumulated": 19_077_000,
    "referenceCode": "MBVCB.3278907687",
    "description": "",
}
CASSO_TRANSFER = {
    "id": 218897,
    "reference": "FT26330030863634",
    "description": "chuyen tien",
    "amount": 16_775_000,
    "runningBalance": 16_775_000,
    "transactionDateTime": "2026-11-25 07:00:00",
    "accountNumber": "0123499999",
    "bankName": "MBBank",
    "bankAbbreviation": "MBB",
    "virtualAccountNumber": "",
    "virtualAccountName": "",
    "counterAccountName": "",
    "counterAccountNumber": "",
    "counterAccountBankId": "",
    "counterAccountBankName": "",
}
PAYOS_PAYMENT = {
    "orderCode": 123,
    "amount": 3000,
    "description": "chuyen tien",
    "accountNumber": "0123499999",
    "reference": "TF260204212323",
    "transactionDateTime": "2026-11-25 18:25:00",
    "currency": "VND",
    "paymentLinkId": "124c33293c43417ab7879e14c8d9eb18",
    "code": "00",
    "desc": "success",
    "counterAccountBankId": None,
    "counterAccountName": None,
    "virtualAccountNumber": "",
}


def sepay_webhook(secret: str, at: datetime.datetime, **event: object) -> tuple[bytes, dict[str, str]]:
    """Return a body and its headers; `event` changes fields of the sample event."""
    body = json.dumps({**SEPAY_EVENT, **event}, ensure_ascii=False).encode()
    return body, sepay_headers(secret, body, at)


def sepay_headers(secret: str, body: bytes, at: datetime.datetime) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-SePay-Timestamp": timestamp,
        "X-SePay-Signature": f"sha256={signature}",
    }


def casso_webhook(
    secret: str, at: datetime.datetime, *transfers: dict[str, object]
) -> tuple[bytes, dict[str, str]]:
    """Return a body and its headers; `data` is one transfer or a list of several."""
    rows = [{**CASSO_TRANSFER, **transfer} for transfer in transfers] or [CASSO_TRANSFER]
    notice = {"error": 0, "data": rows[0] if len(rows) == 1 else rows}
    return json.dumps(notice).encode(), casso_headers(secret, notice, at)


def casso_headers(secret: str, notice: object, at: datetime.datetime) -> dict[str, str]:
    timestamp = int(at.timestamp() * 1000)
    canonical = json.dumps(_sorted(notice), ensure_ascii=False, separators=(",", ":"))
    signature = hmac.new(secret.encode(), f"{timestamp}.{canonical}".encode(), hashlib.sha512).hexdigest()
    return {"Content-Type": "application/json", "X-Casso-Signature": f"t={timestamp},v1={signature}"}


def payos_webhook(secret: str, **payment: object) -> tuple[bytes, dict[str, str]]:
    """Return a body and its headers; payOS puts the signature into the body."""
    data = {**PAYOS_PAYMENT, **payment}
    notice = {
        "code": "00",
        "desc": "success",
        "success": True,
        "data": data,
        "signature": payos_signature(secret, data),
    }
    return json.dumps(notice).encode(), {"Content-Type": "application/json"}


def payos_signature(secret: str, data: dict[str, object]) -> str:
    fields = []
    for key in sorted(data):
        value = data[key]
        if value is None:
            value = ""
        elif isinstance(value, list | dict):
            value = json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"))
        elif isinstance(value, bool):
            value = str(value).lower()
        fields.append(f"{key}={value}")
    return hmac.new(secret.encode(), "&".join(fields).encode(), hashlib.sha256).hexdigest()


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value
