"""Create access tokens of users without signing in."""

from __future__ import annotations

import datetime

from django.utils import timezone

from shop.accounts.models import User
from shop.api import tokens


def token_of(user: User, *, minutes: float = 0) -> str:
    """Return an access token, valid for five minutes, of a user who signed in `minutes` ago."""
    user.refresh_from_db()
    now = timezone.now()
    return tokens.sign_access_token(user, signed_in_at=now - datetime.timedelta(minutes=minutes), now=now)
