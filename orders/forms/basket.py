"""Forms of the basket: quantities, voucher code, province, delivery methods."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.actions.quotes.quote_types import RequestedDelivery
from shop.accounts.forms import set_division_choices
from shop.core.models.geography import Division
from shop.core.web.form_options import FormData, FormFiles, FormOptions

_DELIVERY_VALUE = re.compile(r"(\d{1,18})(?:@(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}))?")
_MAX_QUANTITY = 1_000_000


def _quantity_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Quantity"),
        max_value=_MAX_QUANTITY,
        error_messages={
            "required": _("Enter a quantity."),
            "invalid": _("Enter a whole number, such as 2."),
            "max_value": _("That is more than one order can hold. Enter a smaller quantity."),
        },
    )


class AddLineForm(forms.Form):
    """Add a variant to the basket."""

    variant = forms.IntegerField(
        label=_("Option"),
        min_value=1,
        max_value=2**62,
        error_messages={"required": _("Choose an option first.")},
    )
    quantity = _quantity_field()


class QuantityForm(forms.Form):
    """Change a line's quantity. The "take out" button sends no quantity."""

    remove = forms.BooleanField(required=False)
    quantity = _quantity_field()

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        if "remove" in self.data:
            del self.fields["quantity"]

    @property
    def requested(self) -> int:
        return 0 if self.cleaned_data["remove"] else int(self.cleaned_data["quantity"])


class CodeForm(forms.Form):
    """Apply a voucher code. The "take out" button sends no code."""

    remove = forms.BooleanField(required=False)
    code = forms.CharField(required=False, max_length=255)


class DeliveryProvinceForm(forms.Form):
    province = forms.ChoiceField(label=_("Deliver to"), required=False)

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        provinces: Sequence[Division],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        set_division_choices(self.fields["province"], _("Choose a province"), provinces)


def parse_chosen_deliveries(
    submitted: Mapping[str, object], cooperative_ids: Iterable[int]
) -> dict[int, RequestedDelivery]:
    """Parse the submitted delivery methods and pickup times ("12", "12@2026-11-29T06:00").

    Invalid values are ignored, and so are shipping services, which stay as chosen over the API.
    """
    deliveries = {}
    for cooperative_id in cooperative_ids:
        match = _DELIVERY_VALUE.fullmatch(str(submitted.get(f"delivery-{cooperative_id}", "")))
        if not match:
            continue
        delivery_method, day, starts = match.groups()
        try:
            deliveries[cooperative_id] = RequestedDelivery(
                int(delivery_method),
                datetime.date.fromisoformat(day) if day else None,
                datetime.time.fromisoformat(starts) if starts else None,
            )
        except ValueError:
            continue
    return deliveries


def submitted_basket_id(submitted: Mapping[str, object]) -> uuid.UUID | None:
    """Return the id of the basket that a form was rendered for."""
    try:
        return uuid.UUID(str(submitted.get("basket", "")))
    except ValueError:
        return None
