"""Form for a row of the table of many products: price and stock of each option, season, pause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.actions.listing_imports.columns import CellProblem, parse_months
from catalog.actions.products.variant_rows import MAX_PRICE
from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY
from catalog.models import ALL_MONTHS, Listing, Price, Stock, Variant
from catalog.season_labels import months_text
from catalog.states import ListingState
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm


@dataclass(frozen=True, slots=True)
class OptionRow:
    """An option with its price in the listing's channel, and its stock if one warehouse alone holds it."""

    variant: Variant
    price: Price | None
    stock: Stock | None

    @property
    def amount(self) -> int | None:
        return self.price.amount if self.price else None


class MonthsField(forms.CharField):
    """Months such as `6-9` or `1, 2, 12`, as a season. Empty means all year."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Months available"),
            max_length=60,
            required=False,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )

    def clean(self, value: object) -> int:
        text = super().clean(value)
        try:
            return parse_months(text) if text else ALL_MONTHS
        except CellProblem as problem:
            raise forms.ValidationError(str(problem)) from problem


class ProductRowForm(MembersForm):
    """A row of the table. Hidden fields hold the values that the member saw."""

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        listing: Listing,
        options: Sequence[OptionRow],
        **form_options: Unpack[FormOptions],
    ) -> None:
        form_options.setdefault("prefix", f"goods-{listing.pk}")
        form_options.setdefault("use_required_attribute", False)
        super().__init__(data, files, **form_options)
        self.listing = listing
        self.options = options
        self.fields["key"] = forms.UUIDField(widget=forms.HiddenInput, required=False)
        self.fields["months"] = MonthsField()
        self.fields["months"].widget.attrs["class"] = "input"
        self.initial["months"] = months_text(listing.product.season)
        self.fields["seen_months"] = forms.IntegerField(required=False)
        self.can_pause = listing.state in (ListingState.PUBLISHED, ListingState.PAUSED)
        if self.can_pause:
            self.fields["is_on_sale"] = forms.BooleanField(label=_("On sale"), required=False)
            self.initial["is_on_sale"] = listing.state == ListingState.PUBLISHED
            self.fields["seen_is_on_sale"] = forms.NullBooleanField(required=False)
        for option in options:
            self._add_option(option)

    def _add_option(self, option: OptionRow) -> None:
        key = option.variant.pk
        self.fields[f"price-{key}"] = GroupedWholeNumberField(
            label=_("Price"), min_value=1, max_value=MAX_PRICE, required=option.amount is not None
        )
        self.fields[f"price-{key}"].error_messages["required"] = _("Enter the price.")
        self.fields[f"price-{key}"].widget.attrs["class"] = "input"
        self.initial[f"price-{key}"] = option.amount
        self.fields[f"seen_price-{key}"] = forms.IntegerField(required=False)
        self.fields[f"confirmed-{key}"] = forms.CharField(required=False, max_length=200)
        if option.stock is not None:
            self.fields[f"counted-{key}"] = GroupedWholeNumberField(
                label=_("In stock"), min_value=0, max_value=MAX_COUNTED_QUANTITY, required=False
            )
            self.fields[f"counted-{key}"].widget.attrs["class"] = "input"
            self.initial[f"counted-{key}"] = option.stock.on_hand
            self.fields[f"seen_stock-{key}"] = forms.IntegerField(required=False)

    def new_price(self, option: OptionRow) -> int | None:
        """Return the entered price if it differs from the one that the member saw."""
        price: int | None = self.cleaned_data.get(f"price-{option.variant.pk}")
        return price if price != self.seen_price(option) else None

    def seen_price(self, option: OptionRow) -> int | None:
        seen: int | None = self.cleaned_data.get(f"seen_price-{option.variant.pk}")
        return seen

    def new_count(self, option: OptionRow) -> int | None:
        """Return the entered stock if it differs from the one that the member saw."""
        counted: int | None = self.cleaned_data.get(f"counted-{option.variant.pk}")
        return counted if counted != self.seen_stock(option) else None

    def seen_stock(self, option: OptionRow) -> int | None:
        seen: int | None = self.cleaned_data.get(f"seen_stock-{option.variant.pk}")
        return seen

    def new_season(self) -> int | None:
        """Return the entered season if it differs from the one that the member saw."""
        season: int | None = self.cleaned_data.get("months")
        return season if season != self.seen_season() else None

    def seen_season(self) -> int | None:
        seen: int | None = self.cleaned_data.get("seen_months")
        return seen

    def is_pause_changed(self) -> bool:
        """Return whether the member ticked or unticked the pause that they saw."""
        is_seen_on_sale: bool | None = self.cleaned_data.get("seen_is_on_sale")
        return is_seen_on_sale is not None and self.cleaned_data.get("is_on_sale") != is_seen_on_sale

    def show_current_values(self, current: ProductRowForm) -> None:
        """Replace what the member left as they saw it by what `current` shows. What they entered stays."""
        names = ["months"] if self._is_left("months", self.seen_season()) else []
        if not self.is_pause_changed():
            names.append("is_on_sale")
        for option in self.options:
            price, counted = f"price-{option.variant.pk}", f"counted-{option.variant.pk}"
            names += [price] if self._is_left(price, self.seen_price(option)) else []
            names += [counted] if self._is_left(counted, self.seen_stock(option)) else []
        data = dict(self.data.items())
        for name in names:
            data.pop(self.add_prefix(name), None)
            value = current.initial.get(name)
            if value not in (None, False):
                data[self.add_prefix(name)] = str(value)
        self.data = data

    def _is_left(self, name: str, seen: int | None) -> bool:
        return name in self.cleaned_data and self.cleaned_data[name] == seen

    def confirmation_token(self, option: OptionRow) -> str:
        token: str = self.cleaned_data.get(f"confirmed-{option.variant.pk}", "")
        return token
