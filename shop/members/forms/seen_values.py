"""Forms that send along what their page showed.

Nobody overwrites unseen what somebody else has changed since then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from django import forms
from django.http import HttpRequest, QueryDict

from catalog.actions.products.save_products import ProductAlreadyChanged
from catalog.actions.products.variant_prices import PriceAlreadyChanged
from shop.members.forms.fields import MembersForm

Columns = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that belong together, and the columns that they set. The first field names the group."""

    fields: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What the market has in a group of fields and what the member entered, in words."""

    label: str
    current: str
    entered: str


@dataclass(frozen=True, slots=True)
class CurrentValues:
    """What a page shows now: the columns, and the values of the form's fields."""

    columns: Columns
    fields: Columns

    @property
    def initial(self) -> dict[str, object]:
        """The initial values of the form."""
        return {**self.fields, "seen": json.dumps(self.columns, ensure_ascii=False)}


class SeenForm(MembersForm):
    """A form whose hidden field `seen` holds the columns as its page showed them."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    groups: ClassVar[Sequence[FieldGroup]] = ()
    conflicts: Sequence[Conflict] = ()
    conflict_fields = ""

    @property
    def seen_values(self) -> dict[str, object]:
        """The columns as the page showed them. They are empty if it did not say."""
        try:
            values = json.loads(self.cleaned_data.get("seen") or "{}")
        except (ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}

    def changed_values(self, values: Columns) -> dict[str, object]:
        """Return the columns that the member changed.

        If the page did not say what it showed, these are all columns.
        """
        if not self.seen_values:
            return dict(values)
        return {column: values[column] for group in self._changed_groups(values) for column in group.columns}

    def seen_of(self, changed: Columns) -> dict[str, object]:
        """Return the changed columns as the page showed them."""
        return {column: value for column, value in self.seen_values.items() if column in changed}

    def show_current(self, values: Columns, current: CurrentValues) -> None:
        """Name what somebody else changed too, and show as it is now what the member left as they saw it."""
        changed_groups = self._changed_groups(values)
        groups = [group for group in changed_groups if self._is_conflict(group, values, current.columns)]
        self.conflicts = [
            Conflict(
                str(self.fields[group.fields[0]].label),
                self.describe(group, current.columns),
                self.describe(group, values),
            )
            for group in groups
        ]
        self.conflict_fields = ",".join(field for group in groups for field in group.fields)
        left_groups = [group for group in self.groups if group not in changed_groups]
        left_fields = [field for group in left_groups for field in group.fields]
        assert isinstance(self.data, QueryDict)
        self.data = _with_current_values(self.data, [*left_fields, "seen"], current)

    def describe(self, group: FieldGroup, columns: Columns) -> str:
        """Return the values of a group in words."""
        value = columns[group.columns[0]]
        return "" if value is None else str(value)

    def _changed_groups(self, values: Columns) -> list[FieldGroup]:
        """Return the groups in which the member changed what the page showed."""
        seen = self.seen_values
        return [
            group
            for group in self.groups
            if any(_plain(values[name]) != _plain(seen[name]) for name in group.columns if name in seen)
        ]

    def _is_conflict(self, group: FieldGroup, values: Columns, current: Columns) -> bool:
        """Return whether somebody else changed the group to other values than the member."""
        seen = self.seen_values
        return any(current[name] not in (seen[name], values[name]) for name in group.columns if name in seen)


def submitted_data(request: HttpRequest, current: CurrentValues) -> QueryDict | None:
    """Return what was submitted, with the current values in the fields that the member leaves as they are."""
    if request.method != "POST":
        return None
    names = request.POST.get("take_current", "").split(",")
    return _with_current_values(request.POST, [name for name in names if name in current.fields], current)


@contextmanager
def conflicts_in_form(
    form: SeenForm, values: Columns, read_current: Callable[[], CurrentValues]
) -> Iterator[None]:
    """Let the form show what somebody else changed when the enclosed action refuses to overwrite it."""
    try:
        yield
    except (ProductAlreadyChanged, PriceAlreadyChanged):
        form.show_current(values, read_current())
        raise


def _with_current_values(data: QueryDict, names: Sequence[str], current: CurrentValues) -> QueryDict:
    """Return submitted data with the current values in some fields."""
    changed = data.copy()
    for name in names:
        value = current.initial[name]
        if isinstance(value, list):
            changed.setlist(name, value)
        elif value is None or value is False:
            changed.pop(name, None)
        else:
            changed[name] = "on" if value is True else str(value)
    return changed


def _plain(value: object) -> object:
    """Return a value without what forms change in it, which is line ends and blanks around it."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value
