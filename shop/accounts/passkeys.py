"""Passkeys of a person: kept once the browser's answer was checked, and taken away again."""

from __future__ import annotations

import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from shop.accounts.links import tell_of_entrance
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.db import locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

MOST = 10


class TooManyPasskeys(Refused):
    code = "too_many_passkeys"
    default_words = _("Ten passkeys are enough. Remove one that you no longer use first.")


def passkeys_of(user_id: int) -> QuerySet[Authenticator]:
    """A person's passkeys, oldest first."""
    kind = Authenticator.Type.WEBAUTHN
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user_id, type=kind)
    return found.order_by("created_at", "pk")


@transaction.atomic(durable=True)
def add_passkey(
    *, user_id: int, name: str, credential: dict[str, Any], actor: Actor, now: datetime.datetime
) -> None:
    """Keep a passkey whose answer was checked, and tell its owner. Raises Missing, TooManyPasskeys."""
    user = _locked(user_id)
    if passkeys_of(user_id).count() >= MOST:
        raise TooManyPasskeys()
    WebAuthn.add(user, name, credential)
    record_change("user.passkey_added", user, actor=actor, now=now)
    tell_of_entrance(user=user, words=_("A passkey was added to your account."), now=now)


@transaction.atomic(durable=True)
def remove_passkey(*, user_id: int, passkey_id: int, actor: Actor, now: datetime.datetime) -> None:
    """It opens nothing any more. Raises Missing."""
    user = _locked(user_id)
    gone, _told = passkeys_of(user_id).filter(pk=passkey_id).delete()
    if not gone:
        raise Missing()
    record_change("user.passkey_removed", user, actor=actor, now=now)
    tell_of_entrance(user=user, words=_("A passkey was removed from your account."), now=now)


def _locked(user_id: int) -> User:
    user = locked_one(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    return user
