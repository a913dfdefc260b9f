"""Form of a stock-take, with the counted quantity of each variant and lot in a warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY
from catalog.stocktake import StocktakeRow
from shop.core.web.form_options import FormData
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm


def row_name(row: StocktakeRow) -> str:
    """Return a name such as `Miến dong, 500 g, lot L12`, from product, option and the lot's code."""
    names = [row.stock.variant.product.name, row.stock.variant.name]
    if row.lot is not None:
        names.append(_("lot %(code)s") % {"code": row.lot.code})
    elif row.has_lots:
        names.append(_("without a lot"))
    return ", ".join(name for name in names if name)


class StocktakeForm(MembersForm):
    """A field for each row. An empty one was not counted."""

    def __init__(
        self,
        data: FormData = None,
        *,
        rows: Sequence[StocktakeRow],
        counted: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(counted or {}), use_required_attribute=False)
        self.rows = rows
        for row in rows:
            field = GroupedWholeNumberField(
                label=row_name(row), min_value=0, max_value=MAX_COUNTED_QUANTITY, required=False
            )
            field.widget.attrs["class"] = "input"
            self.fields[row.key] = field

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors and not self.counted:
            raise forms.ValidationError(_("Enter the quantity of at least one row."))
        return cleaned

    @property
    def counted(self) -> dict[str, int]:
        """The entered quantities by the keys of their rows."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}

    @property
    def row_fields(self) -> Iterator[tuple[StocktakeRow, BoundField]]:
        for row in self.rows:
            yield row, self[row.key]
