"""Record where a user is signed in, and end sign-ins remotely."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from shop.accounts.models import OneTimeCode, SignIn, SignInMethod, TokenFamily, User
from shop.accounts.sign_in.token_families import revoke_tokens
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.notifications.models import PushSubscription
from shop.notifications.push_subscriptions import end_push_of_sessions

_MAX_AGENT_LENGTH = 300


@transaction.atomic(durable=True)
def record_sign_in(
    *,
    user_id: int,
    session_key: str,
    method: SignInMethod,
    ip_address: str | None,
    user_agent: str,
    now: datetime.datetime,
) -> None:
    """Record a sign-in, with its browser, method and time."""
    SignIn.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user_id": user_id,
            "method": method,
            "created_at": now,
            "last_seen_at": now,
            "ip_address": ip_address,
            "user_agent": user_agent[:_MAX_AGENT_LENGTH],
        },
    )


def update_last_seen(*, session_key: str, ip_address: str | None, now: datetime.datetime) -> None:
    """Update when a sign-in was last seen, in one statement because it runs on page views."""
    SignIn.objects.filter(session_key=session_key).update(last_seen_at=now, ip_address=ip_address)


@transaction.atomic(durable=True)
def end_sign_in(*, user_id: int, sign_in_id: int, actor: Actor, now: datetime.datetime) -> None:
    """End one sign-in of a user. Raises Missing."""
    user = _lock_user(user_id)
    sign_ins = SignIn.objects.filter(pk=sign_in_id, user=user)
    if not delete_sign_ins(sign_ins):
        raise Missing()
    record_change("user.signed_out_elsewhere", user, actor=actor, now=now)


@transaction.atomic(durable=True)
def end_other_sign_ins(*, user_id: int, except_session_key: str, actor: Actor, now: datetime.datetime) -> int:
    """End all sign-ins of a user except one session, and return how many ended.

    Revokes all API tokens of the user, too. Raises Missing.
    """
    user = _lock_user(user_id)
    revoke_tokens(user)
    user.save(update_fields=["revocation_key", "updated_at"])
    count = delete_sign_ins(SignIn.objects.filter(user=user).exclude(session_key=except_session_key))
    record_change("user.signed_out_elsewhere", user, actor=actor, now=now, data={"sign_ins": count})
    return count


def delete_sign_ins(rows: QuerySet[SignIn]) -> int:
    """In a transaction: delete these sessions with their browsers' alerts, and return how many."""
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
    end_push_of_sessions(keys)
    return len(keys)


def sign_out_everywhere(user: User) -> None:
    """In a transaction: sign a user out everywhere, and send no more alerts to their browsers.

    It sets `user.revocation_key`, which the caller must save.
    """
    revoke_tokens(user)
    delete_sign_ins(SignIn.objects.filter(user=user))
    PushSubscription.objects.filter(user=user).delete()


@transaction.atomic(durable=True)
def delete_expired_access(*, now: datetime.datetime) -> None:
    """Delete old codes, expired sessions and token families, and sign-ins without a session."""
    OneTimeCode.objects.filter(expires_at__lt=now - datetime.timedelta(days=1)).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    SignIn.objects.ended(now).delete()
    TokenFamily.objects.filter(expires_at__lte=now).delete()


@shared_task(name="accounts.delete_expired_access")
def delete_expired_access_task() -> None:
    """Run `delete_expired_access`, once an hour."""
    delete_expired_access(now=timezone.now())


def _lock_user(user_id: int) -> User:
    user = lock_row(User.objects.filter(pk=user_id))
    if user is None:
        raise Missing()
    return user
