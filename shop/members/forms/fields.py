"""Form fields for use on phones: amounts with dots, photos, one-tap reasons."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal
from typing import Any, Unpack

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import formats, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused
from shop.core.images.image_files import inspect_picture
from shop.core.texts.formatting import format_number
from shop.core.web.form_options import FormData, FormFiles, FormOptions, Label
from shop.core.web.number_fields import GroupedLimitsField

Choice = tuple[str, str | Promise]

_GROUPED = re.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*")
_GROUPED_BY = {
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?"),
    ",": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
}
_PLAIN_WIDGETS = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.HiddenInput)


class MembersForm(forms.Form):
    """A form styled for the members' pages."""

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(data, files, **options)
        for field in self.fields.values():
            if not isinstance(field.widget, _PLAIN_WIDGETS):
                field.widget.attrs.setdefault("class", "input")

    def set_choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class GroupedWholeNumberField(GroupedLimitsField):
    """A whole number such as `12.000` or `12 000 ₫`. Letters and decimals are rejected."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    default_error_messages = {"invalid": _("Enter a whole number, such as 12,000.")}

    def to_python(self, value: object) -> int | None:
        if isinstance(value, str):
            value = value.strip().removesuffix("₫").removesuffix("đ")
            value = "".join(value.split())
            if _GROUPED.fullmatch(value):
                value = value.replace(".", "").replace(",", "")
        return super().to_python(value)

    def prepare_value(self, value: object) -> object:
        return format_number(value) if isinstance(value, int) else value


class ContentField(forms.DecimalField):
    """A net quantity such as `300`, `2.400` or `1,8`.

    The language's separator groups thousands (`2,400` in English). In other places both marks start the
    decimals.
    """

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {
        "invalid": _("Enter a number, such as 300 or 1.8."),
        "min_value": _("Enter a number above 0, such as 300 or 1.8."),
        "max_value": _("Enter at most 10 tonnes or 10,000 litres."),
        "max_decimal_places": _("Enter at most three decimals, such as 1.825."),
    }

    def __init__(self, *, label: Label, help_text: Label) -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            required=False,
            min_value=Decimal("0.001"),
            max_value=10_000_000,
            decimal_places=3,
        )

    def to_python(self, value: object) -> Any:
        if isinstance(value, str):
            value = "".join(value.split())
            separator = str(formats.get_format("THOUSAND_SEPARATOR"))
            if _GROUPED_BY[separator].fullmatch(value):
                value = value.replace(separator, "")
            value = value.replace(",", ".")
        return super().to_python(value)


class KilosField(forms.DecimalField):
    """A weight entered in kg, such as `1,5`, and returned in whole grams."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {
        "invalid": _("Enter a weight in kg, such as 1.5."),
        "min_value": _("Enter a weight from 0.001 to 1,000 kg."),
        "max_value": _("Enter a weight from 0.001 to 1,000 kg."),
    }

    def __init__(self, *, label: Label, required: bool = True) -> None:
        super().__init__(
            min_value=Decimal("0.001"), max_value=1000, decimal_places=3, label=label, required=required
        )

    def to_python(self, value: object) -> Any:
        if isinstance(value, str):
            value = "".join(value.split()).lower().removesuffix("kg").replace(",", ".")
        return super().to_python(value)

    def clean(self, value: object) -> object:
        kilos = super().clean(value)
        return None if kilos is None else int(kilos * 1000)

    def prepare_value(self, value: object) -> object:
        if isinstance(value, int):
            return f"{(Decimal(value) / 1000).normalize():f}".replace(".", ",")
        return value


class PhotoField(forms.FileField):
    """A photo upload. The file's content is checked, not only its name."""

    widget = forms.FileInput(attrs={"accept": "image/*"})
    default_error_messages = {"empty": _("This photo file is empty. Choose another one.")}

    def clean(self, data: object, initial: object = None) -> object:
        upload = super().clean(data, initial)
        if isinstance(upload, UploadedFile):
            try:
                inspect_picture(upload)
            except Refused as refused:
                raise forms.ValidationError(str(refused.message), code=refused.code) from refused
        return upload


class ReasonForm(MembersForm):
    """A reason, chosen from buttons or entered as text.

    `reason` contains a chosen reason as its message id on its own line. The template filter
    `shop.core.texts.formatting.translated_reason` translates it for each reader.
    """

    OTHER = "other"

    choice = forms.ChoiceField(label=_("Reason"), widget=forms.RadioSelect, required=False)
    message = forms.CharField(
        label=_("Explain the reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        reasons: list[str | Promise],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self.reasons = {str(number): reason for number, reason in enumerate(reasons)}
        self.set_choices("choice", [*self.reasons.items(), (self.OTHER, _("Other reason"))])

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.reason:
            self.add_error("choice", _("Choose or enter a reason."))
        return cleaned

    @property
    def reason(self) -> str:
        text = self.cleaned_data.get("message", "")
        chosen_reason = self.reasons.get(self.cleaned_data.get("choice", ""))
        with translation.override("en"):
            return "\n".join(str(value) for value in (chosen_reason, text) if value)


def parse_key(submitted: str | None) -> int:
    """Parse a submitted primary key. Anything but a number gives 0, which no row has."""
    return (
        int(submitted)
        if submitted and submitted.isascii() and submitted.isdecimal() and len(submitted) < 19
        else 0
    )


def parse_uuid(submitted: str | None) -> uuid.UUID | None:
    """Parse a submitted UUID, or None for anything else."""
    try:
        return uuid.UUID(submitted or "")
    except ValueError:
        return None
