"""Form for received returns."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Warehouse
from orders.forms.refunds import quantity_field
from orders.models import Parcel, ParcelLine
from shop.core.web.form_options import FormData, FormFiles, FormOptions


class ReturnForm(forms.Form):
    """Record a returned parcel, with the damaged quantities and the warehouse for the rest."""

    warehouse = forms.ChoiceField(
        label=_("Receiving warehouse"), widget=forms.Select(attrs={"class": "input"})
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        lines: Sequence[ParcelLine],
        warehouses: Sequence[Warehouse],
        **options: Unpack[FormOptions],
    ) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(data, files, **options)
        self.lines = lines
        warehouse_field = self.fields["warehouse"]
        assert isinstance(warehouse_field, forms.ChoiceField)
        warehouse_field.choices = [(str(warehouse.pk), warehouse.name) for warehouse in warehouses]
        for line in lines:
            self.fields[f"damaged-{line.order_line_id}"] = quantity_field(
                line.quantity, _("Of which damaged")
            )

    @property
    def rows(self) -> list[tuple[ParcelLine, forms.BoundField]]:
        return [(line, self[f"damaged-{line.order_line_id}"]) for line in self.lines]

    @property
    def damaged(self) -> dict[uuid.UUID, int]:
        quantities = {
            line.order_line_id: self.cleaned_data.get(f"damaged-{line.order_line_id}") for line in self.lines
        }
        return {line_id: count for line_id, count in quantities.items() if count}


def build_return_form(parcel: Parcel, data: FormData = None) -> ReturnForm:
    """Build the form for a return parcel."""
    lines = list(parcel.lines.select_related("order_line").order_by("pk"))
    warehouses = Warehouse.objects.filter(cooperative=parcel.part.cooperative_id).open()
    return ReturnForm(data, lines=lines, warehouses=list(warehouses), prefix=f"return-{parcel.pk}")
