"""Challenges for passkeys, kept in the session for one response of the browser."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from shop.accounts.models import User
from shop.accounts.second_factor.passkey_ceremonies import (
    InvalidPasskey,
    Options,
    Site,
    authentication_options,
)
from shop.accounts.sign_in.passkeys import use_passkey

_CHALLENGE_SESSION_KEY = "passkey_challenge"  # for the browser, valid for one response


def passkey_challenge(request: HttpRequest, user: User | None = None) -> JsonResponse:
    """Return authentication options, limited to a user's passkeys if one is given."""
    options, challenge = authentication_options(site=passkey_site(request), user=user)
    return store_challenge(request, options, challenge)


def authenticate_passkey_owner(request: HttpRequest, *, field: str = "credential") -> User:
    """Return the owner of the passkey that signed this session's challenge. Raises InvalidPasskey."""
    return use_passkey(
        response=request.POST.get(field, ""),
        challenge=take_challenge(request),
        site=passkey_site(request),
        now=timezone.now(),
    )


def store_challenge(request: HttpRequest, options: Options, challenge: str) -> JsonResponse:
    """Return options as JSON, and remember their challenge in the session."""
    request.session[_CHALLENGE_SESSION_KEY] = challenge
    return JsonResponse(options)


def take_challenge(request: HttpRequest) -> str:
    """Take the session's challenge. Raises InvalidPasskey if there is none."""
    challenge = request.session.pop(_CHALLENGE_SESSION_KEY, "")
    if not challenge:
        raise InvalidPasskey()
    return str(challenge)


def passkey_site(request: HttpRequest) -> Site:
    """Return the site for which browsers make and use passkeys."""
    return Site.from_request(scheme=request.scheme or "", host=request.get_host())
