"""Families of refresh tokens. Each API sign-in has one, which is revoked when a replaced token is reused.

Clients that rotate tokens replace their token on each use. Others keep their token until it expires. A kept
token is bound to the same row and is revoked with it.
"""

from __future__ import annotations

import datetime
import secrets
import uuid
from dataclasses import dataclass

from django.db import transaction

from shop.accounts.models import TokenFamily, User
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

TOKEN_LIFETIME = datetime.timedelta(days=30)
MAX_FAMILY_LIFETIME = datetime.timedelta(days=365)  # however often its tokens are rotated
# How long the previous token is still accepted, because responses get lost and tabs refresh at the same time.
GRACE_PERIOD = datetime.timedelta(seconds=30)
_MAX_AGENT_LENGTH = 300


class TokenRevoked(Refused):
    """The token's family has ended, or the token was already replaced."""

    code = "token_revoked"


@dataclass(frozen=True, slots=True)
class Renewal:
    """The token that a client must use from now on, the same one unless it was rotated."""

    family: TokenFamily
    token_id: str
    issued_at: datetime.datetime
    is_rotated: bool


@transaction.atomic(durable=True)
def start_family(
    *, user_id: int, ip_address: str | None, user_agent: str, now: datetime.datetime
) -> TokenFamily:
    """Start the token family of a sign-in."""
    return TokenFamily.objects.create(
        user_id=user_id,
        current_token_id=_new_token_id(),
        rotated_at=now,
        created_at=now,
        last_seen_at=now,
        expires_at=now + TOKEN_LIFETIME,
        ip_address=ip_address,
        user_agent=user_agent[:_MAX_AGENT_LENGTH],
    )


def use_token(
    *,
    family_id: uuid.UUID,
    token_id: str,
    should_rotate: bool,
    ip_address: str | None,
    now: datetime.datetime,
) -> Renewal:
    """Use a refresh token, and replace it if `should_rotate` is true.

    Within GRACE the previous token gets the same answer again. Later reuse of a replaced token ends the
    family. Raises TokenRevoked.
    """
    renewal = _try_token(
        family_id=family_id, token_id=token_id, should_rotate=should_rotate, ip_address=ip_address, now=now
    )
    if renewal is None:
        raise TokenRevoked()
    return renewal


@transaction.atomic(durable=True)
def _try_token(
    *,
    family_id: uuid.UUID,
    token_id: str,
    should_rotate: bool,
    ip_address: str | None,
    now: datetime.datetime,
) -> Renewal | None:
    """Use the token, or return None if it is invalid.

    It must not raise, because ending the family must not be rolled back.
    """
    family = lock_row(TokenFamily.objects.active(now).filter(pk=family_id))
    if family is None:
        return None
    is_repeat = token_id == family.previous_token_id and now - family.rotated_at <= GRACE_PERIOD
    if token_id != family.current_token_id and not is_repeat:
        _revoke_reused(family, now)
        return None
    if should_rotate and not is_repeat:
        family.previous_token_id, family.current_token_id, family.rotated_at = (
            family.current_token_id,
            _new_token_id(),
            now,
        )
        family.expires_at = min(now + TOKEN_LIFETIME, family.created_at + MAX_FAMILY_LIFETIME)
    family.last_seen_at, family.ip_address = now, ip_address
    family.save()
    return Renewal(family, family.current_token_id, family.rotated_at, is_rotated=should_rotate or is_repeat)


@transaction.atomic(durable=True)
def end_family(*, user_id: int, family_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Sign a user out of one API client. Raises Missing."""
    family = lock_row(TokenFamily.objects.filter(pk=family_id, user=user_id))
    if family is None:
        raise Missing()
    record_change("user.signed_out_elsewhere", family.user, actor=actor, now=now)
    family.delete()


def revoke_tokens(user: User) -> None:
    """In a transaction: revoke all tokens of a user. The caller saves `revocation_key`."""
    user.revocation_key = secrets.token_urlsafe()
    TokenFamily.objects.filter(user=user).delete()


def _revoke_reused(family: TokenFamily, now: datetime.datetime) -> None:
    data = {"address": family.ip_address or "", "since": family.created_at.isoformat()}
    record_change("user.token_reused", family.user, actor=Actor.system(), now=now, data=data)
    family.delete()


def _new_token_id() -> str:
    return secrets.token_urlsafe(32)
