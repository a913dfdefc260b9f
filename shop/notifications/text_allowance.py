"""Limit text messages per number, per day for the whole shop, and by country.

Texts cost money, and any visitor can have one sent to any number. A text over the limit is given up, and the
desk is notified. Email is not affected.
"""

from __future__ import annotations

import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused
from shop.core.web.rate_limits import RateLimit, TooManyTries, count_tries
from shop.notifications.models import Notification

FOREIGN_NUMBER = "texts do not go to this country"
NUMBER_USED_UP = "this number has had its texts for today"
SHOP_USED_UP = "the shop's texts for today are used up"
NOT_ALLOWED = (FOREIGN_NUMBER, NUMBER_USED_UP, SHOP_USED_UP)
_DAY = 24 * 60 * 60


class TextNotSent(Refused):
    """No code can be texted to this number now. `details["reason"]` is one of NOT_ALLOWED."""

    code = "text_not_sent"
    default_message = _("We cannot text this number right now. Use your email or call us.")


def require_allowance(number: str) -> None:
    """Raise TextNotSent if a code to this number would not be sent. Counts nothing."""
    reason = _refusal_reason(number, is_for_code=True)
    if reason:
        raise TextNotSent(reason=reason)


def count_text(number: str, *, is_for_code: bool) -> str:
    """Count one text, and return the reason if it may not be sent, else ""."""
    reason = _refusal_reason(number, is_for_code=is_for_code)
    if reason:
        return reason
    limits = [(_per_number(), number), (_per_day(is_for_code=is_for_code), "shop")]
    try:
        count_tries([(limit, subject) for limit, subject in limits if limit.max_tries])
    except TooManyTries:  # used up by another process since it was read
        return _refusal_reason(number, is_for_code=is_for_code) or SHOP_USED_UP
    return ""


def count_texts_not_sent(since: datetime.datetime) -> int:
    """Return how many texts were given up because of the limits."""
    return Notification.objects.filter(given_up_at__gte=since, last_error__in=NOT_ALLOWED).count()


def _refusal_reason(number: str, *, is_for_code: bool) -> str:
    if not number.startswith(tuple(f"+{code}" for code in settings.TEXT_COUNTRIES)):
        return FOREIGN_NUMBER
    if (limit := _per_number()).max_tries and limit.is_reached(number):
        return NUMBER_USED_UP
    if (limit := _per_day(is_for_code=is_for_code)).max_tries and limit.is_reached("shop"):
        return SHOP_USED_UP
    return ""


def _per_number() -> RateLimit:
    return RateLimit("texts-number", max_tries=settings.TEXTS_PER_NUMBER, seconds=_DAY)


def _per_day(*, is_for_code: bool) -> RateLimit:
    """Return the daily limit. For texts other than codes it is a fifth lower."""
    daily_limit = settings.TEXTS_PER_DAY
    return RateLimit(
        "texts-shop", max_tries=daily_limit if is_for_code else daily_limit * 4 // 5, seconds=_DAY
    )
