"""Give and withdraw consents."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db.models import Q, QuerySet

from shop.accounts.models import Consent, ConsentPurpose, RequestKind, User
from shop.accounts.personal.data_requests import record_done_request
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change

CONSENT_TEXT_VERSION = "2026-12"  # change it whenever the text changes
# Purposes a person may consent to or withdraw at any time. The order's consent is asked in the checkout.
WITHDRAWABLE_PURPOSES = (ConsentPurpose.NEWS,)


def give_consent(*, user_id: int, purpose: ConsentPurpose, actor: Actor, now: datetime.datetime) -> User:
    """In a transaction: record a person's consent to a purpose, unless it is already given.

    Raises Missing.
    """
    user = _lock_user(user_id)
    if active_consents(purpose, user_id=user_id).exists():
        return user
    consent = Consent.objects.create(
        user=user, purpose=purpose, version=CONSENT_TEXT_VERSION, given_at=now, entry_point=actor.entry_point
    )
    record_change("consent.given", consent, root=user, actor=actor, now=now, data={"purpose": purpose})
    return user


def withdraw_user_consent(
    user: User, purpose: ConsentPurpose, *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: withdraw a locked user's consent, if there is one, and file the request as done."""
    if not end_consents(active_consents(purpose, user_id=user.pk), now=now):
        return
    record_done_request(RequestKind.WITHDRAWAL, user, actor=actor, now=now)
    record_change("consent.withdrawn", user, actor=actor, now=now, data={"purpose": purpose})


def active_consents(
    purpose: ConsentPurpose, *, user_id: int | None = None, subjects: Collection[str] = ()
) -> QuerySet[Consent]:
    """Return active consents of a person, or those given for the subjects in `subjects`."""
    owner = Q(user=user_id) if user_id is not None else Q(pk=None)
    return Consent.objects.filter(owner | Q(subject__in=subjects), purpose=purpose, withdrawn_at=None)


def end_consents(consents: QuerySet[Consent], *, now: datetime.datetime) -> int:
    """In a transaction: withdraw these consents, and return how many there were."""
    return consents.update(withdrawn_at=now)


def _lock_user(user_id: int) -> User:
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    return user
