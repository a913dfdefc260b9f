"""Form for weights, entered in kilograms with a comma or a dot."""

from __future__ import annotations

import re
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import OrderLine
from shop.core.texts.formatting import format_weight
from shop.core.web.form_options import FormData
from shop.members.forms.fields import MembersForm

_KILOGRAMS = re.compile(r"(\d{1,5})(?:[.,](\d{1,3}))?")


class KilogramField(forms.CharField):
    """Parses `2,35`, `2.35 kg` or `2` to whole grams. A dot is a decimal separator."""

    widget = forms.TextInput(
        attrs={"inputmode": "decimal", "autocomplete": "off", "class": "input input-large"}
    )
    default_error_messages = {"invalid": _("Enter the weight in kg, such as 2.35.")}

    def clean(self, value: object) -> int | None:
        text = "".join(str(super().clean(value)).lower().removesuffix("kg").split())
        if not text:
            return None
        match = _KILOGRAMS.fullmatch(text)
        if match is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return int(Decimal(f"{match[1]}.{match[2] or 0}") * 1000)


class WeighForm(MembersForm):
    """The weight of one line. `again` is required if the first weight is implausible."""

    kg = KilogramField(label=_("Weight on the scale"))
    again = KilogramField(label=_("Enter the weight again"), required=False)
    at_most = forms.BooleanField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: FormData = None, *, line: OrderLine) -> None:
        super().__init__(data, prefix=f"weigh-{line.pk}")
        self.line = line
        self.needs_repetition = False
        for field in self.fields.values():
            field.widget.attrs["form"] = self.form_id

    @property
    def form_id(self) -> str:
        return f"scale-{self.line.pk}"

    def require_repetition(self) -> None:
        """Require the weight to be entered again, because it is far from the estimate."""
        self.needs_repetition = True
        self.add_error(
            "again" if self.cleaned_data["again"] is not None else "kg",
            _("Expected about %(expected)s, but you entered %(written)s. Check the decimal comma.")
            % {
                "expected": format_weight(self.line.estimate_grams),
                "written": format_weight(self.grams),
            },
        )

    @property
    def grams(self) -> int:
        """The weight of a valid form."""
        return int(self.cleaned_data["kg"])
