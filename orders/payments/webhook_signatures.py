"""Verify the signatures that SePay, Casso and payOS put over the raw body of their webhooks.

A function here returns only data that the service signed, and raises otherwise. Signatures are compared in
constant time. Those of SePay and Casso include the time of sending, and are refused after five minutes. Those
of payOS include no time, so only the event id reveals a replay
(`orders.actions.bank_transfers.receive_transfers`).

Sources: SePay's page on authentication, Casso's published examples for webhook V2, payOS's page on
signatures and its SDKs.
"""

from __future__ import annotations

import datetime
import hmac
import json
import math
import re
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

CLOCK_TOLERANCE = datetime.timedelta(minutes=5)
MAX_BODY_BYTES = 1_000_000
_SECONDS = re.compile("[0-9]{1,11}")
_CASSO_SIGNATURE = re.compile(r"t=([0-9]{1,14}),\s*v1=([0-9a-f]{128})")
_PAYOS_EMPTY = (None, "null", "undefined")

WebhookBody = dict[str, object]


class UnverifiedWebhook(Refused):
    """The sender could not be verified. The subclasses name the reason."""

    code = "unverified_webhook"
    default_message = _("The sender of this notification could not be verified.")


class WebhookSecretMissing(UnverifiedWebhook):
    """The service's secret is not configured, so its webhooks cannot be verified."""

    code = "webhook_secret_missing"


class SignatureMissing(UnverifiedWebhook):
    """The signature is missing or malformed."""

    code = "signature_missing"


class InvalidSignature(UnverifiedWebhook):
    """The signature belongs to another body or another sender."""

    code = "invalid_signature"


class StaleSignature(UnverifiedWebhook):
    """Sent more than five minutes ago or in the future, so perhaps a replay."""

    code = "stale_signature"


class UnreadableBody(UnverifiedWebhook):
    """The body is not an unambiguous JSON object."""

    code = "unreadable_body"


def verify_sepay_webhook(
    *, body: bytes, headers: Mapping[str, str], now: datetime.datetime, secret: str = "", api_key: str = ""
) -> WebhookBody:
    """Verify SePay's webhook by its signature if a secret is configured, else by the API key.

    SePay sends `X-SePay-Timestamp` (seconds) and `X-SePay-Signature: sha256=…`, an HMAC over the time, a dot
    and the raw body. With an API key SePay sends only `Authorization: Apikey …`, which covers neither time
    nor body. Raises SignatureMissing, WebhookSecretMissing.
    """
    if secret:
        sent_at = _read_header(headers, "X-SePay-Timestamp")
        if not _SECONDS.fullmatch(sent_at):
            raise SignatureMissing
        expected = _hmac_hex(secret, sent_at.encode() + b"." + body, "sha256")
        _compare_signature(_read_header(headers, "X-SePay-Signature"), f"sha256={expected}")
        _require_recent_time(int(sent_at), now)
    elif api_key:
        _compare_signature(_read_header(headers, "Authorization"), f"Apikey {api_key}")
    else:
        raise WebhookSecretMissing
    return parse_webhook_body(body)


def verify_casso_webhook(
    *, body: bytes, headers: Mapping[str, str], now: datetime.datetime, secret: str
) -> WebhookBody:
    """Verify Casso's webhook (V2) by `X-Casso-Signature: t=<milliseconds>,v1=<HMAC-SHA512>`.

    The signature covers the time, a dot and the compact JSON with its keys sorted at every level. Casso's own
    examples treat lists in two ways: a list stays a list, or becomes an object keyed by index. Both ways are
    tried, because nobody can make either signature without the secret. Raises InvalidSignature,
    SignatureMissing, WebhookSecretMissing.
    """
    if not secret:
        raise WebhookSecretMissing
    proof = _CASSO_SIGNATURE.fullmatch(_read_header(headers, "X-Casso-Signature"))
    if not proof:
        raise SignatureMissing
    sent_at, signature = proof.groups()
    webhook_body = parse_webhook_body(body)
    expected = [
        _hmac_hex(secret, f"{sent_at}.{_compact_json(payload)}".encode(), "sha512")
        for payload in (webhook_body, _lists_as_objects(webhook_body))
    ]
    if not any(hmac.compare_digest(expected_signature, signature) for expected_signature in expected):
        raise InvalidSignature
    _require_recent_time(int(sent_at) / 1000, now)
    return webhook_body


def verify_payos_webhook(*, body: bytes, secret: str) -> WebhookBody:
    """Verify payOS's webhook by its `signature`: an HMAC-SHA256 over `data` as `key=value&…`.

    Keys are sorted. Null is empty. Lists and objects are compact JSON with sorted keys. payOS signs no time,
    so the same webhook stays valid forever. Raises SignatureMissing, WebhookSecretMissing.
    """
    if not secret:
        raise WebhookSecretMissing
    webhook_body = parse_webhook_body(body)
    data, signature = webhook_body.get("data"), webhook_body.get("signature")
    if not isinstance(data, dict) or not isinstance(signature, str):
        raise SignatureMissing
    signed_text = "&".join(f"{key}={_payos_value(data[key])}" for key in sorted(data))
    _compare_signature(signature, _hmac_hex(secret, signed_text.encode(), "sha256"))
    return webhook_body


def parse_webhook_body(body: bytes) -> WebhookBody:
    """Parse the body. The `verify_…` functions check who sent it. Raises UnreadableBody."""
    if len(body) > MAX_BODY_BYTES:
        raise UnreadableBody
    try:
        webhook_body = json.loads(
            body.decode(),
            object_pairs_hook=_require_unique_keys,
            parse_float=_parse_number,
            parse_constant=_parse_number,
        )
        _compact_json(webhook_body).encode()  # fails on an unpaired surrogate
    except (ValueError, RecursionError) as error:
        raise UnreadableBody from error
    if not isinstance(webhook_body, dict):
        raise UnreadableBody
    return webhook_body


def _read_header(headers: Mapping[str, str], name: str) -> str:
    """Return a header, ignoring case. A missing header is empty."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def _hmac_hex(secret: str, message: bytes, algorithm: str) -> str:
    return hmac.new(secret.encode(), message, algorithm).hexdigest()


def _compare_signature(received_signature: str, expected_signature: str) -> None:
    if not received_signature:
        raise SignatureMissing
    if not hmac.compare_digest(received_signature.encode(), expected_signature.encode()):
        raise InvalidSignature


def _require_recent_time(sent_at: float, now: datetime.datetime) -> None:
    """Check the time after the signature, which covers it. Raises StaleSignature."""
    if abs(now.timestamp() - sent_at) > CLOCK_TOLERANCE.total_seconds():
        raise StaleSignature


def _require_unique_keys(pairs: list[tuple[str, object]]) -> WebhookBody:
    """Refuse repeated keys, which the signature's parser and ours could read differently."""
    json_object = dict(pairs)
    if len(json_object) < len(pairs):
        raise ValueError("repeated key")
    return json_object


def _parse_number(text: str) -> int | float:
    """Parse a number as JavaScript does, so that 3000.0 is 3000. Raises ValueError for infinities."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return int(number) if number.is_integer() else number


def _compact_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _lists_as_objects(value: object) -> object:
    if isinstance(value, dict):
        return {key: _lists_as_objects(member) for key, member in value.items()}
    if isinstance(value, list):
        return {str(index): _lists_as_objects(member) for index, member in enumerate(value)}
    return value


def _payos_value(value: object) -> str:
    if isinstance(value, str):
        return "" if value in _PAYOS_EMPTY else value
    return "" if value is None else _compact_json(value)
