"""Helpers for pages with a growing number of rows, with or without JavaScript.

If such a page is submitted by its button "more", a row is added. Nothing is validated, and all input is kept.
"""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from shop.members.forms.fields import MembersForm


def initial_from_submission(form_class: type[MembersForm], data: QueryDict, prefix: str) -> dict[str, object]:
    """Return submitted data as initial values for a form that is not validated yet."""
    return {
        name: data.getlist(f"{prefix}-{name}")
        if isinstance(field, forms.MultipleChoiceField)
        else data.get(f"{prefix}-{name}", "")
        for name, field in form_class.base_fields.items()
    }


def submitted_row_count(data: QueryDict, name: str) -> int:
    """Return the submitted number of rows. Anything but a number gives 0."""
    submitted = data.get(name, "")
    return int(submitted) if submitted.isascii() and submitted.isdecimal() and len(submitted) < 4 else 0
