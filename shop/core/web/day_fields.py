"""Form fields for days, written as in Vietnam whatever the language of the browser."""

from __future__ import annotations

import datetime
import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.core.dates.form_days import validate_day
from shop.core.web.form_options import Label

DAY_FORMATS = ["%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d"]
_EIGHT_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{4})")


class DayField(forms.DateField):
    """A day such as 27/11/2026, also without slashes, or in ISO 8601."""

    def __init__(self, label: Label, **options: Any) -> None:
        attrs = {"class": "input", "inputmode": "numeric", "autocomplete": "off", "data-day": ""}
        errors = {"invalid": _("Enter the date as 24/11/2026.")} | options.pop("error_messages", {})
        super().__init__(
            label=label,
            validators=[validate_day],
            input_formats=DAY_FORMATS,
            widget=forms.DateInput(format="%d/%m/%Y", attrs=attrs),
            error_messages=errors,
            **options,
        )

    def to_python(self, value: str | datetime.datetime | datetime.date | None) -> datetime.date | None:
        """Accept days without slashes, which phones' number pads lack."""
        if isinstance(value, str) and (match := _EIGHT_DIGITS.fullmatch(value.strip())):
            value = "/".join(match.groups())
        return super().to_python(value)
