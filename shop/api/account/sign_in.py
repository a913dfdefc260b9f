"""Sign-in by password, and the creation, refresh, verification and revocation of tokens."""

from __future__ import annotations

import hmac
from functools import partial
from typing import Literal, NoReturn

from django.conf import settings
from django.contrib.auth.models import update_last_login
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from jwt import DecodeError, ExpiredSignatureError, InvalidTokenError, PyJWTError

from shop.accounts.models import User
from shop.accounts.registration.accounts import needs_confirmation
from shop.accounts.registration.email_registration import revoke_all_tokens
from shop.accounts.second_factor.password_and_code import authenticate_with_password_and_code
from shop.accounts.second_factor.requirement import is_overdue
from shop.accounts.sign_in.login_limits import API_FAILED_IN_NETWORK
from shop.accounts.sign_in.password_tries import DeviceCodeRequired, count_password_tries, user_key
from shop.accounts.sign_in.token_families import TokenRevoked, start_family, use_token
from shop.accounts.views.known_devices import known_device, remember_device
from shop.api import tokens
from shop.api.account.inputs import (
    ExternalAuthenticationUrlArguments,
    ExternalLogoutArguments,
    ExternalObtainAccessTokensArguments,
    ExternalRefreshArguments,
    ExternalVerifyArguments,
    TokenCreateArguments,
    TokenRefreshArguments,
    TokenVerifyArguments,
)
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.field_permissions import FieldAccess
from shop.api.root_fields import Mutations
from shop.core.errors import Refused
from shop.core.web.rate_limits import TooManyTries, client_address, client_network

COOKIE = "refreshToken"

mutation = Mutations()


@mutation.field()
def token_create(
    arguments: TokenCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user = _authenticate(context, arguments["email"], arguments["password"])
    _require_usable_account(user, context)
    update_last_login(User, user)
    return issue_tokens(user, context, audience=arguments.get("audience"))


@mutation.field()
def token_refresh(
    arguments: TokenRefreshArguments, context: Context, selection: Selection
) -> dict[str, object]:
    is_cookie = not arguments.get("refreshToken")
    claims, user = _read_refresh_token(arguments, context)
    should_rotate = is_cookie or "refreshToken" in selection.names()
    try:
        renewal = use_token(
            family_id=tokens.family_key(claims),
            token_id=str(claims.get("jti", "")),
            should_rotate=should_rotate,
            ip_address=client_address(context.request.META),
            now=context.now,
        )
    except (TokenRevoked, InvalidTokenError) as error:
        message = "Invalid token: it was revoked."
        raise InputError("JWT_INVALID_TOKEN", message, field="refreshToken") from error
    audience = str(claims.get("aud", "")).removeprefix("custom:") or None
    token = tokens.sign_access_token(
        user, signed_in_at=renewal.family.created_at, now=context.now, audience=audience
    )
    if not should_rotate:
        return {"token": token, "user": user}
    successor = tokens.sign_refresh_token(
        user,
        family=renewal.family,
        csrf_token=str(claims.get("csrfToken", "")),
        now=renewal.issued_at,
        audience=audience,
    )
    if is_cookie:
        _set_cookie(context, user, successor)
    # Clients of the cookie flow never see the refresh token.
    return {"token": token, "refreshToken": None if is_cookie else successor, "user": user}


def _read_refresh_token(arguments: TokenRefreshArguments, context: Context) -> tuple[tokens.Claims, User]:
    """Return claims and user of the refresh token. One from the cookie needs its CSRF token.

    Raises InputError.
    """
    sent_token = arguments.get("refreshToken")
    token = sent_token or context.request.COOKIES.get(COOKIE)
    if not token:
        raise InputError("JWT_MISSING_TOKEN", _("Provide a refresh token."), field="refreshToken")
    try:
        claims = tokens.verified_claims(token)
        user = tokens.find_user_of_claims(claims, tokens.REFRESH)
    except PyJWTError as error:
        _raise_token_error(error, "refreshToken")
    if not sent_token:
        _require_csrf_token(claims, arguments.get("csrfToken"))
    return claims, user


@mutation.field(refused={"isValid": False})
def token_verify(
    arguments: TokenVerifyArguments, context: Context, selection: Selection
) -> dict[str, object]:
    try:
        claims = tokens.verified_claims(arguments["token"])
        user = tokens.find_user_of_claims(claims, str(claims.get("type")))
        if claims["type"] == tokens.REFRESH:
            tokens.require_open_family(claims, now=context.now)
    except PyJWTError as error:
        _raise_token_error(error, "token")
    return {"isValid": True, "payload": claims, "user": user}


@mutation.field(permissions=[FieldAccess.USER])
def tokens_deactivate_all(arguments: object, context: Context, selection: Selection) -> dict[str, object]:
    revoke_all_tokens(user_id=context.signed_in().pk, actor=context.actor, now=context.now)
    return {}


def issue_tokens(user: User, context: Context, *, audience: str | None = None) -> dict[str, object]:
    """Issue tokens for an authenticated user. The refresh token is also set as a cookie."""
    csrf_token = tokens.new_csrf_token()
    family = start_family(
        user_id=user.pk,
        ip_address=client_address(context.request.META),
        user_agent=context.request.headers.get("User-Agent", ""),
        now=context.now,
    )
    refresh = tokens.sign_refresh_token(
        user, family=family, csrf_token=csrf_token, now=context.now, audience=audience
    )
    _set_cookie(context, user, refresh)
    return {
        "token": tokens.sign_access_token(user, signed_in_at=context.now, now=context.now, audience=audience),
        "refreshToken": refresh,
        "csrfToken": csrf_token,
        "user": user,
    }


def _set_cookie(context: Context, user: User, refresh: str) -> None:
    """Set the refresh token cookie, cross-site for the origins in API_ORIGINS."""
    same_site: Literal["None", "Lax"] = "None" if settings.API_ORIGINS else "Lax"

    def add_cookie(response: HttpResponse) -> None:
        age = tokens.LIFETIMES[tokens.REFRESH]
        remember_device(context.request, response, user_key(user.pk))
        response.set_cookie(COOKIE, refresh, max_age=age, httponly=True, secure=True, samesite=same_site)

    context.on_response(add_cookie)


def is_second_factor_overdue(user: User, context: Context) -> bool:
    """Return whether a required second factor is missing after the grace period."""
    is_required = user.is_staff and context.settings.requires_second_factor_of_staff
    return is_overdue(user, is_required=is_required, now=context.now)


def _authenticate(context: Context, phone_or_email: str, password: str) -> User:
    """Return the user. Raises the same InputError for an unknown address and a wrong password."""
    try:
        tries = count_password_tries(
            phone_or_email,
            network=client_network(context.request.META),
            find_device=partial(known_device, context.request),
            in_network=API_FAILED_IN_NETWORK,
        )
    except (TooManyTries, DeviceCodeRequired) as refused:
        raise InputError("LOGIN_ATTEMPT_DELAYED", refused.message, field="email") from refused
    try:
        user = authenticate_with_password_and_code(
            phone_or_email=phone_or_email, password=password, user_ids=tries.user_ids, now=context.now
        )
    except Refused as refused:
        code = "LOGIN_ATTEMPT_DELAYED" if isinstance(refused, TooManyTries) else "INVALID_CREDENTIALS"
        raise InputError(code, refused.message, field="password") from refused
    if user is None:
        raise _wrong_credentials()
    tries.succeed()
    return user


def _wrong_credentials() -> InputError:
    message = _(
        "The email (or phone number) and password do not match, or the account has not been confirmed with"
        " the link in our email yet."
    )
    return InputError("INVALID_CREDENTIALS", message, field="email")


def _require_usable_account(user: User, context: Context) -> None:
    """Raise InputError if the account is closed, unconfirmed, or may not sign in by password."""
    shop = context.settings
    if not user.is_active:
        raise InputError("INACTIVE", _("This account is closed."), field="email")
    if needs_confirmation(user):
        # A distinct code would reveal whether a registered address was unknown before.
        raise _wrong_credentials()
    mode = shop.password_login_mode
    if mode == "disabled" or (mode == "customers_only" and user.is_staff):
        raise InputError(
            "DISABLED_AUTHENTICATION_METHOD", _("Password sign-in is turned off."), field="email"
        )
    if is_second_factor_overdue(user, context):
        raise InputError(
            "DISABLED_AUTHENTICATION_METHOD",
            _("Set up two-step sign-in on your account page first."),
            field="email",
        )


def _require_csrf_token(claims: tokens.Claims, csrf_token: str | None) -> None:
    csrf_claim = str(claims.get("csrfToken", ""))
    if not csrf_token or not hmac.compare_digest(csrf_claim.encode(), csrf_token.encode(errors="replace")):
        raise InputError(
            "JWT_INVALID_CSRF_TOKEN", _("The CSRF token does not match the cookie."), field="csrfToken"
        )


def _raise_token_error(error: PyJWTError, field: str) -> NoReturn:
    """Raise InputError with PyJWT's message, which clients match on."""
    code = "JWT_INVALID_TOKEN"
    if isinstance(error, ExpiredSignatureError):
        code = "JWT_SIGNATURE_EXPIRED"
    elif isinstance(error, DecodeError):
        code = "JWT_DECODE_ERROR"
    raise InputError(code, str(error), field=field) from error


def _external(
    arguments: ExternalAuthenticationUrlArguments
    | ExternalLogoutArguments
    | ExternalObtainAccessTokensArguments
    | ExternalRefreshArguments
    | ExternalVerifyArguments,
    context: Context,
    selection: Selection,
) -> dict[str, object]:
    raise InputError("NOT_FOUND", _("This sign-in service is not set up here."), field="pluginId")


for name in ("AuthenticationUrl", "ObtainAccessTokens", "Refresh", "Logout"):
    mutation.field(f"external{name}")(_external)
mutation.field("externalVerify", refused={"isValid": False})(_external)
