"""Forms for received stock and its lots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Unpack

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.lots import MAX_STAGE_LENGTH, LotDetails
from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY
from catalog.models import Variant
from cooperatives.models import Certificate, Cooperative, Producer, Warehouse
from cooperatives.states import CertificateState
from shop.core.dates.form_days import validate_day
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm

MAX_KEY = 10**18
_MINUTES = "%Y-%m-%dT%H:%M"


class LotMove(TextChoices):
    """What a member records about a lot in a warehouse."""

    LOSS = "loss", _("Spoilt or lost")
    COUNT = "count", _("Counted: this many are left")
    TRANSFER = "transfer", _("Moved to another warehouse")


def read_lot_choices(cooperative: Cooperative) -> dict[str, list[Any]]:
    """Return the households and confirmed certificates that a lot may name."""
    certificates = Certificate.objects.for_cooperative(cooperative).filter(state=CertificateState.CONFIRMED)
    return {
        "households": list(Producer.objects.for_cooperative(cooperative).order_by("name", "pk")),
        "certificates": list(certificates.order_by("pk")),
    }


class ReceiptForm(MembersForm):
    """The received quantity of a variant, the warehouse if there are several, and its lot if it is one."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    warehouse = forms.UUIDField(label=_("Receiving warehouse"), required=False)
    quantity = GroupedWholeNumberField(
        label=_("Quantity received"), min_value=1, max_value=MAX_COUNTED_QUANTITY
    )
    is_lot = forms.BooleanField(label=_("Record it as a lot of its own"), required=False)
    harvested_on = DayField(_("Harvested or made on"), required=False)
    expires_on = DayField(_("Use by"), required=False)
    household = forms.IntegerField(label=_("Household"), required=False, max_value=MAX_KEY)
    certificate = forms.IntegerField(label=_("Certificate"), required=False, max_value=MAX_KEY)

    @property
    def lot_details(self) -> LotDetails | None:
        """The lot, or None if the box is not ticked and no field of it is filled in."""
        data = self.cleaned_data
        details = LotDetails(
            harvested_on=data["harvested_on"],
            expires_on=data["expires_on"],
            producer_id=data["household"],
            certificate_id=data["certificate"],
        )
        return details if data["is_lot"] or details != LotDetails() else None


class NewLotForm(MembersForm):
    """A lot that has just come in: what, how much, its days, and the household if there are any."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    variant = forms.ChoiceField(
        label=_("Product"), error_messages={"required": _("Choose the product that came in.")}
    )
    quantity = GroupedWholeNumberField(
        label=_("Quantity received"), min_value=1, max_value=MAX_COUNTED_QUANTITY
    )
    expires_on = DayField(_("Use by"), required=False)
    harvested_on = DayField(_("Harvested or made on"), required=False)
    household = forms.ChoiceField(
        label=_("Household"), error_messages={"required": _("Choose who grew or made it.")}
    )
    certificate = forms.ChoiceField(label=_("Certificate"), required=False)
    warehouse = forms.ChoiceField(label=_("Receiving warehouse"))

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        variants: Sequence[Variant],
        cooperative: Cooperative,
        warehouses: Sequence[Warehouse],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        choices = read_lot_choices(cooperative)
        by_product = groupby(variants, key=lambda variant: variant.product)
        products = [
            (product.name, [(str(variant.pk), _variant_label(variant)) for variant in rows])
            for product, rows in by_product
        ]
        self.set_choices("variant", [("", _("Choose a product")), *products])
        for name, rows in (("household", choices["households"]), ("certificate", choices["certificates"])):
            self.set_choices(name, [("", "–"), *((str(row.pk), str(row)) for row in rows)])
            if not rows:
                del self.fields[name]
        self.set_choices("warehouse", [(str(row.pk), row.name) for row in warehouses])
        if len(warehouses) < 2:
            del self.fields["warehouse"]

    @property
    def details(self) -> LotDetails:
        data = self.cleaned_data
        return LotDetails(
            harvested_on=data["harvested_on"],
            expires_on=data["expires_on"],
            producer_id=int(data["household"]) if data.get("household") else None,
            certificate_id=int(data["certificate"]) if data.get("certificate") else None,
        )


def _variant_label(variant: Variant) -> str:
    """Return the product with its option and unit, such as `Chuối sấy, Gói 300 g (gói)`."""
    name = ", ".join(filter(None, (variant.product.name, variant.name)))
    return f"{name} ({variant.get_unit_display()})"


class LotMoveForm(MembersForm):
    """A loss, count or transfer of a lot's stock in one warehouse."""

    warehouse = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("What happened?"), choices=LotMove, widget=forms.RadioSelect)
    quantity = GroupedWholeNumberField(label=_("Quantity"), min_value=0, max_value=MAX_COUNTED_QUANTITY)
    to = forms.ChoiceField(label=_("Moved to"), required=False)
    note = forms.CharField(label=_("Note"), max_length=250, required=False)

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        warehouses: Sequence[Warehouse],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        others = [row for row in warehouses if str(row.pk) != str(self["warehouse"].value())]
        self.set_choices("to", [("", "–"), *((str(row.pk), row.name) for row in others)])
        if not others:
            del self.fields["to"]
            self.set_choices("kind", [choice for choice in LotMove.choices if choice[0] != LotMove.TRANSFER])

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == LotMove.TRANSFER and not cleaned.get("to"):
            self.add_error("to" if "to" in self.fields else None, _("Choose the warehouse."))
        return cleaned


class StageForm(MembersForm):
    """What happened to a lot, and when."""

    title = forms.CharField(
        label=_("What was done"),
        max_length=MAX_STAGE_LENGTH,
        help_text=_("For example: washed and dried. Buyers see it, and it cannot be deleted."),
    )
    happened_at = forms.DateTimeField(
        label=_("When"),
        validators=[validate_day],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTES),
        input_formats=[_MINUTES, "%d/%m/%Y %H:%M"],
        error_messages={"invalid": _("Enter a date and time such as 27/11/2026 14:05.")},
    )
