"""Sessions that a member opens with a PIN on a shared phone.

Such a session is not one of Django's sign-ins. Only pages of the members' app see its user, and only for the
phone's cooperative. All other pages see a guest. The phone's cookie holds the secret of the registered phone.
A second cookie, which scripts change without a network, names the member at the phone. When it names somebody
else, the session ends with the next request.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.auth import logout
from django.contrib.auth.middleware import get_user as get_signed_in_user
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from cooperatives.actions.phone_pins import find_usable_pins, is_of_account
from cooperatives.actions.shared_phones import find_active_phone, is_ended_phone
from cooperatives.models import PhonePin, SharedPhone
from shop.accounts.models import SignInMethod, User
from shop.accounts.sign_in.sessions import record_sign_in
from shop.accounts.views.recent_sign_in import METHOD_KEY, SECOND_FACTOR_KEY, is_sign_in_recent
from shop.accounts.views.session_presence import SESSION_KEY
from shop.core.web.rate_limits import client_address
from shop.notifications.push_subscriptions import end_push_of_sessions

PHONE_COOKIE = "shared_phone"
MEMBER_COOKIE = "phone_member"  # the id of the user at the phone, which scripts write too
LOCK_AFTER_MINUTES = 5  # of rest
# Session keys. A session in the background only sends work.
_PIN_KEY, _SEEN_KEY, _BACKGROUND_KEY = "phone_pin", "phone_seen_at", "phone_in_background"
_COOKIE_AGE = 60 * 60 * 24 * 365
_SEEN_INTERVAL_SECONDS = 30
_CHALLENGE_SECONDS = 120
_SIGNER = TimestampSigner(salt="shop.members.shared_phones")
# Pages outside the members' app that ask for the password before a page about money or rights.
_IDENTITY_PAGES = frozenset({"accounts:check-identity", "accounts:check-identity-by-passkey"})
# The app sends these by itself, so they are no sign of a person at the phone.
_BACKGROUND = frozenset({"members:synchronise", "members:receive-photo"})
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def admit_phone_sessions(get_response: GetResponse) -> GetResponse:
    """Middleware that makes the member at a shared phone the user of the members' pages.

    A member who signs in fully on such a phone is its current member from then on.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.user = SimpleLazyObject(lambda: _find_user(request))  # type: ignore[assignment]
        if PHONE_COOKIE not in request.COOKIES:
            return get_response(request)
        earlier_sign_in = request.session.get(SESSION_KEY)
        response = get_response(request)
        has_signed_in = request.session.get(SESSION_KEY, earlier_sign_in) != earlier_sign_in
        if has_signed_in and request.user.is_authenticated:
            _set_member_cookie(request, response, str(request.user.pk))
        return response

    return middleware


def find_shared_phone(request: HttpRequest) -> SharedPhone | None:
    """Return the registered phone that the request comes from, or None."""
    phone_id, secret = _read_phone_cookie(request)
    return find_active_phone(phone_id, secret) if phone_id else None


def is_on_ended_phone(request: HttpRequest) -> bool:
    """Return whether the request comes from a phone that is no longer shared."""
    phone_id, secret = _read_phone_cookie(request)
    return phone_id > 0 and is_ended_phone(phone_id, secret)


def forget_phone(response: HttpResponseBase) -> None:
    """Make the browser of a phone that is no longer shared one like all others."""
    response.delete_cookie(PHONE_COOKIE)
    response.delete_cookie(MEMBER_COOKIE)


def _read_phone_cookie(request: HttpRequest) -> tuple[int, str]:
    """Return the id and the secret of the phone. If the cookie is not well-formed, the id is 0."""
    phone_id, _dot, secret = request.COOKIES.get(PHONE_COOKIE, "").partition(".")
    is_number = phone_id.isascii() and phone_id.isdecimal() and len(phone_id) < 19
    return int(phone_id) if is_number else 0, secret


def session_pin(request: HttpRequest) -> PhonePin | None:
    """Return the PIN that opened the session, or None if the user signed in another way."""
    return getattr(request, "phone_pin", None) if request.user.is_authenticated else None


def switch_to_pin_session(request: HttpRequest) -> HttpResponse | None:
    """Turn a member's full sign-in on a shared phone into a session by PIN.

    A member without a PIN on this phone is asked to choose one. Return None if the request may go on.
    """
    user = request.user
    if not isinstance(user, User) or session_pin(request) is not None:
        return None
    phone = find_shared_phone(request)
    if phone is None or not _is_phone_of(phone, user):
        return None
    is_page = request.method in ("GET", "HEAD")
    url = request.get_full_path() if is_page else reverse("members:today")
    pins = [pin for pin in find_usable_pins(phone) if pin.membership.user_id == user.pk]
    if not pins:
        return redirect(f"{reverse('members:set-pin')}?{urlencode({'next': url})}")
    response = redirect(url)
    open_phone(request, response, pins[0], is_after_sign_in=True)
    return response


def open_phone(
    request: HttpRequest,
    response: HttpResponseBase,
    pin: PhonePin,
    *,
    is_after_sign_in: bool = False,
    is_in_background: bool = False,
) -> None:
    """Start a new session of this member. Nothing of the former session remains.

    `is_after_sign_in` says that the same user has just signed in fully. `is_in_background` says that no page
    is open. The member may have left long ago, so such a session ends when somebody asks for a page.
    """
    user, now = pin.membership.user, timezone.now()
    kept = {key: request.session.get(key) for key in (SESSION_KEY, METHOD_KEY)} if is_after_sign_in else {}
    end_push_of_sessions([request.session.session_key or ""])
    logout(request)
    request.session[_PIN_KEY] = pin.pk
    request.session[_SEEN_KEY] = time.time()
    request.session[_BACKGROUND_KEY] = is_in_background
    # A PIN needs the phone, and was chosen after a full sign-in with the second factor.
    request.session[SECOND_FACTOR_KEY] = user.has_second_factor
    request.session.update({key: value for key, value in kept.items() if value is not None})
    request.session.save()
    rotate_token(request)
    record_sign_in(
        user_id=user.pk,
        session_key=str(request.session.session_key),
        method=SignInMethod.PIN,
        ip_address=client_address(request.META),
        user_agent=request.headers.get("User-Agent", ""),
        now=now,
    )
    SharedPhone.objects.filter(pk=pin.phone_id).update(last_used_at=now)
    _set_member_cookie(request, response, str(user.pk))
    remember_phone(request, response, request.COOKIES.get(PHONE_COOKIE, ""))


def remember_phone(request: HttpRequest, response: HttpResponseBase, value: str) -> None:
    """Keep the phone's id and secret, divided by a dot, in its browser for another year."""
    response.set_cookie(
        PHONE_COOKIE,
        value,
        max_age=_COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def lock_phone(request: HttpRequest, response: HttpResponseBase) -> None:
    """End the session of the member at the phone."""
    logout(request)
    _set_member_cookie(request, response, "0")


def _set_member_cookie(request: HttpRequest, response: HttpResponseBase, user_id: str) -> None:
    response.set_cookie(MEMBER_COOKIE, user_id, samesite="Lax", secure=request.is_secure())


def new_challenge(phone: SharedPhone) -> str:
    """Return a text that the phone signs to prove who opened it without a network."""
    return _SIGNER.sign(str(phone.pk))


def is_challenge_of(phone: SharedPhone, challenge: str) -> bool:
    """Return whether the challenge was made for this phone within the last two minutes."""
    try:
        return _SIGNER.unsign(challenge, max_age=_CHALLENGE_SECONDS) == str(phone.pk)
    except BadSignature:
        return False


def _find_user(request: HttpRequest) -> object:
    user = get_signed_in_user(request)
    if isinstance(user, User) and _has_left_phone(request, user):
        request.session.flush()
        return AnonymousUser()
    if user.is_authenticated or not _is_for_members(request) or _PIN_KEY not in request.session:
        return user
    pin = _find_open_pin(request)
    if pin is None or (request.session.get(_BACKGROUND_KEY) and not _is_sent_by_app(request)):
        request.session.flush()
        return user
    if _is_sign_of_a_person(request):
        request.session[_SEEN_KEY] = time.time()
    request.phone_pin = pin  # type: ignore[attr-defined]
    return pin.membership.user


def _has_left_phone(request: HttpRequest, user: User) -> bool:
    """Return whether a member who signed in fully on their shared phone is no longer the one at it.

    The page that chooses a PIN asks for the password by itself.
    """
    match = request.resolver_match
    if PHONE_COOKIE not in request.COOKIES or match is None or match.namespace != "members":
        return False
    is_at_phone = request.COOKIES.get(MEMBER_COOKIE, str(user.pk)) == str(user.pk)
    if is_at_phone and (is_sign_in_recent(request) or match.view_name == "members:set-pin"):
        return False
    return _is_phone_of(find_shared_phone(request), user)


def _is_phone_of(phone: SharedPhone | None, user: User) -> bool:
    """Return whether the phone is registered for a cooperative that the user works for."""
    return phone is not None and phone.cooperative.memberships.filter(user=user, is_active=True).exists()


def _find_open_pin(request: HttpRequest) -> PhonePin | None:
    """Return the PIN that opened the session, unless phone, member, cookies or time say that it has ended."""
    pins = PhonePin.objects.usable().select_related("phone__cooperative", "membership__user")
    pin = pins.filter(pk=request.session[_PIN_KEY]).first()
    is_open = (
        pin is not None
        and is_of_account(pin)
        and find_shared_phone(request) == pin.phone
        and request.COOKIES.get(MEMBER_COOKIE) == str(pin.membership.user_id)
        and time.time() - request.session[_SEEN_KEY] < LOCK_AFTER_MINUTES * 60
    )
    return pin if is_open else None


def _is_for_members(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and (match.namespace == "members" or match.view_name in _IDENTITY_PAGES)


def _is_sign_of_a_person(request: HttpRequest) -> bool:
    """Return whether a person asked for the page, long enough after the last one to write it down."""
    is_poll = request.method == "GET" and "HX-Request" in request.headers
    is_in_background = is_poll or _is_sent_by_app(request)
    return not is_in_background and time.time() - request.session[_SEEN_KEY] > _SEEN_INTERVAL_SECONDS


def _is_sent_by_app(request: HttpRequest) -> bool:
    """Return whether the app sends such requests by itself."""
    return request.resolver_match is not None and request.resolver_match.view_name in _BACKGROUND
