"""The form for another product that the buyer is offered instead of missing items."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.actions.refunds.offer_substitute import SubstituteChoice, SubstituteOffer
from orders.models import OrderLine
from shop.core.texts.formatting import format_money, format_number
from shop.core.web.confirmations import ConfirmableForm
from shop.core.web.form_options import FormData
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm


class SubstituteForm(MembersForm, ConfirmableForm):
    """How many items of a line are missing, and what the buyer is offered instead."""

    quantity = GroupedWholeNumberField(label=gettext_lazy("How many are missing"), min_value=1)
    variant = forms.ChoiceField(label=gettext_lazy("Offer instead"))
    substitute_quantity = GroupedWholeNumberField(
        label=gettext_lazy("How many of it"), min_value=1, max_value=1_000_000
    )

    def __init__(
        self,
        data: FormData = None,
        *,
        line: OrderLine,
        still_open: int,
        choices: Sequence[SubstituteChoice],
        currency: str,
    ) -> None:
        super().__init__(data, initial={"quantity": still_open, "substitute_quantity": still_open})
        self._line = line
        quantity = self.fields["quantity"]
        assert isinstance(quantity, GroupedWholeNumberField)
        quantity.help_text = _("%(goods)s still to be packed") % {"goods": line.contents_label(still_open)}
        other_choices = [choice for choice in choices if choice.variant.pk != line.variant_id]
        self.set_choices(
            "variant",
            [
                ("", _("Choose a product")),
                *((choice.variant.pk, _label(choice, currency)) for choice in other_choices),
            ],
        )

    @property
    def offer(self) -> SubstituteOffer:
        return SubstituteOffer(
            self._line.pk,
            self.cleaned_data["quantity"],
            int(self.cleaned_data["variant"]),
            self.cleaned_data["substitute_quantity"],
        )


def _label(choice: SubstituteChoice, currency: str) -> str:
    """Return a choice's name, price and stock, for a select on a narrow screen."""
    variant = choice.variant
    name = f"{variant.product.name} ({variant.name or variant.get_unit_display()})"
    parts = [name, format_money(choice.unit_price, currency)]
    if variant.track_inventory:
        parts.append(_("%(count)s in stock") % {"count": format_number(choice.free)})
    return ", ".join(parts)
