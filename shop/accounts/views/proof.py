"""What a session knows of how its person proved who they are, and when."""

from __future__ import annotations

import datetime

from django.http import HttpRequest
from django.utils import timezone

from shop.accounts.models import User
from shop.accounts.views.session_presence import SESSION_KEY

METHOD = "authenticated_by"  # in the session: "password", "code", "passkey", "registered", "second_factor"
HAS_SECOND_FACTOR = "second_factor"  # in the session: whether a second factor was proven in it

OPENED_WITHIN = datetime.timedelta(minutes=10)
# Whoever opened a form in time has some minutes more to fill it in.
SENT_WITHIN = datetime.timedelta(minutes=15)


def note_proof(request: HttpRequest, *, method: str, second_factor: bool) -> None:
    """Remember in the session that its person has just proven who they are."""
    request.session[SESSION_KEY] = timezone.now().isoformat()
    request.session[METHOD] = method
    request.session[HAS_SECOND_FACTOR] = second_factor


def has_recent_proof(request: HttpRequest) -> bool:
    """Whether the last proof is recent, and as strong as the account asks for."""
    try:
        at = datetime.datetime.fromisoformat(str(request.session.get(SESSION_KEY, "")))
    except ValueError:
        return False
    within = OPENED_WITHIN if request.method in ("GET", "HEAD") else SENT_WITHIN
    return timezone.now() - at < within and is_as_strong_as_asked(request)


def is_as_strong_as_asked(request: HttpRequest) -> bool:
    """False where the account has a second factor that this session never proved."""
    user = request.user
    is_asked = isinstance(user, User) and user.has_second_factor
    return not is_asked or bool(request.session.get(HAS_SECOND_FACTOR))
