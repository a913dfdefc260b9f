"""The public names of form fields in query strings.

Addresses are public, so their Vietnamese names stay when a field of the code gets another name.
"""

from __future__ import annotations

from django import forms

QUERY_NAMES = {
    "actor": "ai",
    "age_group": "tuoi",
    "area": "loai",
    "basis": "dem",
    "carrier": "xe",
    "category": "loai",
    "changed_object": "vat",
    "channel": "kenh",
    "comparison": "so_voi",
    "cooperative": "htx",
    "copies": "so",
    "from_day": "tu",
    "group": "nhom",
    "interface": "cua",
    "interval": "theo",
    "price": "gia",
    "province": "tinh",
    "source": "nguon",
    "until_day": "den",
}


class QueryForm(forms.Form):
    """A form in a query string. Its fields have the public names of `QUERY_NAMES` there."""

    def add_prefix(self, field_name: str) -> str:
        return super().add_prefix(QUERY_NAMES.get(field_name, field_name))
