"""Validation of clients' inputs: redirect URLs, channels, passwords and email addresses."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import EmailField
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import User
from shop.api.context import Context
from shop.api.errors import InputError, InputErrors

EMAIL = EmailField()  # validates syntax and length
_PASSWORD_CODES = {
    "password_too_short": "PASSWORD_TOO_SHORT",
    "password_too_common": "PASSWORD_TOO_COMMON",
    "password_too_similar": "PASSWORD_TOO_SIMILAR",
    "password_entirely_numeric": "PASSWORD_ENTIRELY_NUMERIC",
}


def add_query_parameters(redirect_url: str, **values: str) -> str:
    """Add query parameters to a redirect URL, keeping its existing ones."""
    parts = urlsplit(redirect_url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *values.items()])))


def require_allowed_redirect(url: str | None, field: str = "redirectUrl") -> str:
    """Return the URL if its host is an allowed client. Raises InputError."""
    if not url:
        raise InputError("REQUIRED", _("Enter the page that the link in the email leads to."), field=field)
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise InputError("INVALID", _("Enter a valid web address."), field=field)
    if "*" not in settings.API_CLIENT_HOSTS and host not in settings.API_CLIENT_HOSTS:
        raise InputError("INVALID", _("Links in emails may not lead to this site."), field=field)
    return url


def require_active_channel(slug: str | None, context: Context) -> None:
    """Raise InputError unless the slug names an active channel."""
    if not slug:
        raise InputError("MISSING_CHANNEL_SLUG", _("Choose a channel."), field="channel")
    channel = context.channel(slug)
    if channel is None:
        raise InputError("NOT_FOUND", _("This channel does not exist."), field="channel")
    if not channel.is_active:
        raise InputError("CHANNEL_INACTIVE", _("This channel is closed."), field="channel")


def require_valid_password(password: str, user: User, field: str) -> str:
    """Return the password if it passes all validators. Raises InputErrors, one per failed validator."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InputErrors(
            [
                InputError(
                    _PASSWORD_CODES.get(str(password_error.code), "INVALID"),
                    " ".join(password_error.messages),
                    field=field,
                )
                for password_error in error.error_list
            ]
        ) from error
    return password


def require_valid_email(email: str, field: str = "email") -> str:
    """Return the address in lower case. Raises InputError if it is invalid."""
    email = email.strip().lower()
    try:
        EMAIL.clean(email, None)
    except ValidationError as error:
        raise InputError("INVALID", " ".join(error.messages), field=field) from error
    return email
