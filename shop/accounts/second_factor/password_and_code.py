"""Signing in where there is one field only: the code of an app written directly after the password.

Clients of the API, Saleor's Dashboard among them, send an e-mail address and a password and know no second
step.
"""

from __future__ import annotations

import datetime
import re

from django.utils.translation import gettext_lazy as _

from shop.accounts.models import User
from shop.accounts.registration.accounts import person_named, who_knows_password
from shop.accounts.second_factor.factors import DIGITS, prove_second_factor
from shop.core.actors import Door
from shop.core.errors import Refused

_WITH_CODE = re.compile(rf"(?P<password>.*?) ?(?P<code>[0-9]{{{DIGITS}}})", re.DOTALL)


class CodeNeeded(Refused):
    """The password is right, but the account has a second factor, too."""

    code = "second_factor_needed"
    default_words = _("Write the six digits of your authenticator app directly after your password.")


def who_proves_all(*, written: str, password: str, now: datetime.datetime) -> User | None:
    """The person with this e-mail or phone and password, and with a code after it where they need one.

    None for anybody else, after the same work. Raises CodeNeeded, TooManyTries, WrongSecondFactor,
    SecondFactorUsed.
    """
    known = person_named(written)
    if known is None or not known.has_second_factor:
        return who_knows_password(written=written, password=password)
    both = _WITH_CODE.fullmatch(password)
    if not known.check_password(both["password"] if both else password):
        return None
    if both is None:
        raise CodeNeeded(field="password")
    prove_second_factor(user_id=known.pk, written=both["code"], actor=known.acting(Door.API), now=now)
    return known
