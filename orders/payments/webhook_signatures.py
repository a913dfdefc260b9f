"""Who sent a notice about money: the proofs of SePay, Casso and payOS, checked on the raw body.

What a function here returns was said by the service; what raises was said by nobody we know. Proofs are
compared in constant time. SePay's and Casso's hold the time of sending, and older than five minutes they
are refused; payOS's hold none, so there a repeat is known by its event's id alone (`arrivals`).

Sources: SePay's page on authentication, Casso's published examples for webhook V2, payOS's page on
signatures and its SDKs.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

DRIFT = datetime.timedelta(minutes=5)
LARGEST_BODY = 1_000_000  # bytes
_SECONDS = re.compile("[0-9]{1,11}")
_CASSO = re.compile(r"t=([0-9]{1,14}),\s*v1=([0-9a-f]{128})")
_PAYOS_EMPTY = (None, "null", "undefined")

Notice = dict[str, Any]


class Unproven(Refused):
    """The sender is not who they say; the subclass tells how we know."""

    code = "unproven"
    default_words = _("This notice does not prove who sent it.")


class NoSecret(Unproven):
    """We have no secret of this service, so nothing proves anything."""

    code = "no_secret"


class NoProof(Unproven):
    """The proof is missing, or not written as the service writes it."""

    code = "no_proof"


class WrongProof(Unproven):
    """The proof is another body's or another sender's."""

    code = "wrong_proof"


class StaleProof(Unproven):
    """Sent more than five minutes ago, or from the future: perhaps by somebody who kept a copy."""

    code = "stale_proof"


class Unreadable(Unproven):
    """The body is no JSON object that one could be sure of."""

    code = "unreadable"


def prove_sepay(
    *, body: bytes, headers: Mapping[str, str], now: datetime.datetime, secret: str = "", api_key: str = ""
) -> Notice:
    """SePay's notice, proven by the signature where we have a secret, else by the API key.

    Headers: `X-SePay-Timestamp` (seconds) and `X-SePay-Signature: sha256=…`, an HMAC over time, a dot and
    the raw body; or `Authorization: Apikey …`, which says nothing of the time and the body.
    """
    if secret:
        sent = _header(headers, "X-SePay-Timestamp")
        if not _SECONDS.fullmatch(sent):
            raise NoProof
        expected = _signed(secret, sent.encode() + b"." + body, hashlib.sha256)
        _compare(_header(headers, "X-SePay-Signature"), f"sha256={expected}")
        _check_time(int(sent), now)
    elif api_key:
        _compare(_header(headers, "Authorization"), f"Apikey {api_key}")
    else:
        raise NoSecret
    return read_notice(body)


def prove_casso(*, body: bytes, headers: Mapping[str, str], now: datetime.datetime, secret: str) -> Notice:
    """Casso's notice (webhook V2), proven by `X-Casso-Signature: t=<milliseconds>,v1=<HMAC-SHA512>`.

    The signature is over the time, a dot and the compact JSON with its keys sorted at every level. Casso's
    own examples differ in what becomes of lists: they stay lists, or become objects of their places. Both
    are tried; neither can be made without the secret.
    """
    if not secret:
        raise NoSecret
    proof = _CASSO.fullmatch(_header(headers, "X-Casso-Signature"))
    if not proof:
        raise NoProof
    sent, signature = proof.groups()
    notice = read_notice(body)
    expected = [
        _signed(secret, f"{sent}.{_compact(each)}".encode(), hashlib.sha512)
        for each in (notice, _lists_by_place(notice))
    ]
    if not any(hmac.compare_digest(each, signature) for each in expected):
        raise WrongProof
    _check_time(int(sent) / 1000, now)
    return notice


def prove_payos(*, body: bytes, secret: str) -> Notice:
    """payOS's notice, proven by its `signature`: an HMAC-SHA256 over `data` as `key=value&…`.

    Keys are sorted; null is empty; lists and objects are compact JSON with sorted keys. payOS signs no
    time: the same notice may come again for ever.
    """
    if not secret:
        raise NoSecret
    notice = read_notice(body)
    data, signature = notice.get("data"), notice.get("signature")
    if not isinstance(data, dict) or not isinstance(signature, str):
        raise NoProof
    told = "&".join(f"{key}={_payos_value(data[key])}" for key in sorted(data))
    _compare(signature, _signed(secret, told.encode(), hashlib.sha256))
    return notice


def read_notice(body: bytes) -> Notice:
    """The body as its sender meant it; who that was, the `prove_…` say. Raises Unreadable."""
    if len(body) > LARGEST_BODY:
        raise Unreadable
    try:
        notice = json.loads(
            body.decode(),
            object_pairs_hook=_without_repeats,
            parse_float=_number,
            parse_constant=_number,
        )
        _compact(notice).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    if not isinstance(notice, dict):
        raise Unreadable
    return notice


def _header(headers: Mapping[str, str], name: str) -> str:
    """The header whatever its case; empty if it is missing."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def _signed(secret: str, message: bytes, algorithm: Any) -> str:
    return hmac.new(secret.encode(), message, algorithm).hexdigest()


def _compare(told: str, expected: str) -> None:
    if not told:
        raise NoProof
    if not hmac.compare_digest(told.encode(), expected.encode()):
        raise WrongProof


def _check_time(sent: float, now: datetime.datetime) -> None:
    """After the proof: only then was the time said by the service."""
    if abs(now.timestamp() - sent) > DRIFT.total_seconds():
        raise StaleProof


def _without_repeats(pairs: list[tuple[str, Any]]) -> Notice:
    """A key said twice could mean one thing to the proof and another to us."""
    notice = dict(pairs)
    if len(notice) < len(pairs):
        raise ValueError("a key is there twice")
    return notice


def _number(text: str) -> int | float:
    """As JavaScript has it, in which these services sign: 3000.0 is 3000; nothing endless."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no number")
    return int(number) if number.is_integer() else number


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _lists_by_place(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists_by_place(each) for key, each in value.items()}
    if isinstance(value, list):
        return {str(place): _lists_by_place(each) for place, each in enumerate(value)}
    return value


def _payos_value(value: Any) -> str:
    if isinstance(value, str):
        return "" if value in _PAYOS_EMPTY else value
    return "" if value is None else _compact(value)
