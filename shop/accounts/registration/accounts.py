"""Register users, check passwords, send password links and change details."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection

from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.accounts.models import Address, User
from shop.accounts.second_factor.factors import remove_factors
from shop.accounts.sign_in.sessions import sign_out_everywhere
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import normalise_phone, require_phone
from shop.core.models import record_change, shop_settings
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification

# Accounts of an unconfirmed number whose password is compared: the oldest, so that nobody is pushed out.
ACCOUNTS_OF_NUMBER = 2


class EmailTaken(Refused):
    code = "email_taken"
    default_message = gettext_lazy("This email already has an account. Sign in or set a new password.")


class PhoneTaken(Refused):
    code = "phone_taken"
    default_message = gettext_lazy("This phone number belongs to another account.")


@transaction.atomic(durable=True)
def create_confirmed_account(
    *, email: str, password_hash: str, name: str, language: str, actor: Actor, now: datetime.datetime
) -> User:
    """Create an account for a person who proved ownership of the email address. Raises EmailTaken."""
    user = User(email=email, password=password_hash, first_name=name, language=language)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as taken:
        raise EmailTaken(field="email") from taken
    record_change("user.registered", user, actor=actor, now=now)
    return user


def authenticate_active_user(
    *, phone_or_email: str, password: str, user_ids: Collection[int] | None = None
) -> User | None:
    """Return the active user with this email or phone and password, or else None, after the same time.

    `user_ids` limits the accounts whose password is compared.
    """
    user = authenticate_user(phone_or_email=phone_or_email, password=password, user_ids=user_ids)
    if user is None or not user.is_active or needs_confirmation(user):
        return None
    return user


def needs_confirmation(user: User) -> bool:
    """Return whether the user must first follow the confirmation link."""
    shop = shop_settings()
    is_needed = shop.enable_account_confirmation_by_email and not shop.allow_login_without_confirmation
    return is_needed and not user.is_confirmed


def authenticate_user(
    *,
    phone_or_email: str,
    password: str,
    password_before_code: str | None = None,
    user_ids: Collection[int] | None = None,
) -> User | None:
    """Return the user with this phone or email and password, even if the account is closed, or else None.

    Accounts with a second factor must have the password `password_before_code` if it is given. The caller
    checks their second factor. `user_ids` limits the accounts whose password is compared.
    """
    users = find_users_by_name(phone_or_email)
    if user_ids is not None:
        users = [user for user in users if user.pk in user_ids]
    found = None
    for user in users:
        is_before_code = password_before_code is not None and user.has_second_factor
        if user.check_password(password_before_code if is_before_code else password) and found is None:
            found = user
    for _missing in range((1 if "@" in phone_or_email else 1 + ACCOUNTS_OF_NUMBER) - len(users)):
        User().set_password(password)  # equal time for unknown names and wrong passwords
    return found


@transaction.atomic(durable=True)
def send_password_link(*, email: str, link_to: Callable[[User], str], now: datetime.datetime) -> None:
    """Send a user a link to set a new password. Do nothing for an unknown address."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None or not user.email:
        return
    with translation.override(user.language):
        subject = _("Set a new password for Chợ Phiên")
        context = {"user": user, "url": link_to(user), "subject": subject, "shop": shop_settings()}
        queue_notification(
            key=f"password:{user.pk}:{now:%Y%m%d%H%M%S%f}",
            contact_method=ContactMethod.EMAIL,
            recipient=user.email,
            subject=subject,
            text=render_to_string("emails/password.txt", context),
            html=render_to_string("emails/password.html", context),
            language=user.language,
            user_id=user.pk,
            now=now,
        )


@transaction.atomic(durable=True)
def set_password(
    *, user_id: int, password: str, should_confirm: bool = False, actor: Actor, now: datetime.datetime
) -> User:
    """Set a new password and end every session and token. Raises Missing.

    Pass `should_confirm` after an emailed link, which proves ownership of the address.
    """
    user = _lock_user(user_id)
    if should_confirm and not user.is_confirmed:
        end_unconfirmed_access(user)
    user.set_password(password)
    sign_out_everywhere(user)
    user.is_confirmed = user.is_confirmed or should_confirm
    user.save()
    record_change("user.password_set", user, actor=actor, now=now)
    return user


def end_unconfirmed_access(user: User) -> None:
    """In a transaction: remove all access to an account whose address its owner has not confirmed yet.

    A stranger may have registered with it and left a password, a phone or a passkey. The caller saves the
    user.
    """
    user.set_unusable_password()
    user.phone = user.phone_confirmed_at = None
    remove_factors(user)
    sign_out_everywhere(user)


@transaction.atomic(durable=True)
def change_details(
    *, user_id: int, name: str, phone: str, address: Address | None, actor: Actor, now: datetime.datetime
) -> User:
    """Change name, phone (normalised, or none) and default delivery address. Raises Missing.

    Whether another account has the number is not checked here, so that the caller cannot learn it.
    """
    require_phone(phone)
    user = _lock_user(user_id)
    if user.phone != (phone or None):
        user.phone, user.phone_confirmed_at = phone or None, None
    user.first_name, user.last_name = name, ""
    if address is not None:
        address.user = user
        address.first_name, address.phone = name, phone
        address.pk = user.default_shipping_address_id
        address.save()
        user.default_shipping_address = address
    user.save(
        update_fields=[
            "first_name",
            "last_name",
            "phone",
            "phone_confirmed_at",
            "default_shipping_address",
            "updated_at",
        ]
    )
    record_change("user.details_changed", user, actor=actor, now=now)
    return user


def find_user(phone_or_email: str) -> User | None:
    """Return the user with this email address or confirmed phone number, in any notation."""
    if "@" in phone_or_email:
        return User.objects.filter(email=phone_or_email.strip().lower()).first()
    phone = normalise_phone(phone_or_email)
    return User.objects.filter(phone=phone, phone_confirmed_at__isnull=False).first() if phone else None


def find_users_by_name(phone_or_email: str) -> list[User]:
    """Return the accounts that a name may sign in to with their password.

    A number that they have not confirmed signs in to accounts that have no other name: those of members who
    were invited without an email address. Several may have the number, also one that has confirmed it. Only
    the password tells them apart.
    """
    user = find_user(phone_or_email)
    confirmed = [user] if user is not None else []
    phone = "" if "@" in phone_or_email else normalise_phone(phone_or_email)
    if not phone:
        return confirmed
    unnamed = User.objects.filter(phone=phone, phone_confirmed_at=None, email=None)
    return [*confirmed, *unnamed.order_by("pk")[:ACCOUNTS_OF_NUMBER]]


def _lock_user(user_id: int) -> User:
    user = lock_row(User.objects.filter(pk=user_id))
    if user is None:
        raise Missing()
    return user
