"""Forms for the rates of a delivery method, by groups of provinces and by weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.delivery_terms import MAX_FEE, DeliveryRateInput
from cooperatives.models import DeliveryMethod, DeliveryRate
from shop.core.models.geography import Division
from shop.core.web.form_options import FormData
from shop.members.forms.fields import GroupedWholeNumberField, KilosField, MembersForm
from shop.members.forms.rows import initial_from_submission, submitted_row_count

MAX_GROUPS, MAX_ROWS = 34, 12
ELSEWHERE = "else"


class ProvincesForm(MembersForm):
    provinces = forms.MultipleChoiceField(
        label=_("Provinces"), required=False, widget=forms.CheckboxSelectMultiple
    )


class BracketForm(MembersForm):
    """A price up to a weight, or for anything heavier if no weight is given."""

    weight = KilosField(label=_("Up to (kg)"), required=False)
    price = GroupedWholeNumberField(label=_("Price"), min_value=0, max_value=MAX_FEE, required=False)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("weight") is not None and cleaned.get("price") is None and "price" not in self.errors:
            self.add_error("price", _("Enter the fee for this weight."))
        return cleaned

    @property
    def is_filled(self) -> bool:
        return self.cleaned_data.get("price") is not None


class FreeFromForm(MembersForm):
    free_from = GroupedWholeNumberField(
        label=_("Free delivery from this amount of products"),
        min_value=1,
        max_value=MAX_FEE,
        required=False,
    )


@dataclass(frozen=True, slots=True)
class ProvinceGroup:
    """Provinces with the same rates. The last group, without provinces, covers all others."""

    prefix: str
    provinces_form: ProvincesForm | None
    rows: list[BracketForm]

    @property
    def chosen_names(self) -> list[str]:
        """The names of the chosen provinces, in page order."""
        if self.provinces_form is None:
            return []
        return [str(box.choice_label) for box in self.provinces_form["provinces"] if box.data["selected"]]


class RateTable:
    """Rates by groups of provinces and by weight, and the amount above which delivery is free."""

    def __init__(self, groups: list[ProvinceGroup], free_from: FreeFromForm) -> None:
        self.groups, self.free_from = groups, free_from

    @classmethod
    def from_method(
        cls, delivery_method: DeliveryMethod, *, channel_id: int, provinces: Sequence[Division]
    ) -> RateTable:
        """Build the table from the current rates, grouping provinces with the same rates."""
        rates_by_province: dict[str, list[DeliveryRate]] = {}
        rates = [rate for rate in delivery_method.rates.all() if rate.channel_id == channel_id]
        for rate in sorted(
            rates, key=lambda bracket: (bracket.up_to_grams is None, bracket.up_to_grams or 0)
        ):
            rates_by_province.setdefault(rate.province_code, []).append(rate)
        rates_elsewhere = _weights_and_prices(rates_by_province.pop("", []))
        province_codes_by_rates: dict[tuple[tuple[int | None, int], ...], list[str]] = {}
        for province in provinces:
            if province.code in rates_by_province:
                province_codes_by_rates.setdefault(
                    tuple(_weights_and_prices(rates_by_province[province.code])), []
                ).append(province.code)
        groups = [
            _province_group(f"group-{position}", provinces, codes, rows)
            for position, (rows, codes) in enumerate(province_codes_by_rates.items())
        ]
        return cls(
            [*groups, _province_group(ELSEWHERE, None, [], rates_elsewhere)],
            FreeFromForm(initial={"free_from": delivery_method.free_from}),
        )

    @classmethod
    def from_submission(cls, data: QueryDict, *, provinces: Sequence[Division]) -> RateTable:
        """Build the table from submitted data. The field `more` names the group to add a row to."""
        added_to = data.get("more", "")
        requested = min(submitted_row_count(data, "groups") + (added_to == "group"), MAX_GROUPS)
        prefixes = [f"group-{position}" for position in range(requested)]
        free_from = FreeFromForm(initial=data.dict()) if added_to else FreeFromForm(data)
        groups = [
            _submitted_group(data, prefix, provinces if prefix != ELSEWHERE else None, added_to)
            for prefix in (*prefixes, ELSEWHERE)
        ]
        return cls(groups, free_from)

    @property
    def forms(self) -> list[MembersForm]:
        """All forms, in page order."""
        ordered: list[MembersForm] = []
        for group in self.groups:
            ordered += [group.provinces_form, *group.rows] if group.provinces_form else group.rows
        return [*ordered, self.free_from]

    @property
    def has_errors(self) -> bool:
        return any(form.errors for form in self.forms)

    @property
    def can_add_group(self) -> bool:
        """Whether another group may be added."""
        return len(self.groups) <= MAX_GROUPS

    def is_valid(self) -> bool:
        for form in self.forms:
            form.is_valid()
        used_codes: set[str] = set()
        for group in self.groups:
            self._check(group, used_codes)
        return not self.has_errors

    def _check(self, group: ProvinceGroup, used_codes: set[str]) -> None:
        weights: set[int | None] = set()
        for row in group.rows:
            if not row.is_filled:
                continue
            weight = row.cleaned_data.get("weight")
            if weight in weights and "weight" not in row.errors:
                row.add_error("weight", _("This weight is listed twice. Remove one of them."))
            weights.add(weight)
        if group.provinces_form is None:
            return
        codes = group.provinces_form.cleaned_data.get("provinces", [])
        if weights and not codes and not group.provinces_form.errors:
            group.provinces_form.add_error("provinces", _("Choose the provinces that these fees apply to."))
        if codes and not weights and not any(row.errors for row in group.rows):
            group.rows[0].add_error("price", _("Enter a fee for these provinces."))
        if used_codes & set(codes):
            group.provinces_form.add_error(
                "provinces", _("One of these provinces is in two groups. Remove it from one.")
            )
        used_codes |= set(codes)

    @property
    def rates(self) -> list[DeliveryRateInput]:
        return [
            DeliveryRateInput(row.cleaned_data["price"], code, row.cleaned_data["weight"])
            for group in self.groups
            for code in (group.provinces_form.cleaned_data["provinces"] if group.provinces_form else [""])
            for row in group.rows
            if row.is_filled
        ]


def _weights_and_prices(rates: Iterable[DeliveryRate]) -> list[tuple[int | None, int]]:
    return [(rate.up_to_grams, rate.price) for rate in rates]


def _province_group(
    prefix: str,
    provinces: Sequence[Division] | None,
    codes: Sequence[str],
    rows: Sequence[tuple[int | None, int]],
) -> ProvinceGroup:
    provinces_form = (
        None if provinces is None else _build_provinces_form(prefix, provinces, initial={"provinces": codes})
    )
    brackets = [
        BracketForm(prefix=f"{prefix}-{position}", initial={"weight": weight, "price": price})
        for position, (weight, price) in enumerate(rows)
    ]
    return ProvinceGroup(prefix, provinces_form, brackets or [BracketForm(prefix=f"{prefix}-0")])


def _submitted_group(
    data: QueryDict, prefix: str, provinces: Sequence[Division] | None, added_to: str
) -> ProvinceGroup:
    count = min(max(1, submitted_row_count(data, f"{prefix}-rows")) + (added_to == prefix), MAX_ROWS)
    prefixes = [f"{prefix}-{position}" for position in range(count)]
    if added_to:
        initial = initial_from_submission(ProvincesForm, data, prefix)
        provinces_form = (
            None if provinces is None else _build_provinces_form(prefix, provinces, initial=initial)
        )
        rows = [
            BracketForm(prefix=prefix, initial=initial_from_submission(BracketForm, data, prefix))
            for prefix in prefixes
        ]
        return ProvinceGroup(prefix, provinces_form, rows)
    provinces_form = None if provinces is None else _build_provinces_form(prefix, provinces, data)
    return ProvinceGroup(prefix, provinces_form, [BracketForm(data, prefix=prefix) for prefix in prefixes])


def _build_provinces_form(
    prefix: str,
    provinces: Sequence[Division],
    data: FormData = None,
    initial: dict[str, object] | None = None,
) -> ProvincesForm:
    form = ProvincesForm(data, prefix=prefix, initial=initial)
    form.set_choices("provinces", [(province.code, province.name) for province in provinces])
    return form
