"""Tokens that people sign in with: JWT with the contract's claims, and who they speak for.

An access token is good for five minutes, a refresh token for thirty days; both end at once when the person's
revocation key changes. A refresh token is good as long as its family lives (`token_families`).
"""

from __future__ import annotations

import datetime
import hmac
import secrets
import uuid
from typing import Any

import jwt
from django.conf import settings
from django.db.models import QuerySet
from jwt import DecodeError, InvalidTokenError, PyJWTError

from shop.accounts.models import TokenFamily, User
from shop.accounts.sign_in.token_families import LIFETIME
from shop.api.ids import InvalidId, global_id, key_of
from shop.api.signing_keys import ALGORITHM, signing_key
from shop.core.database.compiled_query import prepared

ACCESS, REFRESH = "access", "refresh"
OWNER = "saleor"  # what clients written for Saleor look for
LIFETIMES = {ACCESS: datetime.timedelta(minutes=5), REFRESH: LIFETIME}

Claims = dict[str, Any]


def issuer() -> str:
    """The API's own address."""
    return f"{settings.PUBLIC_URL}/graphql/"


def access_token(user: User, *, now: datetime.datetime, audience: str | None = None) -> str:
    return _signed(user, ACCESS, now, audience)


def refresh_token(
    user: User, *, family: TokenFamily, csrf_token: str, now: datetime.datetime, audience: str | None = None
) -> str:
    """The family's current token. The same for the same `now`: a repeated answer holds the same token."""
    named = {"family": str(family.pk), "jti": family.current, "csrfToken": csrf_token}
    return _signed(user, REFRESH, now, audience, **named)


def family_of(claims: Claims) -> uuid.UUID:
    """The family that a refresh token names. Raises InvalidTokenError."""
    try:
        return uuid.UUID(str(claims["family"]))
    except (KeyError, ValueError) as error:
        raise InvalidTokenError("Invalid token: it was revoked.") from error


def new_csrf_token() -> str:
    return secrets.token_urlsafe(48)


def is_ours(token: str) -> bool:
    """Whether a string claims to be a token of this shop; anything else is a stranger's and ignored."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except PyJWTError:
        return False
    return claims.get("owner") == OWNER


def claims_of(token: str) -> Claims:
    """The claims of a token that we signed and that is in time.

    Raises ExpiredSignatureError, InvalidSignatureError and InvalidTokenError of PyJWT, in its words.
    """
    return jwt.decode(
        token,
        signing_key().public,
        algorithms=[ALGORITHM],
        options={"verify_aud": False, "require": ["exp", "iat", "type", "token", "user_id"]},
    )


def check_family(claims: Claims, *, now: datetime.datetime) -> None:
    """Raises InvalidTokenError where a refresh token's family has ended, or another token took its place."""
    families = TokenFamily.objects.active(now).filter(pk=family_of(claims))
    if not families.filter(current=str(claims.get("jti", ""))).exists():
        raise InvalidTokenError("Invalid token: it was revoked.")


def user_of(claims: Claims, kind: str) -> User:
    """The person whom a token of this kind speaks for. Raises InvalidTokenError where it is revoked."""
    if claims.get("type") != kind:
        raise InvalidTokenError("Invalid token: it is of another kind.")
    user: User | None = next(iter(_active_users(_user_key(claims) or 0)), None)
    if user is None or not hmac.compare_digest(str(claims["token"]), user.revocation_key):
        raise InvalidTokenError("Invalid token: it was revoked.")
    return user


@prepared
def _active_users(key: int) -> QuerySet[User]:
    return User.objects.filter(pk=key, is_active=True)


def _user_key(claims: Claims) -> int | None:
    try:
        key = key_of(str(claims["user_id"]), "User")
    except InvalidId as error:
        raise DecodeError("Invalid token: it names nobody.") from error
    return key if isinstance(key, int) else None


def _signed(user: User, kind: str, now: datetime.datetime, audience: str | None, **also: Any) -> str:
    claims: Claims = {
        "iat": now,
        "exp": now + LIFETIMES[kind],
        "iss": issuer(),
        "owner": OWNER,
        "type": kind,
        "token": user.revocation_key,
        "email": user.email or "",
        "user_id": global_id("User", user.pk),
        "is_staff": user.is_staff,
        **also,
    }
    if audience:
        claims["aud"] = f"custom:{audience}"
    key = signing_key()
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})
