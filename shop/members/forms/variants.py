"""Forms for a product's variants: unit, content, price, stock."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_details import (
    MAX_CONTENT,
    VariantDetails,
    content_amount,
    has_own_content,
    variant_content,
)
from catalog.actions.products.variant_rows import MAX_PRICE
from catalog.models import Unit, Variant
from catalog.unit_labels import unit_label
from shop.core.texts.formatting import format_money
from shop.core.web.confirmations import ConfirmableForm
from shop.members.forms.fields import ContentField, GroupedWholeNumberField, MembersForm
from shop.members.forms.seen_values import Columns, CurrentValues, FieldGroup, SeenForm

MAX_QUANTITY = 1_000_000
COMMON_UNITS = (Unit.BUNCH, Unit.BUNDLE, Unit.KG, Unit.PACKET, Unit.FRUIT, Unit.PIECE)


class VariantForm(MembersForm, ConfirmableForm):
    """A variant: unit, content and price."""

    unit = forms.ChoiceField(
        label=_("Sales unit"),
        choices=Unit.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a sales unit.")},
    )
    content = ContentField(
        label=_("Net quantity per unit"),
        help_text=_("For example 300 g or 1.8 kg per packet. Leave empty if sold by the kg."),
    )
    measure = forms.ChoiceField(
        label=_("Unit of measure"),
        required=False,
        choices=[("g", "g"), ("kg", "kg"), ("ml", "ml"), ("l", "l"), *Unit.choices[:6]],
    )
    is_sold_by_weight = forms.BooleanField(
        label=_("Ordered by the piece, priced by weight"),
        required=False,
        help_text=_(
            "Above, enter the estimated weight of one piece in g or kg. The price is for that weight."
        ),
    )
    tolerance = GroupedWholeNumberField(
        label=_("Extra weight allowed without asking the buyer, in %"),
        min_value=0,
        max_value=100,
        initial=20,
        required=False,
    )
    price = GroupedWholeNumberField(
        label=_("Price per unit"),
        min_value=1,
        max_value=MAX_PRICE,
        error_messages={"required": _("Enter the price.")},
        widget=forms.TextInput(
            attrs={"class": "input input-large", "inputmode": "numeric", "autocomplete": "off"}
        ),
    )
    low_stock_at = GroupedWholeNumberField(
        label=_("Warn when this many are left"),
        min_value=0,
        max_value=MAX_QUANTITY,
        required=False,
        help_text=_("Leave empty for the number that holds for all products."),
    )
    label = forms.CharField(
        label=_("Size or pattern"),
        max_length=255,
        required=False,
        help_text=_("Only if there are several options: large, red pattern."),
    )

    @classmethod
    def initial_for_variant(cls, variant: Variant, price: int | None) -> dict[str, object]:
        content, measure = _initial_content(variant)
        return {
            "unit": variant.unit,
            "content": content,
            "measure": measure,
            "price": price,
            "label": variant.name,
            "is_sold_by_weight": variant.is_sold_by_weight,
            "tolerance": variant.tolerance_percent,
            "low_stock_at": variant.low_stock_at,
        }

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        content, measure = cleaned.get("content"), str(cleaned.get("measure", ""))
        amount = content_amount(content, measure) if isinstance(content, Decimal) else Decimal(0)
        if amount != int(amount):
            self.add_error("content", _("Enter a whole number of grams, millilitres or pieces."))
        elif amount > MAX_CONTENT:
            self.add_error("content", _("Enter at most 10 tonnes or 10,000 litres."))
        elif cleaned.get("is_sold_by_weight") and "content_grams" not in variant_content(
            cleaned.get("unit", ""), content, measure
        ):
            self.add_error("content", _("Enter the estimated weight of one piece, in g or kg."))
        return cleaned

    @property
    def common_units(self) -> list[object]:
        radios = {radio.data["value"]: radio for radio in self["unit"].subwidgets}
        return [radios[unit] for unit in COMMON_UNITS]

    @property
    def other_units(self) -> list[object]:
        return [radio for radio in self["unit"].subwidgets if radio.data["value"] not in COMMON_UNITS]

    @property
    def is_other_unit(self) -> bool:
        """Whether the chosen unit is not one of the common ones."""
        chosen_unit = self["unit"].value()
        return bool(chosen_unit) and chosen_unit not in COMMON_UNITS

    @property
    def is_special(self) -> bool:
        """Whether a field that most variants leave empty has a value or an error."""
        errors = {"tolerance", "label", "low_stock_at"} & self.errors.keys()
        return bool(errors or self["is_sold_by_weight"].value() or self["label"].value())

    def variant_details(self, existing: Variant | None = None) -> VariantDetails:
        """Return the variant's details.

        Fields that are not on this page keep their values from `existing`.
        """
        cleaned = self.cleaned_data
        return VariantDetails(
            price=cleaned["price"],
            name=cleaned["label"],
            unit=cleaned["unit"],
            **variant_content(cleaned["unit"], cleaned["content"], cleaned["measure"]),
            is_sold_by_weight=cleaned["is_sold_by_weight"],
            tolerance_percent=20 if cleaned["tolerance"] is None else cleaned["tolerance"],
            weight=existing.weight if existing else None,
            barcode=existing.barcode if existing else "",
            seller_code=existing.seller_code if existing else None,
            quantity_limit_per_customer=existing.quantity_limit_per_customer if existing else None,
            quantity_limit_days=existing.quantity_limit_days if existing else None,
            quantity_limit_per_order=existing.quantity_limit_per_order if existing else None,
            low_stock_at=cleaned["low_stock_at"],
        )


class EditedVariantForm(SeenForm, VariantForm):
    """An existing variant. The price is a value like its columns."""

    groups = (
        FieldGroup(("price",), ("price",)),
        FieldGroup(
            ("unit", "content", "measure", "is_sold_by_weight"),
            ("unit", "content_grams", "content_ml", "content_count", "content_unit", "is_sold_by_weight"),
        ),
        FieldGroup(("tolerance",), ("tolerance_percent",)),
        FieldGroup(("low_stock_at",), ("low_stock_at",)),
        FieldGroup(("label",), ("name",)),
    )

    @classmethod
    def current_values(cls, variant: Variant, price: int | None, *, name: str) -> CurrentValues:
        """Return what the page shows of a variant. `name` may be proposed and not approved yet."""
        shown: dict[str, object] = {"price": price, "name": name}
        columns = {column for group in cls.groups for column in group.columns} - shown.keys()
        shown |= {column: getattr(variant, column) for column in sorted(columns)}
        return CurrentValues(shown, cls.initial_for_variant(variant, price) | {"label": name})

    def describe(self, group: FieldGroup, columns: Columns) -> str:
        value = columns[group.columns[0]]
        if group.fields == ("price",) and isinstance(value, int):
            return format_money(value)
        if len(group.columns) > 1:
            return unit_label(Variant(**{column: columns[column] for column in group.columns}))
        return super().describe(group, columns)


class NewVariantForm(VariantForm):
    """A new variant and its stock."""

    on_hand = GroupedWholeNumberField(
        label=_("Quantity in stock"),
        min_value=0,
        max_value=MAX_QUANTITY,
        error_messages={"required": _("Enter the quantity in stock.")},
        widget=forms.NumberInput(attrs={"class": "", "inputmode": "numeric"}),
    )


def _initial_content(variant: Variant) -> tuple[int | None, str]:
    if has_own_content(variant.unit):
        return None, ""
    if variant.content_grams:
        return variant.content_grams, "g"
    if variant.content_ml:
        return variant.content_ml, "ml"
    return variant.content_count, variant.content_unit
