"""Change passwords and email addresses, by an emailed link or by the old password."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from shop.accounts.models import User
from shop.accounts.registration.accounts import send_password_link, set_password
from shop.accounts.registration.email_links import CHANGE_EMAIL, PASSWORD, email_change_token, send_link_email
from shop.accounts.registration.email_registration import change_email
from shop.accounts.sign_in.login_limits import (
    API_PASSWORD_LINKS_IN_NETWORK,
    CONFIRMATIONS,
    count_password_link,
)
from shop.accounts.sign_in.password_tries import PasswordTry, user_key
from shop.api.account.clients import (
    add_query_parameters,
    require_allowed_redirect,
    require_valid_email,
    require_valid_password,
)
from shop.api.account.inputs import (
    ConfirmEmailChangeArguments,
    PasswordChangeArguments,
    RequestEmailChangeArguments,
    RequestPasswordResetArguments,
    SetPasswordArguments,
)
from shop.api.account.sign_in import is_second_factor_overdue, issue_tokens
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.field_permissions import FieldAccess
from shop.api.root_fields import Mutations
from shop.core.web.rate_limits import TooManyTries, client_network

mutation = Mutations(
    codes={"invalid_link": "INVALID", "email_taken": "UNIQUE", "too_many_tries": "LOGIN_ATTEMPT_DELAYED"}
)


@mutation.field()
def request_password_reset(
    arguments: RequestPasswordResetArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Send a reset link. The response is the same for every address."""
    redirect = require_allowed_redirect(arguments["redirectUrl"])
    email, network = require_valid_email(arguments["email"]), client_network(context.request.META)
    try:
        count_password_link(network, email, in_network=API_PASSWORD_LINKS_IN_NETWORK)
    except TooManyTries as refused:
        raise InputError("PASSWORD_RESET_ALREADY_REQUESTED", refused.message, field="email") from refused
    send_password_link(
        email=email,
        link_to=lambda user: add_query_parameters(
            redirect, email=user.email or "", token=PASSWORD.make_token(user)
        ),
        now=context.now,
    )
    return {}


@mutation.field("setPassword")
def set_password_by_link(
    arguments: SetPasswordArguments, context: Context, selection: Selection
) -> dict[str, object]:
    email = arguments["email"].strip().lower()
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None or not PASSWORD.check_token(user, arguments["token"]):
        raise InputError("INVALID", _("This link is no longer valid. Request a new one."), field="token")
    password = require_valid_password(arguments["password"], user, "password")
    user = set_password(
        user_id=user.pk, password=password, should_confirm=True, actor=context.actor, now=context.now
    )
    if user.has_second_factor or is_second_factor_overdue(user, context):
        # The emailed link is one factor. Users with a second factor must sign in with the new password.
        return {"user": user}
    return issue_tokens(user, context)


@mutation.field(permissions=[FieldAccess.USER])
def password_change(
    arguments: PasswordChangeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user = context.signed_in()
    if user.has_usable_password():
        _require_valid_password(user, arguments.get("oldPassword") or "", "oldPassword", context)
    password = require_valid_password(arguments["newPassword"], user, "newPassword")
    changed = set_password(user_id=user.pk, password=password, actor=context.actor, now=context.now)
    return {"user": changed}


@mutation.field(permissions=[FieldAccess.USER])
def request_email_change(
    arguments: RequestEmailChangeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user, redirect = context.signed_in(), require_allowed_redirect(arguments["redirectUrl"])
    _require_valid_password(user, arguments["password"], "password", context)
    email = require_valid_email(arguments["newEmail"], "newEmail")
    CONFIRMATIONS.count_try(f"email:{user.pk}")
    # The response is the same for another account's address, so that it does not reveal accounts.
    if not User.objects.filter(email=email).exists():
        url = add_query_parameters(redirect, token=email_change_token(user, email))
        send_link_email(link_email=CHANGE_EMAIL, user=user, recipient=email, url=url, now=context.now)
    return {"user": user}


@mutation.field(permissions=[FieldAccess.USER])
def confirm_email_change(
    arguments: ConfirmEmailChangeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user = change_email(
        user_id=context.signed_in().pk, token=arguments["token"], actor=context.actor, now=context.now
    )
    return {"user": user}


def _require_valid_password(user: User, password: str, field: str, context: Context) -> None:
    """Check the current password. Raises InputError.

    Tries are limited as at sign-in, although the client is already signed in by a token.
    """
    account = user_key(user.pk)
    try:  # signed-in users have a limit of their own, independent of strangers' tries
        attempt = PasswordTry.count(account, network="", device=f"token of {account}")
    except TooManyTries as refused:
        raise InputError("LOGIN_ATTEMPT_DELAYED", refused.message, field=field) from refused
    if not user.check_password(password):
        raise InputError("INVALID_CREDENTIALS", _("The password is not correct."), field=field)
    attempt.succeed()
