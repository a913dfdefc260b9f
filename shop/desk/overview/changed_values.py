"""Old and new values of a change, for display.

Actions record them as `from` and `to` (one value each, or one for each column) or as `changed` (column: old,
new). A change that lists `fields` without values holds personal data, which the log does not keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy

from shop.core.models import Change
from shop.core.texts.figures import number

_MAX_LENGTH = 200
_HIDDEN = frozenset({"metadata", "private_metadata", "description", "search_text"})
_FIELD_NAMES: dict[str, Promise] = {
    "name": pgettext_lazy("column", "Name"),
    "description_text": pgettext_lazy("column", "Description"),
    "slug": pgettext_lazy("column", "Address in the shop"),
    "sort_order": pgettext_lazy("column", "Position"),
    "parent": pgettext_lazy("column", "Parent category"),
    "is_hidden": pgettext_lazy("column", "Hidden"),
    "category": pgettext_lazy("column", "Category"),
    "category_id": pgettext_lazy("column", "Category"),
    "amount": pgettext_lazy("column", "Amount"),
    "value": pgettext_lazy("column", "Value"),
    "type": pgettext_lazy("column", "Type"),
    "role": pgettext_lazy("column", "Role"),
    "groups": pgettext_lazy("column", "Roles"),
    "permissions": pgettext_lazy("column", "Permissions"),
    "method": pgettext_lazy("column", "Payment method"),
    "is_active": pgettext_lazy("column", "Active"),
    "is_staff": pgettext_lazy("column", "Staff"),
    "first_name": pgettext_lazy("column", "Name"),
    "phone": pgettext_lazy("column", "Phone"),
    "email": pgettext_lazy("column", "Email"),
    "address": pgettext_lazy("column", "Address"),
    "shipping_address": pgettext_lazy("column", "Delivery address"),
    "billing_address": pgettext_lazy("column", "Billing address"),
    "buyer_name": pgettext_lazy("column", "Recipient"),
    "invoice": pgettext_lazy("column", "Invoice"),
    "note": pgettext_lazy("column", "Note"),
    "platform_wide": pgettext_lazy("column", "Whole platform"),
    "complaint_days": pgettext_lazy("column", "Days to complain"),
    "answer_complaints_days": pgettext_lazy("column", "Days to answer complaints"),
    "transfer_minutes": pgettext_lazy("column", "Minutes to pay by transfer"),
    "requires_second_factor_of_staff": pgettext_lazy("column", "Two-step sign-in for staff"),
    "requires_second_factor_of_managers": pgettext_lazy("column", "Two-step sign-in for managers"),
    "second_factor_grace_days": pgettext_lazy("column", "Days to set it up"),
    "unit_grams": pgettext_lazy("column", "Grams per unit"),
    "click_and_collect": pgettext_lazy("column", "Pickup"),
}


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One changed value: its column, if it has a name, and the old and new value, if they are recorded."""

    name: str
    before: str
    after: str
    has_values: bool = True

    def __str__(self) -> str:
        values = f"{self.before} → {self.after}" if self.has_values else ""
        return ": ".join(text for text in (self.name, values) if text)


def changed_values(change: Change) -> list[ChangedValue]:
    """Return a change's old and new values, in the order in which they were recorded."""
    return list(_values(change))


def _values(change: Change) -> Iterator[ChangedValue]:
    data = change.data
    before, after, columns = data.get("from"), data.get("to"), data.get("changed")
    named_columns: set[str] = set()
    if isinstance(columns, Mapping):
        for column, pair in columns.items():
            if isinstance(pair, list) and len(pair) == 2 and column not in _HIDDEN:
                yield ChangedValue(_field_name(change, column), _as_text(pair[0]), _as_text(pair[1]))
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for column in [*after, *(item for item in before if item not in after)]:
            if column in _HIDDEN or before.get(column) == after.get(column):
                continue
            named_columns.add(column)
            old, new = _as_text(before.get(column)), _as_text(after.get(column))
            yield ChangedValue(_field_name(change, column), old, new)
    elif "from" in data and "to" in data:
        yield ChangedValue("", _as_text(before), _as_text(after))
    fields = data.get("fields")
    for column in fields if isinstance(fields, list) else []:
        if column not in named_columns and column not in _HIDDEN:
            yield ChangedValue(_field_name(change, str(column)), "", "", has_values=False)


def _field_name(change: Change, column: str) -> str:
    if column in _FIELD_NAMES:
        return str(_FIELD_NAMES[column])
    try:
        field = apps.get_model(change.kind)._meta.get_field(column)
    except (LookupError, ValueError, FieldDoesNotExist):
        return column.replace("_", " ")
    return str(getattr(field, "verbose_name", column))


def _as_text(value: object) -> str:
    if value is None or value in ("", []):
        return "—"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    text = number(value) if isinstance(value, int) else str(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
