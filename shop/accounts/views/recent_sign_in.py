"""Record in the session how and when its user last signed in or verified their identity again."""

from __future__ import annotations

import datetime

from django.http import HttpRequest
from django.utils import timezone

from shop.accounts.models import User
from shop.accounts.views.session_presence import SESSION_KEY

METHOD_KEY = "authenticated_by"  # session key: "password", "code", "passkey", "registered", "second_factor"
SECOND_FACTOR_KEY = "second_factor"  # session key: whether this session includes a second factor

OPENING_PERIOD = datetime.timedelta(minutes=10)
# A form opened in time gets some more minutes to be submitted.
SENDING_PERIOD = datetime.timedelta(minutes=15)


def record_recent_sign_in(request: HttpRequest, *, method: str, has_second_factor: bool) -> None:
    """Record that the session's user has just signed in, or verified their identity again."""
    request.session[SESSION_KEY] = timezone.now().isoformat()
    request.session[METHOD_KEY] = method
    request.session[SECOND_FACTOR_KEY] = has_second_factor


def has_recent_sign_in(request: HttpRequest) -> bool:
    """Return whether the last sign-in is recent and includes the second factor, if the account has one."""
    return is_sign_in_recent(request) and has_required_factor(request)


def is_sign_in_recent(request: HttpRequest) -> bool:
    """Return whether the session's user signed in or verified their identity a few minutes ago."""
    try:
        signed_in_at = datetime.datetime.fromisoformat(str(request.session.get(SESSION_KEY, "")))
    except ValueError:
        return False
    max_age = OPENING_PERIOD if request.method in ("GET", "HEAD") else SENDING_PERIOD
    return timezone.now() - signed_in_at < max_age


def find_next_check(request: HttpRequest) -> datetime.datetime | None:
    """Return when pages about money will ask for the identity again, or None if they ask now."""
    if not is_sign_in_recent(request):
        return None
    return datetime.datetime.fromisoformat(str(request.session[SESSION_KEY])) + OPENING_PERIOD


def has_required_factor(request: HttpRequest) -> bool:
    """Return False if the account has a second factor that this session does not include."""
    user = request.user
    needs_second_factor = isinstance(user, User) and user.has_second_factor
    return not needs_second_factor or bool(request.session.get(SECOND_FACTOR_KEY))
