"""Middleware that records when a session was last seen, at most every 15 minutes."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from shop.accounts.sign_in.sessions import update_last_seen
from shop.core.web.rate_limits import client_address

SESSION_KEY = "authenticated_at"  # an ISO 8601 timestamp, only in sessions started by our own sign-in
_RECORDING_INTERVAL_SECONDS = 15 * 60
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def record_presence(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        session = request.session
        # Do not load the session for pages that did not use it.
        key = session.session_key if session.accessed and session.get(SESSION_KEY) else None
        if key and cache.add(f"seen:{key}", 1, _RECORDING_INTERVAL_SECONDS):
            update_last_seen(session_key=key, ip_address=client_address(request.META), now=timezone.now())
        return response

    return middleware
