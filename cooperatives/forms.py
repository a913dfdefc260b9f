"""Forms for translating texts, shown beside the originals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.db import models
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.cooperative_translations import (
    COOPERATIVE_TEXTS,
    DELIVERY_METHOD_TEXTS,
    HOUSEHOLD_TEXTS,
)
from cooperatives.models import Cooperative, Producer
from shop.core.models import Translation
from shop.core.web.form_options import FormData

_MAX_SINGLE_LINE_CHARACTERS = 120
_LABELS: dict[str, Promise] = {
    "name": _("Name"),
    "description_text": _("Description"),
    "ingredients": _("Composition"),
    "origin": _("Origin"),
    "packaging": _("Packaging"),
    "shelf_life": _("Best before"),
    "storage": _("Storage"),
    "season_note": _("Season"),
    "return_terms": _("Returns"),
    "summary": _("Short introduction"),
    "story": _("About the cooperative"),
    "pause_note": _("Reason for the pause"),
    "note": _("Note"),
    "products_made": _("Products made"),
    "place": _("Place"),
}


@dataclass(frozen=True, slots=True)
class TranslatableRow:
    """A row to translate and its translatable fields. `heading` distinguishes several rows."""

    row: models.Model
    fields: tuple[str, ...]
    heading: str = ""


class TranslationForm(forms.Form):
    """One optional field for each non-empty text of the rows, with the original as help text."""

    def __init__(self, originals: Sequence[TranslatableRow], language: str, data: FormData = None) -> None:
        super().__init__(data, label_suffix="")
        self.originals = originals
        self._field_names: dict[tuple[str, int], dict[str, str]] = {}
        for original in originals:
            self._add_fields_for(original, language)

    @property
    def groups(self) -> list[tuple[str, list[BoundField]]]:
        """The fields by row, each group with its heading."""
        return [
            (original.heading, [self[name] for name in names.values()])
            for original in self.originals
            if (names := self._field_names[_row_key(original.row)])
        ]

    def texts(self, row: models.Model) -> dict[str, str]:
        """Return the entered translations of a row by field. Where nothing was entered, the text is empty."""
        return {field: self.cleaned_data[name] for field, name in self._field_names[_row_key(row)].items()}

    def set_initial(self, row: models.Model, texts: Mapping[str, str]) -> None:
        """Show these texts of a row in place of its stored translations."""
        for field, name in self._field_names[_row_key(row)].items():
            if field in texts:
                self.fields[name].initial = texts[field]

    def _add_fields_for(self, original: TranslatableRow, language: str) -> None:
        translated, model_label = original.row, original.row._meta.label_lower
        translations = Translation.objects.texts(model_label, [translated.pk], language)
        names = self._field_names[_row_key(translated)] = {}
        for field in original.fields:
            original_text = getattr(translated, field)
            if not original_text:
                continue
            name = names[field] = f"{translated._meta.model_name}-{translated.pk}-{field}"
            column = translated._meta.get_field(field)
            is_long = len(original_text) > _MAX_SINGLE_LINE_CHARACTERS or not getattr(
                column, "max_length", None
            )
            attrs: dict[str, object] = {"class": "input", "lang": language, "rows": 4}
            self.fields[name] = forms.CharField(
                label=str(_LABELS[field]),
                required=False,
                max_length=getattr(column, "max_length", None) or 5000,
                initial=translations.get((str(translated.pk), field), ""),
                help_text=format_html('<span lang="{}">{}</span>', settings.LANGUAGE_CODE, original_text),
                widget=forms.Textarea(attrs=attrs) if is_long else forms.TextInput(attrs=attrs),
            )


class CooperativeTranslationForm(TranslationForm):
    """Translation form for a cooperative, its named households and its delivery methods."""

    def __init__(self, cooperative: Cooperative, language: str, data: FormData = None) -> None:
        self.cooperative = cooperative
        self.delivery_methods = list(
            cooperative.delivery_methods.filter(is_active=True).order_by("sort_order", "pk")
        )
        self.households = list(Producer.objects.for_cooperative(cooperative).public().order_by("pk"))
        rows = [
            TranslatableRow(cooperative, COOPERATIVE_TEXTS),
            *(TranslatableRow(household, HOUSEHOLD_TEXTS, household.name) for household in self.households),
            *(
                TranslatableRow(delivery_method, DELIVERY_METHOD_TEXTS, delivery_method.name)
                for delivery_method in self.delivery_methods
            ),
        ]
        super().__init__(rows, language, data)

    def action_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the action that saves the texts.

        The action is `cooperatives.actions.cooperative_translations.translate_cooperative`.
        """
        return {
            "texts": self.texts(self.cooperative),
            "households": {household.pk: self.texts(household) for household in self.households},
            "delivery_methods": {
                delivery_method.pk: self.texts(delivery_method) for delivery_method in self.delivery_methods
            },
        }


def _row_key(row: models.Model) -> tuple[str, int]:
    return row._meta.label_lower, row.pk
