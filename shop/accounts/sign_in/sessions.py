"""Where somebody is signed in: kept when they come in, ended from anywhere."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from shop.accounts.models import EntryCode, SignIn, SignInWay, TokenFamily, User
from shop.accounts.sign_in.token_families import revoke_tokens
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.errors import Missing
from shop.core.models import record_change

_LONGEST_AGENT = 300


@transaction.atomic(durable=True)
def keep_sign_in(
    *,
    user_id: int,
    session_key: str,
    way: SignInWay,
    address: str | None,
    agent: str,
    now: datetime.datetime,
) -> None:
    """Remember that somebody has come in: where, how and when."""
    SignIn.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user_id": user_id,
            "way": way,
            "at": now,
            "seen_at": now,
            "address": address,
            "agent": agent[:_LONGEST_AGENT],
        },
    )


def note_seen(*, session_key: str, address: str | None, now: datetime.datetime) -> None:
    """Somebody is here again. One statement: whoever reads a page does not wait for more."""
    SignIn.objects.filter(session_key=session_key).update(seen_at=now, address=address)


@transaction.atomic(durable=True)
def end_sign_in(*, user_id: int, sign_in_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Sign somebody out in one place. Raises Missing."""
    user = _locked(user_id)
    rows = SignIn.objects.filter(pk=sign_in_id, user=user)
    if not forget_sign_ins(rows):
        raise Missing()
    record_change("user.signed_out_elsewhere", user, actor=actor, now=now)


@transaction.atomic(durable=True)
def end_other_sign_ins(*, user_id: int, but: str, actor: Actor, now: datetime.datetime) -> int:
    """Sign somebody out everywhere but in one session, programs that hold a token included; how many places.

    Raises Missing.
    """
    user = _locked(user_id)
    revoke_tokens(user)
    user.save(update_fields=["revocation_key", "updated_at"])
    count = forget_sign_ins(SignIn.objects.filter(user=user).exclude(session_key=but))
    record_change("user.signed_out_elsewhere", user, actor=actor, now=now, data={"places": count})
    return count


def forget_sign_ins(rows: QuerySet[SignIn]) -> int:
    """Step: end these sessions."""
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
    return len(keys)


def close_access(user: User) -> None:
    """Step: sign somebody out everywhere. The caller saves `revocation_key`."""
    revoke_tokens(user)
    forget_sign_ins(SignIn.objects.filter(user=user))


@transaction.atomic(durable=True)
def sweep_entrance(*, now: datetime.datetime) -> None:
    """Forget codes that are a day old, expired sessions and token families, and places whose session is
    gone.
    """
    EntryCode.objects.filter(expires_at__lt=now - datetime.timedelta(days=1)).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    SignIn.objects.ended(now).delete()
    TokenFamily.objects.filter(expires_at__lte=now).delete()


@shared_task(name="accounts.sweep_entrance")
def sweep_entrance_task() -> None:
    """Once an hour."""
    sweep_entrance(now=timezone.now())


def _locked(user_id: int) -> User:
    user = locked_one(User.objects.filter(pk=user_id))
    if user is None:
        raise Missing()
    return user
