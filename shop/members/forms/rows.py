"""Pages that grow row by row, with scripts or without.

Such a page is sent with `more` to get one more row: then nothing is checked, and what was written stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from shop.members.forms.fields import MembersForm


def as_written(kind: type[MembersForm], data: QueryDict, prefix: str) -> Mapping[str, Any]:
    """What was written, for a form that is not to be checked yet."""
    return {
        name: data.getlist(f"{prefix}-{name}")
        if isinstance(field, forms.MultipleChoiceField)
        else data.get(f"{prefix}-{name}", "")
        for name, field in kind.base_fields.items()
    }


def count_sent(data: QueryDict, name: str) -> int:
    """How many rows the page had; what is no number is none."""
    written = data.get(name, "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 4 else 0
