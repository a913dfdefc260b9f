"""Register with email confirmation, and change email addresses."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import User
from shop.accounts.registration.accounts import EmailTaken, end_unconfirmed_access
from shop.accounts.registration.email_links import (
    CONFIRM_ACCOUNT,
    CONFIRMATION,
    BuildLink,
    notify_sign_in_change,
    queue_link_email,
    read_email_change_token,
)
from shop.accounts.sign_in.token_families import revoke_tokens
from shop.core.actors import Actor
from shop.core.database.row_values import require_column_limits
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change, shop_settings
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification


class InvalidLink(Refused):
    """The link was already used, is older than three days, or belongs to another user."""

    code = "invalid_link"
    default_message = _("This link is no longer valid. Request a new one.")


@transaction.atomic(durable=True)
def register_user(
    *,
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    language: str,
    metadata: Mapping[str, str],
    link_to: BuildLink | None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Register a user. If `link_to` is given, an emailed link must confirm the account.

    If the address already has an account, only its owner is notified, in the same time, so that a visitor
    cannot tell. An unconfirmed user is sent the link again. Raises InvalidColumnValue.
    """
    require_column_limits(User(email=email, first_name=first_name, last_name=last_name, language=language))
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email=email,
                password=password,
                first_name=first_name,
                last_name=last_name,
                language=language,
                metadata=dict(metadata),
                is_confirmed=link_to is None,
            )
    except IntegrityError:
        existing_user = User.objects.filter(email=email.strip().lower()).first()
        if existing_user is None or not existing_user.is_active:
            return
        if existing_user.is_confirmed or link_to is None:
            _send_registration_notification(existing_user, now)
            return
        user = existing_user
    else:
        record_change("user.registered", user, actor=actor, now=now)
    if link_to is not None:
        queue_link_email(
            link_email=CONFIRM_ACCOUNT, user=user, recipient=email.strip().lower(), url=link_to(user), now=now
        )


@transaction.atomic(durable=True)
def notify_of_registration(*, user_id: int, now: datetime.datetime) -> None:
    """Email a user that a visitor tried to register with their address."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        _send_registration_notification(user, now)


def _send_registration_notification(user: User, now: datetime.datetime) -> None:
    with translation.override(user.language):
        subject = gettext("Someone tried to create an account with your email")
        url = f"{settings.PUBLIC_URL}{reverse('accounts:sign-in')}"
        context = {"user": user, "subject": subject, "url": url, "shop": shop_settings()}
        queue_notification(
            key=f"registration:{user.pk}:{now:%Y%m%d%H%M%S%f}",
            contact_method=ContactMethod.EMAIL,
            recipient=user.email or "",
            subject=subject,
            text=render_to_string("emails/registration_repeated.txt", context),
            language=user.language,
            user_id=user.pk,
            now=now,
        )


@transaction.atomic(durable=True)
def confirm_account(*, email: str, token: str, actor: Actor, now: datetime.datetime) -> User:
    """Confirm the account's email address. Raises InvalidLink.

    The link proves who owns the address, not who registered with it. Unless the user is signed in, the
    password and all other access chosen at registration end.
    """
    user = lock_row(User.objects.filter(email=email.strip().lower(), is_active=True))
    if user is None or not CONFIRMATION.check_token(user, token):
        raise InvalidLink(field="token")
    if actor.user_id != user.pk:
        end_unconfirmed_access(user)
    user.is_confirmed = True
    user.save()
    record_change("user.confirmed", user, actor=actor, now=now)
    return user


@transaction.atomic(durable=True)
def change_email(*, user_id: int, token: str, actor: Actor, now: datetime.datetime) -> User:
    """Switch to the new address and revoke all tokens. Raises Missing, InvalidLink, EmailTaken."""
    user = lock_row(User.objects.filter(pk=user_id, is_active=True))
    if user is None:
        raise Missing()
    new_email = read_email_change_token(token, user)
    if new_email is None:
        raise InvalidLink(field="token")
    notify_sign_in_change(user=user, text=_("The email address of your account was changed."), now=now)
    user.email = new_email
    revoke_tokens(user)
    user.is_confirmed = True
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "revocation_key", "is_confirmed", "updated_at"])
    except IntegrityError as taken:
        raise EmailTaken(field="newEmail") from taken
    record_change("user.email_changed", user, actor=actor, now=now)
    return user


@transaction.atomic(durable=True)
def revoke_all_tokens(*, user_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Revoke all tokens of a user. Raises Missing."""
    user = lock_row(User.objects.filter(pk=user_id))
    if user is None:
        raise Missing()
    revoke_tokens(user)
    user.save(update_fields=["revocation_key", "updated_at"])
    record_change("user.tokens_revoked", user, actor=actor, now=now)
