"""What a buyer may choose among goods by; every choice travels in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from shop.core.models.geography import Division

SEASON, NEWEST, CHEAPEST, BY_NAME = "mua", "moi", "gia", "ten"


class GoodsFilter(forms.Form):
    """Filters and order of a list of goods. Nothing is required, and a choice that makes no sense is none."""

    mua = forms.BooleanField(label=_("In season"), required=False)
    ocop = forms.BooleanField(label=_("OCOP"), required=False)
    giao = forms.BooleanField(label=_("Delivered to me"), required=False)
    tinh = forms.ChoiceField(label=_("Province"), required=False)
    htx = forms.MultipleChoiceField(
        label=_("Cooperative"), required=False, widget=forms.CheckboxSelectMultiple
    )
    xep = forms.ChoiceField(
        label=_("Sorted by"),
        required=False,
        choices=[
            (SEASON, _("In season first")),
            (NEWEST, _("Newest first")),
            (CHEAPEST, _("Cheapest first")),
            (BY_NAME, _("By name")),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(
        self, *args: Any, cooperatives: Sequence[Cooperative], provinces: Sequence[Division], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._choices("htx", [(cooperative.slug, cooperative.name) for cooperative in cooperatives])
        named = [(province.code, province.name) for province in provinces]
        self._choices("tinh", [("", _("Choose a province")), *named])

    def chosen(self, name: str) -> Any:
        """The field's value if it makes sense, else nothing."""
        self.is_valid()
        return self.cleaned_data.get(name)

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
