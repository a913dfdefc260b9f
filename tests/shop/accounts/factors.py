"""Helpers for accounts with a second factor, app codes, and aged sessions."""

from __future__ import annotations

import datetime

import pyotp
from django.test import Client
from django.utils import timezone

from shop.accounts.models import AuthenticatorApp, RecoveryCode, User
from shop.accounts.second_factor.factors import renew_recovery_codes
from shop.accounts.views.recent_sign_in import SECOND_FACTOR_KEY
from shop.accounts.views.session_presence import SESSION_KEY
from shop.core.actors import Actor
from shop.core.database.encryption import FACTOR_PURPOSE, encrypt_secret
from tests.factories import PASSWORD, fixed_now

SIGN_IN = "/en/tai-khoan/dang-nhap/"
SECOND_STEP = f"{SIGN_IN}buoc-hai/"
CHECK = "/en/tai-khoan/xac-nhan/"
FACTOR = "/en/tai-khoan/hai-buoc/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def give_app(user: User) -> User:
    """Add an authenticator app with `SECRET` to the account, with no used codes and no recovery codes."""
    now = fixed_now()
    AuthenticatorApp.objects.create(
        user=user,
        sealed_secret=encrypt_secret(SECRET, purpose=FACTOR_PURPOSE),
        last_step=0,
        created_at=now,
        last_used_at=now,
    )
    user.second_factor_since = now
    user.save(update_fields=["second_factor_since"])
    return user


def give_recovery_codes(user: User) -> list[str]:
    codes = renew_recovery_codes(user_id=user.pk, actor=Actor.system(), now=fixed_now())
    assert RecoveryCode.objects.filter(user=user).count() == len(codes)
    return codes


def app_code(step: int = 0) -> str:
    """Return the app's code of the current time step plus `step`; the shop accepts the next one (1) early."""
    return pyotp.TOTP(SECRET).generate_otp(int(timezone.now().timestamp()) // 30 + step)


def wrong_code() -> str:
    nearby_codes = {app_code(step) for step in range(-3, 4)}
    return next(code for code in map("{:06d}".format, range(8)) if code not in nearby_codes)


def give_password(client: Client, user: User, **also: str) -> None:
    """Take the first step of signing in."""
    response = client.post(SIGN_IN, {"name": user.email, "password": PASSWORD, **also})
    assert response.headers["Location"] == SECOND_STEP


def age_session(client: Client, minutes: float = 60) -> None:
    session = client.session
    session[SESSION_KEY] = (timezone.now() - datetime.timedelta(minutes=minutes)).isoformat()
    session.save()


def signed_in(user: User, *, second_factor: bool = True, minutes: float = 0) -> Client:
    """Return a client signed in for so many minutes, with or without a proven second factor."""
    client = Client()
    client.force_login(user)
    age_session(client, minutes)
    session = client.session
    session[SECOND_FACTOR_KEY] = second_factor
    session.save()
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
