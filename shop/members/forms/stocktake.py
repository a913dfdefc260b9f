"""Forms of stock counts: of single stocks, and of each variant and lot in a warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Unpack

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY
from catalog.actions.stock.stocktakes import CountedRow
from catalog.models import Stock
from catalog.stocktake import StocktakeRow, implausible_ratio
from shop.core.texts.formatting import format_number
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm


def row_name(row: StocktakeRow) -> str:
    """Return a name such as `Miến dong, 500 g, lot L12`, from product, option and the lot's code."""
    names = [row.stock.variant.product.name, row.stock.variant.name]
    if row.lot is not None:
        names.append(_("lot %(code)s") % {"code": row.lot.code})
    elif row.has_lots:
        names.append(_("without a lot"))
    return ", ".join(name for name in names if name)


class CountForm(MembersForm):
    """The counted quantity of a stock. An empty field records nothing.

    An implausible quantity is asked about once. `confirmed` is the quantity that the page has asked about.
    """

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    counted = GroupedWholeNumberField(
        label=gettext_lazy("Counted quantity"), min_value=0, max_value=1_000_000, required=False
    )
    confirmed = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: FormData = None, files: FormFiles = None, *, stock: Stock, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self.stock = stock
        self.to_confirm: int | None = None

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        counted = cleaned.get("counted")
        if counted is None or cleaned.get("confirmed") == str(counted):
            return cleaned
        ratio = implausible_ratio(self.stock.on_hand, counted)
        if ratio:
            self.to_confirm = counted
            text = (
                _("%(counted)s is %(times)s times what the books say. Save again if it is right.")
                if counted > self.stock.on_hand
                else _("The books say %(times)s times %(counted)s. Save again if it is right.")
            )
            values = {"counted": format_number(counted), "times": format_number(ratio)}
            self.add_error("counted", text % values)
        return cleaned


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


class RepeatedCountsForm(MembersForm):
    """A field for each implausible count, in which it is entered again before it is saved."""

    def __init__(self, data: FormData = None, *, counts: Sequence[CountedRow]) -> None:
        super().__init__(data, prefix="again", use_required_attribute=False)
        self.counts = {
            row.key: row.counted for row in counts if implausible_ratio(row.seen_book, row.counted)
        }
        for key in self.counts:
            field = GroupedWholeNumberField(
                label=_("Count it again and enter it here"), min_value=0, max_value=MAX_COUNTED_QUANTITY
            )
            field.widget.attrs |= {"class": "input", "form": "stocktake"}
            self.fields[key] = field

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        for key, counted in self.counts.items():
            if key in cleaned and cleaned[key] != counted:
                text = _("You first entered %(first)s. Change the counts if that was wrong.")
                self.add_error(key, text % {"first": format_number(counted)})
        return cleaned
