"""When somebody was last seen where they are signed in: written down now and then, not with each page."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from shop.accounts.sign_in.sessions import note_seen
from shop.core.web.rate_limits import address_of

SESSION_KEY = "authenticated_at"  # a moment in ISO 8601, in sessions that began at our own entrance
_EVERY = 15 * 60  # seconds
Answer = Callable[[HttpRequest], HttpResponseBase]


def note_presence(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        session = request.session
        # A page that did not look at its visitor's session is not made to read it.
        key = session.session_key if session.accessed and session.get(SESSION_KEY) else None
        if key and cache.add(f"seen:{key}", 1, _EVERY):
            note_seen(session_key=key, address=address_of(request.META), now=timezone.now())
        return response

    return middleware
