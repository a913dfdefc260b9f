"""Helpers for pages with a growing number of rows, with or without JavaScript.

Such a page is sent with `more` to get one more row: then nothing is checked, and what was written stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.http import QueryDict

from shop.members.forms.fields import MembersForm


def initial_from_submission(kind: type[MembersForm], data: QueryDict, prefix: str) -> Mapping[str, object]:
    """Return submitted data as initial values for a form that is not validated yet."""
    return {
        name: data.getlist(f"{prefix}-{name}")
        if isinstance(field, forms.MultipleChoiceField)
        else data.get(f"{prefix}-{name}", "")
        for name, field in kind.base_fields.items()
    }


def submitted_row_count(data: QueryDict, name: str) -> int:
    """Return the submitted number of rows; anything but a number gives 0."""
    written = data.get(name, "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 4 else 0
