"""Validate dates from forms, so that date arithmetic never overflows."""

from __future__ import annotations

import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)


def validate_day(day: datetime.date) -> None:
    """Refuse dates and times before 1900 and after 2099, which are typing errors."""
    if isinstance(day, datetime.datetime):
        day = day.date()
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(
            _("Enter a date from %(first)s to %(last)s.")
            % {"first": f"{FIRST_DAY:%d/%m/%Y}", "last": f"{LAST_DAY:%d/%m/%Y}"},
            code="day_out_of_range",
        )
