"""Whole numbers whose error texts name limits as every other number is written."""

from __future__ import annotations

from django import forms

from shop.core.texts.formatting import format_number


class GroupedLimitsField(forms.IntegerField):
    """A whole number. A limit in an error text is grouped, as in `1.000.000`."""

    def run_validators(self, value: object) -> None:
        try:
            super().run_validators(value)
        except forms.ValidationError as errors:
            for error in errors.error_list:
                params = error.params
                if isinstance(params, dict) and isinstance(params.get("limit_value"), int):
                    params["limit_value"] = format_number(params["limit_value"])
            raise
