"""Manage an account's second factor: authenticator app, passkeys, and recovery codes."""

from __future__ import annotations

import datetime
import secrets
import unicodedata

import pyotp
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import AuthenticatorApp, Passkey, RecoveryCode, SignIn, User
from shop.accounts.registration.email_links import notify_sign_in_change
from shop.accounts.sign_in.login_limits import SECOND_FACTORS, SECOND_FACTORS_IN_A_DAY
from shop.accounts.sign_in.sessions import delete_sign_ins
from shop.accounts.sign_in.token_families import revoke_tokens
from shop.core.actors import Actor
from shop.core.database.encryption import FACTOR_PURPOSE, UndecryptableSecret, decrypt_secret, encrypt_secret
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import record_change

STEP_SECONDS = 30
DIGITS = 6
RECOVERY_CODE_COUNT = 10
LOW_RECOVERY_CODE_COUNT = 3
_RECOVERY_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without characters that look alike
_RECOVERY_CODE_CHARACTERS = 10  # 49 bits


class WrongSecondFactor(Refused):
    code = "wrong_second_factor"
    default_message = _("The code is not correct. Check that your phone shows the right time.")


class SecondFactorUsed(Refused):
    code = "second_factor_used"
    default_message = _("This code has already been used. Wait for the next one in the app.")


class NoSecondFactor(Refused):
    code = "no_second_factor"
    default_message = _("Two-step sign-in is not set up for this account.")


class OwnSecondFactorReset(Refused):
    code = "own_second_factor_reset"
    default_message = _("You cannot reset your own two-step sign-in. Ask another administrator to do it.")


class SuperuserRequired(Refused):
    code = "superuser_required"
    default_message = _(
        "Only an administrator with full permissions can reset two-step sign-in for this account."
    )


@transaction.atomic(durable=True)
def add_authenticator_app(
    *, user_id: int, secret: str, entered_code: str, actor: Actor, now: datetime.datetime
) -> list[str]:
    """Save an authenticator app after a valid code. It replaces the former app.

    Returns recovery codes if it is the account's first second factor. Raises Missing, WrongSecondFactor.
    """
    time_step = _matching_time_step(secret, _extract_digits(entered_code), now)
    if time_step is None:
        raise WrongSecondFactor(field="code")
    user = _lock_user(user_id)
    AuthenticatorApp.objects.update_or_create(
        user=user,
        defaults={
            "sealed_secret": encrypt_secret(secret, purpose=FACTOR_PURPOSE),
            "last_step": time_step,
            "created_at": now,
            "last_used_at": now,
        },
    )
    _record_and_notify(
        user, "authenticator_app_added", _("An authenticator app was added to your account."), actor, now
    )
    return _turn_on(user, now)


@transaction.atomic(durable=True)
def require_passkey(*, user_id: int, actor: Actor, now: datetime.datetime) -> list[str]:
    """Require one of the user's passkeys after a password or phone code.

    Returns recovery codes if it is the account's first second factor. Raises Missing, NoSecondFactor.
    """
    user = _lock_user(user_id)
    if not Passkey.objects.filter(user=user).exists():
        raise NoSecondFactor()
    _record_and_notify(
        user,
        "second_factor_on",
        _("Signing in to your account now also requires a passkey."),
        actor,
        now,
    )
    return _turn_on(user, now)


@transaction.atomic(durable=True)
def renew_recovery_codes(*, user_id: int, actor: Actor, now: datetime.datetime) -> list[str]:
    """Replace the recovery codes by ten new ones. Raises Missing, NoSecondFactor."""
    user = _lock_user(user_id)
    if not user.has_second_factor:
        raise NoSecondFactor()
    _record_and_notify(
        user, "recovery_codes_renewed", _("New recovery codes were created for your account."), actor, now
    )
    return _create_recovery_codes(user, now)


@transaction.atomic(durable=True)
def turn_off_second_factor(*, user_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete app and recovery codes. Passkeys can still sign in. Raises Missing, NoSecondFactor."""
    user = _lock_user(user_id)
    if not user.has_second_factor:
        raise NoSecondFactor()
    _turn_off(user)
    _record_and_notify(
        user,
        "second_factor_off",
        _("Two-step sign-in was turned off for your account."),
        actor,
        now,
    )


@transaction.atomic(durable=True)
def reset_second_factor(*, user_id: int, reason: str, actor: Actor, now: datetime.datetime) -> None:
    """Remove all factors of a user who lost theirs, and sign them out everywhere.

    Only a superuser may reset a superuser. Raises Missing, NoSecondFactor, OwnSecondFactorReset,
    ReasonRequired,
    SuperuserRequired.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    if actor.user_id == user_id:
        raise OwnSecondFactorReset()
    user = _lock_user(user_id)
    if not user.has_second_factor:
        raise NoSecondFactor()
    by_superuser = actor.user_id is None or User.objects.filter(pk=actor.user_id, is_superuser=True).exists()
    if user.is_superuser and not by_superuser:
        raise SuperuserRequired()
    remove_factors(user)
    revoke_tokens(user)
    user.save(update_fields=["revocation_key", "updated_at"])
    delete_sign_ins(SignIn.objects.filter(user=user))
    text = _("An administrator has reset two-step sign-in for your account.")
    _record_and_notify(user, "second_factor_reset", text, actor, now, reason=reason.strip())


def verify_second_factor(*, user_id: int, entered_code: str, actor: Actor, now: datetime.datetime) -> None:
    """Accept a code of the user's app, or a recovery code, once.

    Each call counts as a try, even a successful one. Raises TooManyTries, NoSecondFactor, WrongSecondFactor,
    SecondFactorUsed.
    """
    SECOND_FACTORS.count_try(str(user_id))
    SECOND_FACTORS_IN_A_DAY.count_try(str(user_id))
    _accept_code(user_id, entered_code, actor, now)
    SECOND_FACTORS.reset(str(user_id))


def turn_off_if_no_factors_left(user: User) -> None:
    """In a transaction: turn off the second factor if neither an app nor a passkey is left."""
    has_app = AuthenticatorApp.objects.filter(user=user).exists()
    if user.has_second_factor and not has_app and not Passkey.objects.filter(user=user).exists():
        _turn_off(user)


def remove_factors(user: User) -> None:
    """In a transaction: delete a user's app, passkeys and recovery codes."""
    Passkey.objects.filter(user=user).delete()
    _turn_off(user)


def draw_authenticator_secret() -> str:
    return pyotp.random_base32()


def authenticator_uri(secret: str, *, account: str, shop: str) -> str:
    """Return the URI for an authenticator app's QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=shop)


def has_authenticator_app(user: User) -> bool:
    return AuthenticatorApp.objects.filter(user=user).exists()


@transaction.atomic(durable=True)
def _accept_code(user_id: int, entered_code: str, actor: Actor, now: datetime.datetime) -> None:
    user = _lock_user(user_id)
    if not user.has_second_factor:
        raise NoSecondFactor(field="code")
    digits = _extract_digits(entered_code)
    if len(digits) == DIGITS and len(entered_code.strip()) <= DIGITS + 2:
        _accept_authenticator_code(user, digits, now)
    else:
        _accept_recovery_code(user, entered_code, actor, now)


def _accept_authenticator_code(user: User, digits: str, now: datetime.datetime) -> None:
    app = AuthenticatorApp.objects.filter(user=user).first()
    if app is None:
        raise WrongSecondFactor(field="code")
    try:
        secret = decrypt_secret(app.sealed_secret, purpose=FACTOR_PURPOSE)
    except UndecryptableSecret as error:
        raise WrongSecondFactor(field="code") from error
    time_step = _matching_time_step(secret, digits, now)
    if time_step is None:
        raise WrongSecondFactor(field="code")
    app_before_step = AuthenticatorApp.objects.filter(
        pk=app.pk, sealed_secret=app.sealed_secret, last_step__lt=time_step
    )
    if not app_before_step.update(last_step=time_step, last_used_at=now):
        raise SecondFactorUsed(field="code")


def _accept_recovery_code(user: User, entered_code: str, actor: Actor, now: datetime.datetime) -> None:
    unused_codes = RecoveryCode.objects.unused().filter(user=user)
    if not unused_codes.filter(
        digest=_hash_recovery_code(user, _extract_letters_and_digits(entered_code))
    ).update(used_at=now):
        raise WrongSecondFactor(_("The recovery code is not correct or has been used."), field="code")
    _record_and_notify(
        user, "recovery_code_used", _("A recovery code was used to sign in to your account."), actor, now
    )


def _matching_time_step(secret: str, digits: str, now: datetime.datetime) -> int | None:
    """Return the time step the code is valid for: the current, previous or next one, or else None."""
    app = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    nearby_time_steps = (current - 1, current, current + 1)
    matching = [
        time_step
        for time_step in nearby_time_steps
        if constant_time_compare(app.generate_otp(time_step), digits)
    ]
    return matching[-1] if matching else None


def _turn_on(user: User, now: datetime.datetime) -> list[str]:
    if user.has_second_factor:
        return []
    user.second_factor_since = now
    user.save(update_fields=["second_factor_since", "updated_at"])
    return _create_recovery_codes(user, now)


def _turn_off(user: User) -> None:
    AuthenticatorApp.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    user.second_factor_since = None
    user.save(update_fields=["second_factor_since", "updated_at"])


def _create_recovery_codes(user: User, now: datetime.datetime) -> list[str]:
    codes = [
        "".join(secrets.choice(_RECOVERY_ALPHABET) for _character in range(_RECOVERY_CODE_CHARACTERS))
        for _code in range(RECOVERY_CODE_COUNT)
    ]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=_hash_recovery_code(user, code), created_at=now) for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _record_and_notify(
    user: User, action: str, text: str | Promise, actor: Actor, now: datetime.datetime, *, reason: str = ""
) -> None:
    """In a transaction: record a change of a user's factors and notify them."""
    record_change(f"user.{action}", user, actor=actor, now=now, reason=reason)
    notify_sign_in_change(user=user, text=text, now=now)


def _hash_recovery_code(user: User, letters: str) -> str:
    return salted_hmac(
        "shop.accounts.second_factor.factors", f"{user.pk}:{letters}", algorithm="sha256"
    ).hexdigest()


def _extract_digits(entered_code: str) -> str:
    """Return the code's digits, of any script, as ASCII digits."""
    return "".join(str(unicodedata.decimal(character)) for character in entered_code if character.isdecimal())


def _extract_letters_and_digits(entered_code: str) -> str:
    return "".join(character for character in entered_code.lower() if character.isalnum())


def _lock_user(user_id: int) -> User:
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    return user
