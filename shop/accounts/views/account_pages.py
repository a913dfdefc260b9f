"""Pages to sign in and out, and to reset a password."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from shop.accounts.forms import (
    NewPasswordForm,
    PasswordLinkForm,
    PhoneForm,
    SignInForm,
)
from shop.accounts.models import SignInMethod, User
from shop.accounts.registration.accounts import (
    authenticate_active_user,
    send_password_link,
    set_password,
)
from shop.accounts.registration.email_links import password_url
from shop.accounts.sign_in.login_limits import (
    count_password_link,
)
from shop.accounts.sign_in.password_tries import DeviceCodeRequired, count_password_tries
from shop.accounts.views.code_pages import confirm_phone_of_session
from shop.accounts.views.device_code_pages import send_device_code
from shop.accounts.views.interfaces import find_base_template, find_interface
from shop.accounts.views.known_devices import known_device
from shop.accounts.views.sign_in_steps import AfterSignIn, own_url, return_urls, start_sign_in
from shop.core.actors import EntryPoint
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import TooManyTries, client_network
from shop.notifications.push_subscriptions import end_push_of_sessions


@require_safe_or_post
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Sign in by phone code, passkey or password, then redirect to the user's work or previous page.

    With `?lai=1` a signed-in user signs in again.
    """
    user = request.user if isinstance(request.user, User) else None
    is_again = user is not None and (request.method == "POST" or bool(request.GET.get("lai")))
    if user is not None and not is_again:
        return redirect(own_url(request, request.GET.get("next", "")) or "accounts:home")
    name = {"name": user.email or user.phone} if user is not None else {}
    form = SignInForm(request.POST or None, initial=return_urls(request) | name)
    if request.method != "POST" or not form.is_valid():
        return _sign_in_page(request, form, is_again=is_again)
    try:
        signed_in = _authenticate(request, form.cleaned_data)
    except DeviceCodeRequired:
        return _send_device_code(request, form)
    except TooManyTries as refused:
        form.add_error(None, str(refused.message))
        return _sign_in_page(request, form, status=429)
    if signed_in is None:
        form.add_error(None, _("The email, phone number or password is not correct."))
        return _sign_in_page(request, form, is_again=is_again)
    phone = "" if signed_in.has_second_factor else confirm_phone_of_session(request, signed_in)
    return start_sign_in(
        request,
        signed_in,
        form.cleaned_data,
        method=SignInMethod.PASSWORD,
        after_sign_in=after_sign_in,
        confirmed_phone=phone,
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out, clear the session, and send no more alerts to this browser."""
    end_push_of_sessions([request.session.session_key or ""])
    logout(request)
    messages.success(request, _("You have signed out."))
    return redirect("home")


@require_safe_or_post
@never_cache
def request_password_link(request: HttpRequest) -> HttpResponse:
    """Request a password link. The response is the same for every address."""
    form = PasswordLinkForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/password_link.html", {"form": form})
    email, network = form.cleaned_data["email"].lower(), client_network(request.META)
    try:
        count_password_link(network, email)
    except TooManyTries as refused:
        form.add_error(None, str(refused.message))
        return render(request, "accounts/password_link.html", {"form": form}, status=429)
    send_password_link(email=email, link_to=password_url, now=timezone.now())
    return render(request, "accounts/password_link_sent.html", {"email": email})


@require_safe_or_post
@never_cache
@sensitive_post_parameters("password")
def set_password_view(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Set a new password through an emailed link, which works once and for three days."""
    user = _find_user_of_link(uid, token)
    if user is None:
        return render(request, "accounts/password_link_old.html", status=404)
    form = NewPasswordForm(request.POST or None, user=user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/password.html", {"form": form, "person": user})
    set_password(
        user_id=user.pk,
        password=form.cleaned_data["password"],
        should_confirm=True,
        actor=user.as_actor(EntryPoint.MARKET),
        now=timezone.now(),
    )
    messages.success(request, _("Your new password is set. Sign in with it."))
    return redirect("accounts:sign-in")


def _authenticate(request: HttpRequest, submitted: Mapping[str, str]) -> User | None:
    """Count a try and return the user who signs in, or None. Raises TooManyTries, DeviceCodeRequired."""
    tries = count_password_tries(
        submitted["name"],
        network=client_network(request.META),
        find_device=partial(known_device, request),
    )
    user = authenticate_active_user(
        phone_or_email=submitted["name"], password=submitted["password"], user_ids=tries.user_ids
    )
    if user is not None:
        tries.succeed()
    return user


def _send_device_code(request: HttpRequest, form: SignInForm) -> HttpResponse:
    try:
        return send_device_code(request, form.cleaned_data)
    except TooManyTries as refused:
        form.add_error(None, str(refused.message))
        return _sign_in_page(request, form, status=429)


def _sign_in_page(
    request: HttpRequest, form: SignInForm, *, is_again: bool = False, status: int = 200
) -> HttpResponse:
    redirects = {name: form[name].value() or "" for name in ("next", "back")}
    context = {
        "form": form,
        "phone_form": PhoneForm(initial=redirects) if settings.PHONE_CODES else None,
        "redirects": redirects,
        "is_again": is_again,
        "interface": find_interface(redirects["next"]),
        "base_template": find_base_template(redirects["next"]),
    }
    return render(request, "accounts/sign_in.html", context, status=status)


def _find_user_of_link(uid: str, token: str) -> User | None:
    try:
        key = int(force_str(urlsafe_base64_decode(uid)))
    except (ValueError, UnicodeDecodeError):
        return None
    user = User.objects.filter(pk=min(key, 2**62), is_active=True).first()
    return user if default_token_generator.check_token(user, token) else None
