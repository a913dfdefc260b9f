"""Emails with single-use links, and the tokens in those links.

A link works once, because the state it changes is part of its token, and for three days.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator
from django.core import signing
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.functional import Promise
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import User
from shop.core.models import shop_settings
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification


class _Confirmation(PasswordResetTokenGenerator):
    key_salt = "shop.accounts.registration.email_links.confirmation"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        """Hash what Django hashes, except the last sign-in, which may precede the confirmation."""
        return f"{user.pk}{user.password}{timestamp}{user.email}{user.is_confirmed}"


class _Deletion(PasswordResetTokenGenerator):
    key_salt = "shop.accounts.registration.email_links.deletion"


CONFIRMATION, DELETION, PASSWORD = _Confirmation(), _Deletion(), default_token_generator
_EMAIL_CHANGE = "shop.accounts.registration.email_links.email"


def password_url(user: User) -> str:
    """Return the page that sets a new password with a token of its own, in the person's language."""
    with translation.override(user.language):
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        return (
            f"{settings.PUBLIC_URL}{reverse('accounts:set-password', args=[uid, PASSWORD.make_token(user)])}"
        )


def email_change_token(user: User, new_email: str) -> str:
    return signing.dumps([user.pk, user.email, new_email], salt=_EMAIL_CHANGE)


def read_email_change_token(token: str, user: User) -> str | None:
    """Return the requested new address, or None if the token is invalid, expired or another user's."""
    try:
        key, old_email, new_email = signing.loads(
            token, salt=_EMAIL_CHANGE, max_age=settings.PASSWORD_RESET_TIMEOUT
        )
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(new_email) if (key, old_email) == (user.pk, user.email) else None


@dataclass(frozen=True, slots=True)
class LinkEmail:
    """The texts of an email with one link."""

    kind: str
    subject: str | Promise
    opening: str | Promise
    button: str | Promise
    closing: str | Promise


CONFIRM_ACCOUNT = LinkEmail(
    kind="confirm-account",
    subject=_("Confirm your Chợ Phiên account"),
    opening=_("Someone, most likely you, created an account with this address. Confirm it with this link."),
    button=_("Confirm account"),
    closing=_("Not you? Ignore this email: an unconfirmed account stays closed."),
)
CHANGE_EMAIL = LinkEmail(
    kind="change-email",
    subject=_("Confirm your new email address"),
    opening=_("You asked to use this address for your account. Confirm it with this link."),
    button=_("Use this address"),
    closing=_("You did not ask for this? Ignore this email: nothing will change."),
)
DELETE_ACCOUNT = LinkEmail(
    kind="delete-account",
    subject=_("Delete your Chợ Phiên account"),
    opening=_("You asked to delete your account. This link deletes it, and this cannot be undone."),
    button=_("Delete account"),
    closing=_("You did not ask for this? Ignore this email: nothing will change."),
)


@transaction.atomic(durable=True)
def send_link_email(
    *, link_email: LinkEmail, user: User, recipient: str, url: str, now: datetime.datetime
) -> None:
    """Send a link to a user's address."""
    queue_link_email(link_email=link_email, user=user, recipient=recipient, url=url, now=now)


def queue_link_email(
    *, link_email: LinkEmail, user: User, recipient: str, url: str, now: datetime.datetime
) -> None:
    """In a transaction: queue an email with a link."""
    with translation.override(user.language):
        subject = str(link_email.subject)
        context = {
            "user": user,
            "link_email": link_email,
            "url": url,
            "subject": subject,
            "shop": shop_settings(),
        }
        queue_notification(
            key=f"{link_email.kind}:{user.pk}:{now:%Y%m%d%H%M%S%f}",
            contact_method=ContactMethod.EMAIL,
            recipient=recipient,
            subject=subject,
            text=render_to_string("emails/account_link.txt", context),
            html=render_to_string("emails/account_link.html", context),
            language=user.language,
            user_id=user.pk,
            now=now,
        )


BuildLink = Callable[[User], str]


def notify_sign_in_change(*, user: User, text: str | Promise, now: datetime.datetime) -> None:
    """In a transaction: notify a user that their sign-in methods changed, in case it was not them.

    The notice is sent by email, or to a user without an address as a text message to a confirmed number.
    """
    is_mail = bool(user.email)
    recipient = user.email or (user.phone if user.phone_confirmed_at else None)
    if not recipient:
        return
    with translation.override(user.language):
        subject = str(text)
        context = {"user": user, "subject": subject, "shop": shop_settings()}
        queue_notification(
            key=f"entrance:{user.pk}:{now:%Y%m%d%H%M%S%f}",
            contact_method=ContactMethod.EMAIL if is_mail else ContactMethod.SMS,
            recipient=recipient,
            subject=subject,
            text=render_to_string("emails/sign_in_changed.txt", context) if is_mail else subject,
            language=user.language,
            user_id=user.pk,
            now=now,
        )
