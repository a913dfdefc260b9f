"""Add, use and remove passkeys."""

from __future__ import annotations

import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import Passkey, User
from shop.accounts.registration.email_links import notify_sign_in_change
from shop.accounts.second_factor.factors import turn_off_if_no_factors_left
from shop.accounts.second_factor.passkey_ceremonies import (
    InvalidPasskey,
    NewCredential,
    Site,
    verify_authentication,
)
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

MAX_PASSKEYS = 10


class TooManyPasskeys(Refused):
    code = "too_many_passkeys"
    default_message = _("An account can have at most ten passkeys. Remove one that you no longer use first.")


def user_passkeys(user_id: int) -> QuerySet[Passkey]:
    """Return a user's passkeys, oldest first."""
    return Passkey.objects.filter(user=user_id).order_by("created_at", "pk")


@transaction.atomic(durable=True)
def add_passkey(
    *, user_id: int, name: str, credential: NewCredential, actor: Actor, now: datetime.datetime
) -> Passkey:
    """Save a verified credential and notify its owner. Raises Missing, TooManyPasskeys, InvalidPasskey."""
    user = _lock_user(user_id)
    if user_passkeys(user_id).count() >= MAX_PASSKEYS:
        raise TooManyPasskeys()
    try:
        with transaction.atomic():
            passkey = Passkey.objects.create(
                user=user,
                name=name,
                credential_id=credential.credential_id,
                public_key=credential.public_key,
                sign_count=credential.sign_count,
                created_at=now,
            )
    except IntegrityError as taken:  # the same credential was sent twice, or belongs to another account
        raise InvalidPasskey() from taken
    record_change("user.passkey_added", user, actor=actor, now=now)
    notify_sign_in_change(user=user, text=_("A passkey was added to your account."), now=now)
    return passkey


@transaction.atomic(durable=True)
def use_passkey(*, response: str, challenge: str, site: Site, now: datetime.datetime) -> User:
    """Return the owner of the passkey that signed the response. Raises InvalidPasskey.

    If the authenticator counts signatures, each one is accepted once, even if sent twice at the same time.
    """
    passkey, sign_count = verify_authentication(response, challenge=challenge, site=site)
    unchanged = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count)
    if not unchanged.update(sign_count=sign_count, last_used_at=now):
        raise InvalidPasskey()
    return passkey.user


@transaction.atomic(durable=True)
def remove_passkey(*, user_id: int, passkey_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Remove one of a user's passkeys and notify them. Raises Missing."""
    user = _lock_user(user_id)
    deleted_count, _by_model = user_passkeys(user_id).filter(pk=passkey_id).delete()
    if not deleted_count:
        raise Missing()
    turn_off_if_no_factors_left(user)
    record_change("user.passkey_removed", user, actor=actor, now=now)
    notify_sign_in_change(user=user, text=_("A passkey was removed from your account."), now=now)


def _lock_user(user_id: int) -> User:
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    return user
