"""Find, create and confirm accounts by phone number.

Only a code sent to a number proves ownership. A person who proves it takes the number over from an account
that never confirmed it.
"""

from __future__ import annotations

import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import User
from shop.accounts.registration.accounts import ACCOUNTS_OF_NUMBER, PhoneTaken
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class PhoneShared(Refused):
    """As many accounts as may sign in by one unconfirmed number have it already."""

    code = "phone_shared"
    default_message = _(
        "Two people already sign in with this number. Cancel this invitation, and let them join with another"
        " number by a new one."
    )


def find_account_with_phone(phone: str) -> User | None:
    """Return the account that confirmed this number, else one that only lists it."""
    confirmed_first = F("phone_confirmed_at").asc(nulls_last=True)
    return User.objects.filter(phone=phone).order_by(confirmed_first, "pk").first() if phone else None


@transaction.atomic(durable=True)
def create_phone_account(
    *, phone: str, name: str, language: str, actor: Actor, now: datetime.datetime
) -> User:
    """Create an account for a person who proved ownership of the number. Raises PhoneTaken."""
    _release_phone(phone, keep_user_id=None, actor=actor, now=now)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                phone=phone, phone_confirmed_at=now, first_name=name, language=language
            )
    except IntegrityError as taken:  # the same form was sent twice at once
        raise PhoneTaken(field="phone") from taken
    record_change("user.registered", user, actor=actor, now=now)
    return user


def create_vouched_account(
    *, phone: str, name: str, password_hash: str, language: str, actor: Actor, now: datetime.datetime
) -> User:
    """In a transaction: create an account for a person whom the actor knows, without proof of the number.

    The number is only a contact and the account's name at sign-in: it brings no orders, codes or messages,
    and whoever proves it takes it over. Raises PhoneShared.
    """
    holders = User.objects.filter(phone=phone, phone_confirmed_at=None, email=None)
    if holders.count() >= ACCOUNTS_OF_NUMBER:
        raise PhoneShared(field="phone")
    user = User(phone=phone, password=password_hash, first_name=name, language=language)
    user.save(force_insert=True)
    record_change("user.registered", user, actor=actor, now=now)
    return user


@transaction.atomic(durable=True)
def confirm_phone(*, user_id: int, phone: str, actor: Actor, now: datetime.datetime) -> User:
    """Set a user's number as confirmed, after they entered its code. Raises Missing, PhoneTaken."""
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    if user.phone == phone and user.phone_confirmed_at is not None:
        return user
    _release_phone(phone, keep_user_id=user_id, actor=actor, now=now)
    user.phone, user.phone_confirmed_at = phone, now
    try:
        with transaction.atomic():
            user.save(update_fields=["phone", "phone_confirmed_at", "updated_at"])
    except IntegrityError as taken:  # another account took it at the same moment
        raise PhoneTaken(field="phone") from taken
    record_change("user.phone_confirmed", user, actor=actor, now=now)
    return user


def _release_phone(phone: str, *, keep_user_id: int | None, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: remove a number from accounts that never confirmed it. Raises PhoneTaken."""
    for holder in lock_rows(User.objects.filter(phone=phone)):
        if holder.pk == keep_user_id:
            continue
        if holder.phone_confirmed_at is not None:
            raise PhoneTaken(field="phone")
        holder.phone = None
        holder.save(update_fields=["phone", "updated_at"])
        record_change("user.phone_released", holder, actor=actor, now=now)
