"""Ask the signed-in user to confirm their identity: by app code, recovery code, passkey or password.

A form that was sent too long after the sign-in is kept on the page that asks. It is sent again together with
the confirmation, so nothing has to be entered twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.accounts.forms import PasswordForm
from shop.accounts.models import User
from shop.accounts.second_factor.factors import has_authenticator_app, verify_second_factor
from shop.accounts.second_factor.forms import AuthenticatorCodeForm, RecoveryCodeForm
from shop.accounts.second_factor.passkey_ceremonies import InvalidPasskey
from shop.accounts.sign_in.login_limits import SECOND_FACTORS
from shop.accounts.sign_in.passkeys import user_passkeys
from shop.accounts.sign_in.password_tries import PasswordTry, user_key
from shop.accounts.views.interfaces import find_base_template, find_interface
from shop.accounts.views.known_devices import known_device
from shop.accounts.views.passkey_challenges import authenticate_passkey_owner
from shop.accounts.views.recent_sign_in import record_recent_sign_in
from shop.core.actors import EntryPoint
from shop.core.errors import Refused
from shop.core.web.rate_limits import TooManyTries, client_network

# Prefix of the fields of a confirmation that is sent together with a kept form.
_PREFIX = "identity"
SECRET_FIELDS = tuple(f"{_PREFIX}-{name}" for name in ("code", "recovery", "password"))
_WITH_SECOND_FACTOR = ("code", "recovery", "credential")
_WITHOUT_SECOND_FACTOR = ("password", "credential")
IdentityForm = AuthenticatorCodeForm | RecoveryCodeForm | PasswordForm
_FORMS: Mapping[str, type[IdentityForm]] = {
    "code": AuthenticatorCodeForm,
    "recovery": RecoveryCodeForm,
    "password": PasswordForm,
}


class WrongPassword(Refused):
    """The password is not that of the account that is signed in."""

    code = "wrong_password"
    default_message = gettext_lazy("The password is not correct.")


def can_confirm_identity(user: User) -> bool:
    """Return whether the account has a second factor, a password or a passkey."""
    return user.has_second_factor or user.has_usable_password() or user_passkeys(user.pk).exists()


def check_identity_or_ask(
    request: HttpRequest, user: User, *, next_url: str, should_keep_form: bool = False
) -> HttpResponse | None:
    """Return the page that asks the user to confirm their identity, or None if the request confirms it.

    If `should_keep_form` is true, the request is a form of another page, which is sent again with the
    confirmation.
    """
    prefix = _PREFIX if should_keep_form else ""
    context = {"next": next_url, "kept_fields": _kept_fields(request) if should_keep_form else []}
    page = ask_unless_identity_confirmed(
        request,
        user,
        path=request.path if should_keep_form else next_url,
        passkey_url=reverse("accounts:check-identity-by-passkey"),
        context=context,
        prefix=prefix,
    )
    if page is None:
        is_by_passkey = _sent_method(request, user, prefix) == "credential"
        method = "second_factor" if user.has_second_factor else "passkey" if is_by_passkey else "password"
        record_recent_sign_in(
            request, method=method, has_second_factor=user.has_second_factor or is_by_passkey
        )
    return page


def ask_unless_identity_confirmed(
    request: HttpRequest,
    user: User,
    *,
    path: str,
    passkey_url: str,
    context: Mapping[str, Any],
    prefix: str = "",
) -> HttpResponse | None:
    """Return the page that asks for a confirmation, in the frame of the pages at `path`.

    Return None if the request confirms the identity.
    """
    sent, accepted, status = _sent_method(request, user, prefix), _accepted_methods(user), 200
    forms = {
        name: _FORMS[name](request.POST if name == sent else None, prefix=prefix or None)
        for name in accepted
        if name in _FORMS
    }
    form = forms.get(sent)
    if sent and (form is None or form.is_valid()):
        try:
            _verify(request, user, sent, form.cleaned_data[sent] if form else "", prefix)
        except Refused as refused:
            status = 429 if isinstance(refused, TooManyTries) else 200
            if form is None:
                messages.error(request, str(refused.message))
            else:
                form.add_error(None if status == 429 else sent, str(refused.message))
        else:
            return None
    page_context = {
        "form": form,
        "person": user,
        "app_form": forms.get("code") if has_authenticator_app(user) else None,
        "recovery_form": forms.get("recovery"),
        "password_form": forms.get("password") if user.has_usable_password() else None,
        "is_recovery": sent == "recovery",
        "has_passkeys": user_passkeys(user.pk).exists(),
        "passkey_url": passkey_url,
        "passkey_field": _field_name("credential", prefix),
        "base_template": find_base_template(path),
        "interface": find_interface(path),
    }
    return render(request, "accounts/second_step.html", page_context | dict(context), status=status)


def verify_own_passkey(request: HttpRequest, user: User, *, field: str = "credential") -> None:
    """Check that one of the user's passkeys signed the response. Raises TooManyTries, InvalidPasskey."""
    SECOND_FACTORS.count_try(str(user.pk))
    try:
        is_own = authenticate_passkey_owner(request, field=field).pk == user.pk
    except InvalidPasskey:
        is_own = False
    if not is_own:
        raise InvalidPasskey(_("This passkey does not belong to this account."))
    SECOND_FACTORS.reset(str(user.pk))


def _accepted_methods(user: User) -> tuple[str, ...]:
    return _WITH_SECOND_FACTOR if user.has_second_factor else _WITHOUT_SECOND_FACTOR


def _field_name(name: str, prefix: str) -> str:
    return f"{prefix}-{name}" if prefix else name


def _sent_method(request: HttpRequest, user: User, prefix: str) -> str:
    """Return the method of confirmation that was sent, or "". An empty form counts as the first one."""
    accepted = _accepted_methods(user)
    default = accepted[0] if request.method == "POST" and not prefix else ""
    return next((name for name in accepted if _field_name(name, prefix) in request.POST), default)


def _verify(request: HttpRequest, user: User, name: str, entered: str, prefix: str) -> None:
    """Check a confirmation of the method `name`. Raises Refused."""
    if name == "credential":
        verify_own_passkey(request, user, field=_field_name(name, prefix))
    elif name == "password":
        account = user_key(user.pk)
        device = known_device(request, account)
        attempt = PasswordTry.count(account, network=client_network(request.META), device=device)
        if not user.check_password(entered):
            raise WrongPassword()
        attempt.succeed()
    else:
        verify_second_factor(
            user_id=user.pk, entered_code=entered, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now()
        )


def _kept_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields of the form, without its token and a confirmation sent with it."""
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and not name.startswith(f"{_PREFIX}-")
    ]
