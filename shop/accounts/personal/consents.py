"""What people agreed to, and that they no longer do."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db.models import Q, QuerySet

from shop.accounts.models import Consent, ConsentPurpose, RequestKind, User
from shop.accounts.personal.data_requests import note_done
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.errors import Missing
from shop.core.models import record_change

CONSENT_VERSION = "2026-11"  # of the words that people are shown; raised whenever they change
# What somebody may agree to, and no longer agree to, at any time; for an order it is asked with the order.
STANDING = (ConsentPurpose.NEWS,)


def give_consent(*, user_id: int, purpose: ConsentPurpose, actor: Actor, now: datetime.datetime) -> User:
    """Step: a person agrees to a purpose from now on; a second yes changes nothing. Raises Missing."""
    user = _locked(user_id)
    if consents_to(purpose, user_id=user_id).exists():
        return user
    row = Consent.objects.create(
        user=user, purpose=purpose, version=CONSENT_VERSION, given_at=now, door=actor.door
    )
    record_change("consent.given", row, root=user, actor=actor, now=now, data={"purpose": purpose})
    return user


def withdraw(user: User, purpose: ConsentPurpose, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: a locked person no longer agrees, which stands among the requests as done; again: nothing."""
    if not end_consents(consents_to(purpose, user_id=user.pk), now=now):
        return
    note_done(RequestKind.WITHDRAWAL, user, actor=actor, now=now)
    record_change("consent.withdrawn", user, actor=actor, now=now, data={"purpose": purpose})


def consents_to(
    purpose: ConsentPurpose, *, user_id: int | None = None, about: Collection[str] = ()
) -> QuerySet[Consent]:
    """Consents that still stand: of a person, or given with what `about` names."""
    whose = Q(user=user_id) if user_id is not None else Q(pk=None)
    return Consent.objects.filter(whose | Q(about__in=about), purpose=purpose, withdrawn_at=None)


def end_consents(rows: QuerySet[Consent], *, now: datetime.datetime) -> int:
    """Step: these no longer stand; how many there were."""
    return rows.update(withdrawn_at=now)


def _locked(user_id: int) -> User:
    user = locked_one(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    return user
