"""One-time codes that prove ownership of a phone number or email address, stored as keyed hashes.

Whether an account has the number is never checked here, so that the response reveals nothing.
"""

from __future__ import annotations

import datetime
import secrets
import uuid

from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from shop.accounts.models import CodePurpose, OneTimeCode
from shop.core.errors import Refused
from shop.core.models import shop_settings
from shop.notifications.models import ContactMethod
from shop.notifications.send import PLACEHOLDER_SIGN, queue_notification
from shop.notifications.text_allowance import require_allowance

CODE_LIFETIME = datetime.timedelta(minutes=5)
MAX_TRIES = 5
DIGITS = 6


class CodeExpired(Refused):
    """The code was used, has expired, was tried too often, or was never sent."""

    code = "code_expired"
    default_message = gettext_lazy("This code is no longer valid. Request a new one.")


class WrongCode(Refused):
    """The code is wrong. `details["left"]` is how many tries are left."""

    code = "wrong_code"
    default_message = gettext_lazy("The code is not correct.")


@transaction.atomic(durable=True)
def send_code(
    *,
    purpose: CodePurpose,
    contact_method: ContactMethod,
    recipient: str,
    language: str,
    user_id: int | None,
    now: datetime.datetime,
) -> uuid.UUID:
    """Send a new code to a normalised number or email address, and return the id it can be tried under.

    Raises TextNotSent.
    """
    if contact_method == ContactMethod.SMS:
        require_allowance(recipient)
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    code = OneTimeCode(
        purpose=purpose,
        contact_method=contact_method,
        recipient=recipient,
        user_id=user_id,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    code.digest = _hash_code(code.pk, digits)
    code.save(force_insert=True)
    with translation.override(language):
        subject, text = _code_texts(purpose, contact_method)
        queue_notification(
            key=f"code:{code.pk}",
            contact_method=contact_method,
            recipient=recipient,
            subject=subject,
            text=text,
            language=language,
            user_id=user_id,
            secret=digits,
            secret_expires_at=code.expires_at,
            now=now,
        )
    return code.pk


def _code_texts(purpose: CodePurpose, contact_method: ContactMethod) -> tuple[str, str]:
    """Return subject and text of a notification with a code, in the active language."""
    shop = shop_settings()
    values = {"purpose": purpose.label, "shop": shop.name, "code": PLACEHOLDER_SIGN}
    subject = _("Your code for %(purpose)s at %(shop)s") % values
    # Short enough in Vietnamese for one text message, which holds 70 characters.
    text = _("%(code)s is your code for %(purpose)s at %(shop)s. Do not share it.") % values
    if contact_method == ContactMethod.EMAIL:
        context = {"shop": shop, "text": text, "minutes": CODE_LIFETIME // datetime.timedelta(minutes=1)}
        text = render_to_string("emails/code.txt", context)
    return subject, text


def use_code(
    *, code_id: uuid.UUID, purpose: CodePurpose, entered_code: str, now: datetime.datetime
) -> OneTimeCode:
    """Use up the code and return it if the digits match. Raises CodeExpired, WrongCode.

    Each statement commits on its own, so that a rejected try counts. Of concurrent tries only as many are
    compared as are left, and only one succeeds.
    """
    matching_codes = OneTimeCode.objects.filter(pk=code_id, purpose=purpose)
    if not matching_codes.usable(now, MAX_TRIES).update(tries=F("tries") + 1):
        raise CodeExpired(field="code")
    code = matching_codes.get()
    digits = "".join(character for character in entered_code if character.isdecimal())
    if not constant_time_compare(code.digest, _hash_code(code.pk, digits)):
        remaining_tries = MAX_TRIES - code.tries
        if remaining_tries <= 0:
            raise CodeExpired(field="code")
        message = ngettext_lazy(
            "The code is not correct. You have %(count)d attempt left.",
            "The code is not correct. You have %(count)d attempts left.",
            "count",
        )
        raise WrongCode(message % {"count": remaining_tries}, field="code", left=remaining_tries)
    if not matching_codes.filter(used_at=None).update(used_at=now):
        raise CodeExpired(field="code")
    return code


def _hash_code(key: uuid.UUID, digits: str) -> str:
    """Hash the code with SECRET_KEY, because a plain hash of six digits is guessed at once."""
    return salted_hmac("shop.accounts.codes", f"{key}:{digits}", algorithm="sha256").hexdigest()
