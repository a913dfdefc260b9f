"""Register phones that several members use, and end their use."""

from __future__ import annotations

import datetime
import hashlib
import secrets

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.members import lock_cooperative
from cooperatives.models import PhonePin, SharedPhone
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

MAX_SHARED_PHONES = 20


class TooManySharedPhones(Refused):
    code = "too_many_shared_phones"
    default_message = _("Your cooperative already shares 20 phones. Stop sharing one that you no longer use.")


@transaction.atomic(durable=True)
def register_shared_phone(
    *, cooperative_id: int, name: str, registered_by: User, actor: Actor, now: datetime.datetime
) -> tuple[SharedPhone, str]:
    """Register a phone. Return its row and the secret that its browser keeps.

    Raises Missing, TooManySharedPhones.
    """
    cooperative = lock_cooperative(cooperative_id)
    if SharedPhone.objects.for_cooperative(cooperative).active().count() >= MAX_SHARED_PHONES:
        raise TooManySharedPhones()
    secret = secrets.token_urlsafe(32)
    phone = SharedPhone.objects.create(
        cooperative=cooperative,
        name=" ".join(name.split()),
        secret_digest=_digest(secret),
        registered_by=registered_by,
        registered_at=now,
    )
    _record("shared_phone.registered", phone, actor=actor, now=now)
    return phone, secret


@transaction.atomic(durable=True)
def end_shared_phone(*, cooperative_id: int, phone_id: int, actor: Actor, now: datetime.datetime) -> None:
    """End a phone's use, sign it out and delete its PINs. Raises Missing."""
    cooperative = lock_cooperative(cooperative_id)
    phones = SharedPhone.objects.for_cooperative(cooperative).active()
    phone = lock_row(phones.filter(pk=phone_id))
    if phone is None:
        raise Missing()
    phone.ended_at = now
    phone.save(update_fields=["ended_at"])
    PhonePin.objects.filter(phone=phone).delete()
    _record("shared_phone.ended", phone, actor=actor, now=now)


def find_active_phone(phone_id: int, secret: str) -> SharedPhone | None:
    """Return the active phone with this id and secret, or None."""
    phones = SharedPhone.objects.active().select_related("cooperative")
    return phones.filter(pk=phone_id, secret_digest=_digest(secret)).first()


def is_ended_phone(phone_id: int, secret: str) -> bool:
    """Return whether the phone with this id and secret was shared once and is not any more."""
    ended_phones = SharedPhone.objects.exclude(ended_at=None)
    return ended_phones.filter(pk=phone_id, secret_digest=_digest(secret)).exists()


def _digest(secret: str) -> str:
    """Return the stored form of a secret, which is too long to be guessed."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _record(action: str, phone: SharedPhone, *, actor: Actor, now: datetime.datetime) -> None:
    record_change(
        action,
        phone,
        actor=actor,
        now=now,
        root=phone.cooperative,
        cooperative_id=phone.cooperative_id,
        data={"name": phone.name},
    )
