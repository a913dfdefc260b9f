"""Follow a cooperative's or the market's weekly bulletin, by confirmed email (double opt-in)."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cooperatives import notifications
from cooperatives.models import Cooperative, Follow
from shop.accounts.models import Consent, ConsentPurpose, User
from shop.accounts.personal.consents import CONSENT_TEXT_VERSION
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing
from shop.core.models import record_change

# Unconfirmed addresses are personal data too, so they are deleted after this time.
UNCONFIRMED_RETENTION = datetime.timedelta(days=7)


@transaction.atomic(durable=True)
def request_follow(
    *,
    cooperative_slug: str | None,
    email: str,
    user: User | None,
    language: str,
    actor: Actor,
    now: datetime.datetime,
) -> Follow:
    """Request the bulletin of a cooperative, or of the market (None), for an address.

    A user's own confirmed address follows at once. Any other address receives a confirmation link. An
    existing follower is left unchanged and not notified, so that requests reveal nothing. Raises Missing.
    """
    cooperative = None
    if cooperative_slug is not None:
        cooperative = Cooperative.objects.public().filter(slug=cooperative_slug).first()
        if cooperative is None:
            raise Missing()
    row = create_follow_request(cooperative, email, user=user, language=language, actor=actor, now=now)
    if row is None:
        raise Missing()
    return row


def create_follow_request(
    cooperative: Cooperative | None,
    email: str,
    *,
    user: User | None,
    language: str,
    actor: Actor,
    now: datetime.datetime,
) -> Follow | None:
    """Create a follow request, or return None if it was deleted meanwhile.

    `request_follow` calls it, and so does placing an order whose buyer opts in to news.
    """
    email = email.strip().lower()
    new_follow = Follow(cooperative=cooperative, user=user, email=email, language=language, created_at=now)
    Follow.objects.bulk_create([new_follow], ignore_conflicts=True)
    row = lock_row(Follow.objects.filter(cooperative=cooperative, email=email))
    if row is not None and row.confirmed_at is None:
        if user is not None and user.is_confirmed and user.email == email:
            row.user = user
            _confirm_row(row, actor=actor, now=now)
        else:
            notifications.send_follow_confirmation(row, now=now)
    return row


@transaction.atomic(durable=True)
def confirm_follow(*, token: str, actor: Actor, now: datetime.datetime) -> Follow:
    """Confirm a follow by the token from the email. Raises Missing."""
    row = lock_row(Follow.objects.filter(token=token))
    if row is None:
        raise Missing()
    if row.confirmed_at is None:
        _confirm_row(row, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def unfollow(*, token: str, actor: Actor, now: datetime.datetime) -> None:
    """Unsubscribe and delete the address. Raises Missing if already done."""
    row = lock_row(Follow.objects.filter(token=token))
    if row is None:
        raise Missing()
    _end_rows([row], actor=actor, now=now)


def unfollow_all_of_user(user: User, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete all follows of a user, by account or address."""
    _end_rows(
        lock_rows(Follow.objects.filter(Q(user=user) | Q(email=user.email or ""))), actor=actor, now=now
    )


def unfollow_address(email: str, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete all follows of an address."""
    _end_rows(lock_rows(Follow.objects.filter(email=email)), actor=actor, now=now)


@shared_task(name="cooperatives.delete_unconfirmed_follows")
def delete_unconfirmed_follows_task() -> None:
    """Delete follow requests that were not confirmed in time."""
    Follow.objects.unconfirmed_before(timezone.now() - UNCONFIRMED_RETENTION).delete()


def _confirm_row(follow: Follow, *, actor: Actor, now: datetime.datetime) -> None:
    follow.confirmed_at = now
    follow.save(update_fields=["user", "confirmed_at"])
    Consent.objects.create(
        user=follow.user,
        subject=_consent_subject(follow),
        purpose=ConsentPurpose.NEWS,
        version=CONSENT_TEXT_VERSION,
        given_at=now,
        entry_point=actor.entry_point,
    )
    record_change("follow.confirmed", follow, actor=actor, now=now, cooperative_id=follow.cooperative_id)


def _end_rows(follows: list[Follow], *, actor: Actor, now: datetime.datetime) -> None:
    subjects = [_consent_subject(follow) for follow in follows]
    Consent.objects.filter(subject__in=subjects, withdrawn_at=None).update(withdrawn_at=now)
    for follow in follows:
        record_change("follow.ended", follow, actor=actor, now=now, cooperative_id=follow.cooperative_id)
        follow.delete()


def _consent_subject(follow: Follow) -> str:
    return f"follow:{follow.pk}"
