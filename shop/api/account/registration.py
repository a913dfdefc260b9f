"""Registration, confirmation and deletion of accounts."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from orders.actions.privacy.anonymise import anonymise_person
from shop.accounts.models import User
from shop.accounts.registration.accounts import send_password_link
from shop.accounts.registration.email_links import (
    CONFIRM_ACCOUNT,
    CONFIRMATION,
    DELETE_ACCOUNT,
    DELETION,
    password_url,
    send_link_email,
)
from shop.accounts.registration.email_registration import confirm_account as confirm
from shop.accounts.registration.email_registration import register_user
from shop.accounts.sign_in.login_limits import API_REGISTRATIONS, CONFIRMATIONS
from shop.api.account.clients import (
    add_query_parameters,
    require_active_channel,
    require_allowed_redirect,
    require_valid_email,
    require_valid_password,
)
from shop.api.account.inputs import (
    AccountDeleteArguments,
    AccountRegisterArguments,
    AccountRequestDeletionArguments,
    ConfirmAccountArguments,
    SendConfirmationEmailArguments,
)
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.field_permissions import FieldAccess
from shop.api.language_codes import tag_from_code
from shop.api.metadata import metadata_from_input
from shop.api.root_fields import Mutations
from shop.core.web.rate_limits import TooManyTries, client_network

mutation = Mutations(codes={"invalid_link": "INVALID", "too_many_tries": "LOGIN_ATTEMPT_DELAYED"})


@mutation.field()
def account_register(
    arguments: AccountRegisterArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    unsaved_user = User(
        email=require_valid_email(input_data["email"]),
        first_name=input_data.get("firstName") or "",
        last_name=input_data.get("lastName") or "",
        language=tag_from_code(input_data.get("languageCode") or get_language() or "vi"),
        metadata=metadata_from_input(input_data.get("metadata")),
    )
    password = require_valid_password(input_data["password"], unsaved_user, "password")
    needs_confirmation = bool(context.settings.enable_account_confirmation_by_email)
    redirect = ""
    if needs_confirmation:
        redirect = require_allowed_redirect(input_data.get("redirectUrl"))
        require_active_channel(input_data.get("channel"), context)
    network = client_network(context.request.META)
    API_REGISTRATIONS.count_try(network)
    register_user(
        email=unsaved_user.email or "",
        password=password,
        first_name=unsaved_user.first_name,
        last_name=unsaved_user.last_name,
        language=unsaved_user.language,
        metadata=unsaved_user.metadata,
        link_to=(lambda user: _confirmation_link(user, redirect)) if needs_confirmation else None,
        actor=context.actor,
        now=context.now,
    )
    # The payload only repeats the input, so that it does not reveal whether the account existed.
    unsaved_user.date_joined = unsaved_user.updated_at = context.now
    unsaved_user.is_confirmed = not needs_confirmation
    return {"user": unsaved_user, "requiresConfirmation": needs_confirmation}


@mutation.field()
def confirm_account(
    arguments: ConfirmAccountArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user = confirm(email=arguments["email"], token=arguments["token"], actor=context.actor, now=context.now)
    if not user.has_usable_password():  # the person chooses a new one after the confirmation
        send_password_link(email=user.email or "", link_to=password_url, now=context.now)
    return {"user": user}


@mutation.field(permissions=[FieldAccess.USER])
def send_confirmation_email(
    arguments: SendConfirmationEmailArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user, redirect = context.signed_in(), require_allowed_redirect(arguments["redirectUrl"])
    if user.is_confirmed or not user.email:
        raise InputError("ACCOUNT_CONFIRMED", _("This account has already been confirmed."))
    try:
        CONFIRMATIONS.count_try(user.email)
    except TooManyTries as refused:
        raise InputError("CONFIRMATION_ALREADY_REQUESTED", refused.message) from refused
    url = _confirmation_link(user, redirect)
    send_link_email(link_email=CONFIRM_ACCOUNT, user=user, recipient=user.email, url=url, now=context.now)
    return {}


@mutation.field(permissions=[FieldAccess.USER])
def account_request_deletion(
    arguments: AccountRequestDeletionArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user, redirect = context.signed_in(), require_allowed_redirect(arguments["redirectUrl"])
    _require_not_staff(user)
    CONFIRMATIONS.count_try(f"deletion:{user.pk}")
    url = add_query_parameters(redirect, token=DELETION.make_token(user))
    send_link_email(
        link_email=DELETE_ACCOUNT, user=user, recipient=user.email or "", url=url, now=context.now
    )
    return {}


@mutation.field(permissions=[FieldAccess.USER])
def account_delete(
    arguments: AccountDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user = context.signed_in()
    _require_not_staff(user)
    if not DELETION.check_token(user, arguments["token"]):
        raise InputError("INVALID", _("This link is no longer valid. Request a new one."), field="token")
    anonymise_person(user_id=user.pk, actor=context.actor, now=context.now)
    return {"user": user}


def _confirmation_link(user: User, redirect: str) -> str:
    return add_query_parameters(redirect, email=user.email or "", token=CONFIRMATION.make_token(user))


def _require_not_staff(user: User) -> None:
    if user.is_staff:
        raise InputError("DELETE_STAFF_ACCOUNT", _("Staff accounts are closed by those who manage staff."))
