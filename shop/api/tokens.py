"""JWT access and refresh tokens of users, with Saleor's claims.

An access token is valid for five minutes, a refresh token for thirty days. Both become invalid when the
user's revocation key changes, and a refresh token also when its family ends (`token_families`). The claim
`auth_time` (OpenID Connect) says when the person signed in. Refreshing does not change it.
"""

from __future__ import annotations

import datetime
import hmac
import secrets
import uuid

import jwt
from django.conf import settings
from django.db.models import QuerySet
from jwt import DecodeError, InvalidTokenError, PyJWTError

from shop.accounts.models import TokenFamily, User
from shop.accounts.sign_in.token_families import TOKEN_LIFETIME
from shop.api.ids import InvalidId, global_id, key_from_id
from shop.api.signing_keys import ALGORITHM, read_signing_key
from shop.core.database.compiled_query import compiled_query

ACCESS, REFRESH = "access", "refresh"
OWNER = "saleor"  # clients written for Saleor check this claim
LIFETIMES = {ACCESS: datetime.timedelta(minutes=5), REFRESH: TOKEN_LIFETIME}

Claims = dict[str, object]


def issuer() -> str:
    """Return the API's URL, the `iss` claim."""
    return f"{settings.PUBLIC_URL}/graphql/"


def sign_access_token(
    user: User, *, signed_in_at: datetime.datetime, now: datetime.datetime, audience: str | None = None
) -> str:
    return _sign(user, ACCESS, now, audience, auth_time=int(signed_in_at.timestamp()))


def sign_refresh_token(
    user: User, *, family: TokenFamily, csrf_token: str, now: datetime.datetime, audience: str | None = None
) -> str:
    """Return the family's current token.

    The same `now` gives the same token, so a repeated request receives the same one.
    """
    extra_claims = {"family": str(family.pk), "jti": family.current_token_id, "csrfToken": csrf_token}
    return _sign(user, REFRESH, now, audience, **extra_claims)


def is_recent_sign_in(claims: Claims, user: User, *, now: datetime.datetime) -> bool:
    """Return whether the person signed in recently, and with their second factor if they have one."""
    signed_in_at = claims.get("auth_time")
    if not isinstance(signed_in_at, int):
        return False
    since = user.second_factor_since
    is_recent = now.timestamp() - signed_in_at < settings.API_RECENT_SIGN_IN_MINUTES * 60
    return is_recent and (since is None or signed_in_at >= int(since.timestamp()))


def family_key(claims: Claims) -> uuid.UUID:
    """Return the key of a refresh token's family. Raises InvalidTokenError."""
    try:
        return uuid.UUID(str(claims["family"]))
    except (KeyError, ValueError) as error:
        raise InvalidTokenError("Invalid token: it was revoked.") from error


def new_csrf_token() -> str:
    return secrets.token_urlsafe(48)


def is_own_token(token: str) -> bool:
    """Return whether a token claims to be issued by this shop. The signature is not checked."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except PyJWTError:
        return False
    return claims.get("owner") == OWNER


def verified_claims(token: str) -> Claims:
    """Verify a token's signature and lifetime and return its claims.

    Raises PyJWT's ExpiredSignatureError, InvalidSignatureError and InvalidTokenError.
    """
    return jwt.decode(
        token,
        read_signing_key().public,
        algorithms=[ALGORITHM],
        options={"verify_aud": False, "require": ["exp", "iat", "type", "token", "user_id"]},
    )


def require_open_family(claims: Claims, *, now: datetime.datetime) -> None:
    """Raise InvalidTokenError if a refresh token's family has ended or the token was replaced."""
    families = TokenFamily.objects.active(now).filter(pk=family_key(claims))
    if not families.filter(current_token_id=str(claims.get("jti", ""))).exists():
        raise InvalidTokenError("Invalid token: it was revoked.")


def find_user_of_claims(claims: Claims, token_type: str) -> User:
    """Return the user of a token of this type. Raises InvalidTokenError."""
    if claims.get("type") != token_type:
        raise InvalidTokenError("Invalid token: its type is another one.")
    user: User | None = next(iter(_active_users(_user_key(claims) or 0)), None)
    if user is None or not hmac.compare_digest(str(claims["token"]), user.revocation_key):
        raise InvalidTokenError("Invalid token: it was revoked.")
    return user


@compiled_query
def _active_users(key: int) -> QuerySet[User]:
    return User.objects.filter(pk=key, is_active=True)


def _user_key(claims: Claims) -> int | None:
    try:
        key = key_from_id(str(claims["user_id"]), "User")
    except InvalidId as error:
        raise DecodeError("Invalid token: it names no user.") from error
    return key if isinstance(key, int) else None


def _sign(
    user: User, token_type: str, now: datetime.datetime, audience: str | None, **extra_claims: object
) -> str:
    claims: Claims = {
        "iat": now,
        "exp": now + LIFETIMES[token_type],
        "iss": issuer(),
        "owner": OWNER,
        "type": token_type,
        "token": user.revocation_key,
        "email": user.email or "",
        "user_id": global_id("User", user.pk),
        "is_staff": user.is_staff,
        **extra_claims,
    }
    if audience:
        claims["aud"] = f"custom:{audience}"
    key = read_signing_key()
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})
