"""Set, check and end members' PINs on shared phones, and check signatures made with them.

A PIN opens one phone only. Wrong entries lock it for growing times, and the tenth ends it. Every PIN has a
signing key. The phone signs commands and sign-ins with it, also without a network.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import os
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cooperatives.models import Membership, PhonePin, SharedPhone
from cooperatives.models.shared_phone import MAX_WRONG_TRIES
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

MIN_DIGITS, MAX_DIGITS = 4, 6
# How long a PIN is locked after so many wrong entries in a row.
LOCK_MINUTES = {3: 1, 4: 5, 5: 15, 6: 60, 7: 60, 8: 60, 9: 60}
# PBKDF2 with SHA-256 takes about half a second on a cheap phone.
ITERATIONS = 600_000
# How long the market accepts commands that were signed before the member chose a new PIN.
EARLIER_KEY_LIFETIME = datetime.timedelta(days=30)
_SALT_BYTES, _NONCE_BYTES = 16, 12
_NAMESPACE = "cooperatives.actions.phone_pins"
_BIRTH_YEARS = range(1900, 2100)


class WeakPin(Refused):
    code = "weak_pin"
    default_message = _(
        "This PIN is easy to guess. Do not use one digit only, a row such as 1234, a year, a birthday or your"
        " phone number."
    )


class InvalidPin(Refused):
    code = "invalid_pin"
    default_message = _("A PIN has four to six digits.")


class WrongPin(Refused):
    """The PIN is wrong. `details["left"]` is how many tries are left before the next lock."""

    code = "wrong_pin"
    default_message = _("The PIN is not correct.")


class PinLocked(Refused):
    """Too many wrong entries. `details["minutes"]` is how long to wait."""

    code = "pin_locked"


class PinEnded(Refused):
    """The PIN was entered wrongly ten times, or the account's password has changed since."""

    code = "pin_ended"
    default_message = _("This PIN is no longer valid. Sign in and choose a new one.")


def set_pin(
    *, phone: SharedPhone, membership: Membership, pin: str, actor: Actor, now: datetime.datetime
) -> PhonePin:
    """Set or replace a member's PIN on a phone, with a new signing key.

    Raises InvalidPin, WeakPin, Missing.
    """
    require_good_pin(pin, phone_number=membership.user.phone or "")
    pin_hash, salt, key_salt = make_password(pin), os.urandom(_SALT_BYTES), _as_text(os.urandom(_SALT_BYTES))
    sealed_key = _seal(_derive_key(phone, membership.pk, key_salt), pin, salt)
    with transaction.atomic(durable=True):
        locked_phone = lock_row(SharedPhone.objects.active().filter(pk=phone.pk))
        is_member = Membership.objects.filter(
            pk=membership.pk, cooperative=phone.cooperative_id, is_active=True
        ).exists()
        if locked_phone is None or not is_member:
            raise Missing()
        earlier = PhonePin.objects.filter(phone=locked_phone, membership=membership).first()
        row, _is_new = PhonePin.objects.update_or_create(
            phone=locked_phone,
            membership=membership,
            defaults={
                "pin_hash": pin_hash,
                "account_digest": account_digest(membership.user),
                "sealed_key": sealed_key,
                "salt": _as_text(salt),
                "iterations": ITERATIONS,
                "key_salt": key_salt,
                "earlier_key_salt": earlier.key_salt if earlier else "",
                "wrong_tries": 0,
                "locked_until": None,
                "set_at": now,
                "ended_at": None,
            },
        )
        _record("phone_pin.set", row, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def remove_pin(*, phone: SharedPhone, membership_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Take a member off a phone. Commands that they signed before are still accepted. Raises Missing."""
    row = lock_row(PhonePin.objects.filter(phone=phone, membership=membership_id, ended_at=None))
    if row is None:
        raise Missing()
    row.ended_at, row.pin_hash, row.sealed_key = now, "", ""
    row.save(update_fields=["ended_at", "pin_hash", "sealed_key"])
    _record("phone_pin.removed", row, actor=actor, now=now)


def use_pin(*, phone: SharedPhone, pin_id: int, entered_pin: str, now: datetime.datetime) -> PhonePin:
    """Return the member's row if the PIN is right. Raises Missing, WrongPin, PinLocked, PinEnded.

    Each statement commits on its own, so that a rejected try counts. A try is counted before it is compared:
    of concurrent tries only as many are compared as are left.
    """
    phone_pins = PhonePin.objects.filter(pk=pin_id, phone=phone)
    if not phone_pins.present().exists():
        raise Missing()
    # The query joins no tables, because after waiting for another try PostgreSQL checks only the row's own
    # columns again.
    triable = phone_pins.may_be_tried(now).filter(wrong_tries__lt=MAX_WRONG_TRIES)
    is_counted = triable.update(wrong_tries=F("wrong_tries") + 1, locked_until=_next_lock(now))
    row = phone_pins.present().select_related("phone", "membership__user").first()
    if row is None:
        raise Missing()
    if not is_counted and row.wrong_tries < MAX_WRONG_TRIES:
        raise _locked(row, now)
    if not is_counted or not is_of_account(row):
        raise PinEnded()
    if not check_password(entered_pin, row.pin_hash):
        raise _wrong(row, now)
    phone_pins.update(wrong_tries=0, locked_until=None)
    return row


def find_usable_pins(phone: SharedPhone) -> list[PhonePin]:
    """Return the PINs that open a phone, by the members' names."""
    return [row for row in find_shown_pins(phone) if row.wrong_tries < MAX_WRONG_TRIES]


def find_shown_pins(phone: SharedPhone) -> list[PhonePin]:
    """Return the PINs of a phone that still belong to their account, also those that wrong tries ended."""
    phone_pins = PhonePin.objects.present().filter(phone=phone).select_related("phone", "membership__user")
    return sorted(filter(is_of_account, phone_pins), key=lambda row: (row.membership.user.name, row.pk))


def is_of_account(phone_pin: PhonePin) -> bool:
    """Return whether the user has not been signed out everywhere since the PIN was set."""
    return constant_time_compare(phone_pin.account_digest, account_digest(phone_pin.membership.user))


def account_digest(user: User) -> str:
    """Return a digest that changes with a new password, a second factor and a sign-out everywhere."""
    state = f"{user.pk}:{user.revocation_key}:{user.second_factor_since}"
    return salted_hmac(_NAMESPACE, state, algorithm="sha256").hexdigest()


def signing_key(phone_pin: PhonePin) -> bytes:
    """Return the signing key of a PIN. It is derived from SECRET_KEY, so no row holds it."""
    return _derive_key(phone_pin.phone, phone_pin.membership_id, phone_pin.key_salt)


def is_signed_by(phone_pin: PhonePin, text: str, signature: str) -> bool:
    """Return whether the text was signed on the phone with the member's PIN."""
    return constant_time_compare(sign(signing_key(phone_pin), text), signature)


def was_signed_by(phone_pin: PhonePin, text: str, signature: str, *, now: datetime.datetime) -> bool:
    """Return whether the member signed the text on the phone, also before they chose a new PIN."""
    if is_signed_by(phone_pin, text, signature):
        return True
    if not phone_pin.earlier_key_salt or now - phone_pin.set_at >= EARLIER_KEY_LIFETIME:
        return False
    earlier_key = _derive_key(phone_pin.phone, phone_pin.membership_id, phone_pin.earlier_key_salt)
    return constant_time_compare(sign(earlier_key, text), signature)


def sign(key: bytes, text: str) -> str:
    """Return the signature of a text as phones compute it: HMAC with SHA-256, in hexadecimal."""
    return hmac.digest(key, text.encode(errors="replace"), "sha256").hex()


def require_good_pin(pin: str, *, phone_number: str) -> None:
    """Raise InvalidPin or WeakPin unless the PIN has four to six digits and is not easy to guess."""
    if not (pin.isascii() and pin.isdecimal() and MIN_DIGITS <= len(pin) <= MAX_DIGITS):
        raise InvalidPin(field="pin")
    differences = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    is_row = len(differences) == 1 and differences <= {0, 1, 9}
    is_repeated = any(pin == pin[:length] * (len(pin) // length) for length in (2, 3) if len(pin) > length)
    is_year = len(pin) == 4 and int(pin) in _BIRTH_YEARS
    is_date = len(pin) == 6 and 1 <= int(pin[:2]) <= 31 and 1 <= int(pin[2:4]) <= 12
    if is_row or is_repeated or is_year or is_date or phone_number.endswith(pin):
        raise WeakPin(field="pin")


def _next_lock(now: datetime.datetime) -> Case:
    """Return the end of the PIN's lock if the try that is counted now is wrong."""
    locks = [
        When(wrong_tries=tries - 1, then=Value(now + datetime.timedelta(minutes=minutes)))
        for tries, minutes in LOCK_MINUTES.items()
    ]
    return Case(*locks, default=Value(None), output_field=PhonePin._meta.get_field("locked_until"))


def _wrong(phone_pin: PhonePin, now: datetime.datetime) -> Refused:
    """Return the refusal of a wrong entry, which says what is left."""
    if phone_pin.wrong_tries >= MAX_WRONG_TRIES:
        return PinEnded()
    if phone_pin.locked_until is not None:
        return _locked(phone_pin, now)
    left = min(LOCK_MINUTES) - phone_pin.wrong_tries
    message = ngettext_lazy(
        "The PIN is not correct. You have %(count)d attempt left.",
        "The PIN is not correct. You have %(count)d attempts left.",
        "count",
    )
    return WrongPin(message % {"count": left}, field="pin", left=left)


def _locked(phone_pin: PhonePin, now: datetime.datetime) -> PinLocked:
    rest = (phone_pin.locked_until or now) - now
    minutes = max(1, -(-rest // datetime.timedelta(minutes=1)))
    message = ngettext_lazy(
        "Too many wrong PINs. Wait %(count)d minute, or sign in with your password.",
        "Too many wrong PINs. Wait %(count)d minutes, or sign in with your password.",
        "count",
    )
    return PinLocked(message % {"count": minutes}, field="pin", minutes=minutes)


def _derive_key(phone: SharedPhone, membership_id: int, key_salt: str) -> bytes:
    subject = f"{phone.secret_digest}:{membership_id}{key_salt and f':{key_salt}'}"
    return salted_hmac(f"{_NAMESPACE}.signing_key", subject, algorithm="sha256").digest()


def _seal(key: bytes, pin: str, salt: bytes) -> str:
    """Encrypt the signing key under the PIN with AES-GCM, as the phone's script reads it."""
    pin_key = hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, ITERATIONS)
    nonce = os.urandom(_NONCE_BYTES)
    return _as_text(nonce + AESGCM(pin_key).encrypt(nonce, key, None))


def _as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _record(action: str, phone_pin: PhonePin, *, actor: Actor, now: datetime.datetime) -> None:
    record_change(
        action,
        phone_pin,
        actor=actor,
        now=now,
        root=phone_pin.phone.cooperative,
        cooperative_id=phone_pin.phone.cooperative_id,
        data={"user": phone_pin.membership.user_id, "phone": phone_pin.phone.name},
    )
