"""Following: the weekly bulletin by mail, for who asked for it and confirmed that the mailbox is theirs."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cooperatives import notices
from cooperatives.models import Cooperative, Follow
from shop.accounts.models import Consent, ConsentPurpose, User
from shop.accounts.personal.consents import CONSENT_VERSION
from shop.core.actors import Actor
from shop.core.database.transactions import locked, locked_one
from shop.core.errors import Missing
from shop.core.models import record_change

# An address that nobody confirmed is somebody's all the same: it is not kept.
FORGOTTEN_AFTER = datetime.timedelta(days=7)


@transaction.atomic(durable=True)
def ask_to_follow(
    *,
    cooperative_slug: str | None,
    email: str,
    user: User | None,
    language: str,
    actor: Actor,
    now: datetime.datetime,
) -> Follow:
    """Somebody wants the bulletin of a cooperative, or of the market (None), at an address.

    An account's own confirmed address follows at once; to any other goes a letter with a link to confirm it.
    Who follows already is left as they are and told nothing, so that nobody learns by asking. Raises Missing.
    """
    cooperative = None
    if cooperative_slug is not None:
        cooperative = Cooperative.objects.public().filter(slug=cooperative_slug).first()
        if cooperative is None:
            raise Missing()
    row = begin_follow(cooperative, email, user=user, language=language, actor=actor, now=now)
    if row is None:
        raise Missing()
    return row


def begin_follow(
    cooperative: Cooperative | None,
    email: str,
    *,
    user: User | None,
    language: str,
    actor: Actor,
    now: datetime.datetime,
) -> Follow | None:
    """Step of `ask_to_follow`; also of an order whose buyer wants news. None where it was ended meanwhile."""
    email = email.strip().lower()
    asked = Follow(cooperative=cooperative, user=user, email=email, language=language, asked_at=now)
    Follow.objects.bulk_create([asked], ignore_conflicts=True)
    row = locked_one(Follow.objects.filter(cooperative=cooperative, email=email))
    if row is not None and row.confirmed_at is None:
        if user is not None and user.is_confirmed and user.email == email:
            row.user = user
            _confirm(row, actor=actor, now=now)
        else:
            notices.follow_asked(row, now=now)
    return row


@transaction.atomic(durable=True)
def confirm_follow(*, token: str, actor: Actor, now: datetime.datetime) -> Follow:
    """Whoever has the letter's link reads that mailbox: from now on the bulletin is sent. Raises Missing."""
    row = locked_one(Follow.objects.filter(token=token))
    if row is None:
        raise Missing()
    if row.confirmed_at is None:
        _confirm(row, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def end_follow(*, token: str, actor: Actor, now: datetime.datetime) -> None:
    """Nothing more is sent, and the address is forgotten. Raises Missing where that has been done."""
    row = locked_one(Follow.objects.filter(token=token))
    if row is None:
        raise Missing()
    _end([row], actor=actor, now=now)


def end_follows_of(user: User, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: what a person follows, by their account or by their address, is ended."""
    _end(locked(Follow.objects.filter(Q(user=user) | Q(email=user.email or ""))), actor=actor, now=now)


def end_follows_to(email: str, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: nothing more is sent to this address."""
    _end(locked(Follow.objects.filter(email=email)), actor=actor, now=now)


@shared_task(name="cooperatives.forget_follows")
def forget_follows_task() -> None:
    """Sweep: addresses that were never confirmed."""
    Follow.objects.forgotten(timezone.now() - FORGOTTEN_AFTER).delete()


def _confirm(row: Follow, *, actor: Actor, now: datetime.datetime) -> None:
    row.confirmed_at = now
    row.save(update_fields=["user", "confirmed_at"])
    Consent.objects.create(
        user=row.user,
        about=_about(row),
        purpose=ConsentPurpose.NEWS,
        version=CONSENT_VERSION,
        given_at=now,
        door=actor.door,
    )
    record_change("follow.confirmed", row, actor=actor, now=now, cooperative_id=row.cooperative_id)


def _end(rows: list[Follow], *, actor: Actor, now: datetime.datetime) -> None:
    abouts = [_about(row) for row in rows]
    Consent.objects.filter(about__in=abouts, withdrawn_at=None).update(withdrawn_at=now)
    for row in rows:
        record_change("follow.ended", row, actor=actor, now=now, cooperative_id=row.cooperative_id)
        row.delete()


def _about(row: Follow) -> str:
    return f"follow:{row.pk}"
