"""The form that asks how many of each item the cooperative can send."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from orders.models import OrderLine
from shop.core.web.form_options import FormData
from shop.members.forms.fields import MembersForm


class ShortageForm(MembersForm):
    """A number for each line that is still to be packed, from 0 to the open quantity.

    Empty means all of it.
    """

    def __init__(
        self, data: FormData = None, *, lines: Sequence[OrderLine], still_open: Mapping[uuid.UUID, int]
    ) -> None:
        super().__init__(data)
        self._open_quantities = {line.pk: still_open[line.pk] for line in lines if still_open.get(line.pk)}
        for line in lines:
            if still_open.get(line.pk):
                name = ", ".join(filter(None, (line.product_name, line.distinct_variant_name)))
                ordered = {"count": line.count_label(still_open[line.pk])}
                self.fields[f"available-{line.pk}"] = forms.IntegerField(
                    label=name,
                    help_text=_("Ordered: %(count)s. How many can you send?") % ordered,
                    min_value=0,
                    max_value=still_open[line.pk],
                    required=False,
                    widget=forms.NumberInput(
                        attrs={"class": "input input-large", "inputmode": "numeric", "placeholder": " "}
                    ),
                )

        self.units = {f"available-{line.pk}": line.unit_name for line in lines}

    @property
    def rows(self) -> Iterator[tuple[BoundField, str]]:
        """Each field with its unit."""
        for field in self:
            yield field, self.units[field.name]

    @property
    def available(self) -> dict[uuid.UUID, int]:
        entered = {line_id: self.cleaned_data[f"available-{line_id}"] for line_id in self._open_quantities}
        return {
            line_id: self._open_quantities[line_id] if quantity is None else quantity
            for line_id, quantity in entered.items()
        }
