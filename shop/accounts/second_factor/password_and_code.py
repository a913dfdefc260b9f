"""Sign in with password and app code in one field. The code follows the password directly.

API clients, including Saleor's Dashboard, send only an email address and a password.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from shop.accounts.models import User
from shop.accounts.registration.accounts import authenticate_user
from shop.accounts.second_factor.factors import DIGITS, verify_second_factor
from shop.core.actors import EntryPoint
from shop.core.errors import Refused

_PASSWORD_AND_CODE = re.compile(rf"(?P<password>.*?) ?(?P<code>[0-9]{{{DIGITS}}})", re.DOTALL)


class SecondFactorRequired(Refused):
    """The password is right, but the account also requires a second factor."""

    code = "second_factor_required"
    default_message = _("Enter the six digits from your authenticator app directly after your password.")


def authenticate_with_password_and_code(
    *, phone_or_email: str, password: str, user_ids: Collection[int], now: datetime.datetime
) -> User | None:
    """Return the user with this email or phone, password, and app code if they need one.

    Only passwords of the accounts `user_ids` are compared. Returns None for all others, in the same time.
    Raises SecondFactorRequired, TooManyTries, WrongSecondFactor, SecondFactorUsed.
    """
    match = _PASSWORD_AND_CODE.fullmatch(password)
    user = authenticate_user(
        phone_or_email=phone_or_email,
        password=password,
        password_before_code=match["password"] if match else password,
        user_ids=user_ids,
    )
    if user is None or not user.has_second_factor:
        return user
    if match is None:
        raise SecondFactorRequired(field="password")
    verify_second_factor(
        user_id=user.pk, entered_code=match["code"], actor=user.as_actor(EntryPoint.API), now=now
    )
    return user
