"""Accounts by phone number: who has one, opening one, and whose number it is.

A number that somebody only wrote down opens nothing: a code sent to it does. Whoever has shown that a number
is theirs takes it from an account that never did.
"""

from __future__ import annotations

import datetime

from django.db import IntegrityError, transaction

from shop.accounts.models import User
from shop.accounts.registration.accounts import PhoneTaken
from shop.core.actors import Actor
from shop.core.database.transactions import locked, locked_one
from shop.core.errors import Missing
from shop.core.models import record_change


def holder_of(phone: str) -> User | None:
    """The account that a number stands on, confirmed or not."""
    return User.objects.filter(phone=phone).first() if phone else None


@transaction.atomic(durable=True)
def open_by_phone(*, phone: str, name: str, language: str, actor: Actor, now: datetime.datetime) -> User:
    """Open an account for whoever has just shown that the number is theirs. Raises PhoneTaken."""
    _free(phone, keeper=None, actor=actor, now=now)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                phone=phone, phone_confirmed_at=now, first_name=name, language=language
            )
    except IntegrityError as taken:  # the same code page sent twice at once
        raise PhoneTaken(field="phone") from taken
    record_change("user.registered", user, actor=actor, now=now)
    return user


@transaction.atomic(durable=True)
def confirm_phone(*, user_id: int, phone: str, actor: Actor, now: datetime.datetime) -> User:
    """The number is theirs: they have entered its code. Raises Missing, PhoneTaken."""
    user = locked_one(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    if user.phone == phone and user.phone_confirmed_at is not None:
        return user
    _free(phone, keeper=user_id, actor=actor, now=now)
    user.phone, user.phone_confirmed_at = phone, now
    try:
        with transaction.atomic():
            user.save(update_fields=["phone", "phone_confirmed_at", "updated_at"])
    except IntegrityError as taken:  # somebody opened an account with it at the same moment
        raise PhoneTaken(field="phone") from taken
    record_change("user.phone_confirmed", user, actor=actor, now=now)
    return user


def _free(phone: str, *, keeper: int | None, actor: Actor, now: datetime.datetime) -> None:
    """Step: take a number from the account that never showed it was theirs. Raises PhoneTaken."""
    for holder in locked(User.objects.filter(phone=phone)):
        if holder.pk == keeper:
            continue
        if holder.phone_confirmed_at is not None:
            raise PhoneTaken(field="phone")
        holder.phone = None
        holder.save(update_fields=["phone", "updated_at"])
        record_change("user.phone_released", holder, actor=actor, now=now)
