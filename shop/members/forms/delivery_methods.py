"""Forms for a cooperative's delivery methods and warehouses."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Unpack

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.delivery_methods import DeliveryMethodDetails, NewDeliveryMethod
from cooperatives.actions.warehouses import WarehouseDetails
from cooperatives.models import PICKUP_KINDS, ClickAndCollect, DeliveryKind, DeliveryMethod, Warehouse
from shop.accounts.forms import DivisionForm
from shop.core.dates.calendar import weekday_name
from shop.core.identifiers.phones import format_phone, is_likely_mistyped
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm

_COACH_FIELDS = ("station", "departs_weekday", "departs_at", "cut_off_hours")


class DeliveryMethodTextsForm(MembersForm):
    """The texts of a delivery method, with the fields of its kind.

    Carriers have delivery days, pickup methods a warehouse, coaches a departure.
    """

    name = forms.CharField(
        label=_("Shown to buyers"), max_length=120, help_text=_("For example: Viettel Post to your door.")
    )
    carrier = forms.CharField(label=_("Carrier"), max_length=120, required=False)
    warehouse = forms.TypedChoiceField(label=_("Pickup point"), coerce=uuid.UUID)
    note = forms.CharField(
        label=_("Note to buyers"),
        max_length=250,
        required=False,
        help_text=_("For example: Stall 12, next to the east gate."),
    )
    station = forms.CharField(
        label=_("Station where buyers collect"),
        max_length=250,
        required=False,
        help_text=_("For example: the coach station's name and city. Printed on the parcel's label."),
    )
    departs_weekday = forms.TypedChoiceField(
        label=_("Coach departure days"), coerce=int, empty_value=None, required=False
    )
    departs_at = forms.TimeField(label=_("Departure time"), required=False)
    cut_off_hours = GroupedWholeNumberField(
        label=_("Order cut-off (hours before)"), min_value=0, max_value=168, required=False
    )
    minimum_days = GroupedWholeNumberField(
        label=_("Minimum delivery time (days)"), min_value=0, max_value=60, required=False
    )
    maximum_days = GroupedWholeNumberField(
        label=_("Maximum delivery time (days)"), min_value=0, max_value=60, required=False
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        warehouses: Sequence[Warehouse],
        delivery_kind: str = "",
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self.set_choices("warehouse", [(str(warehouse.pk), warehouse.name) for warehouse in warehouses])
        weekdays = [(day, capfirst(str(weekday_name(day)))) for day in range(7)]
        self.set_choices("departs_weekday", [("", _("Every day")), *weekdays])
        self.fields["departs_at"].widget = forms.TimeInput(
            attrs={"type": "time", "class": "input"}, format="%H:%M"
        )
        if len(warehouses) < 2 or (delivery_kind and delivery_kind not in PICKUP_KINDS):
            del self.fields["warehouse"]
        for name in ("carrier", "minimum_days", "maximum_days") if delivery_kind in PICKUP_KINDS else ():
            del self.fields[name]
        for name in _COACH_FIELDS if delivery_kind != DeliveryKind.COACH else ():
            del self.fields[name]

    @classmethod
    def initial_for(cls, delivery_method: DeliveryMethod) -> dict[str, object]:
        fields = ("name", "carrier", "note", "minimum_days", "maximum_days", *_COACH_FIELDS)
        return {field: getattr(delivery_method, field) for field in fields} | {
            "warehouse": delivery_method.warehouse_id
        }

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        minimum, maximum = cleaned.get("minimum_days"), cleaned.get("maximum_days")
        if minimum is not None and maximum is not None and minimum > maximum:
            self.add_error("maximum_days", _("The maximum delivery time cannot be shorter than the minimum."))
        return cleaned

    @property
    def details(self) -> DeliveryMethodDetails:
        return DeliveryMethodDetails(**self._method_arguments)

    @property
    def _method_arguments(self) -> dict[str, Any]:
        arguments = {name: value for name, value in self.cleaned_data.items() if name not in ("kind", "fee")}
        if "cut_off_hours" in arguments:
            arguments["cut_off_hours"] = arguments["cut_off_hours"] or 0
        return arguments | {"warehouse_id": arguments.pop("warehouse", None)}


class NewDeliveryMethodForm(DeliveryMethodTextsForm):
    """A new delivery method, at first with one rate for the whole country."""

    kind = forms.ChoiceField(
        label=_("Delivery method"),
        widget=forms.RadioSelect,
        choices=[
            (DeliveryKind.CARRIER, _("Home delivery by carrier")),
            (DeliveryKind.COACH, _("By coach: the buyer picks up at the station")),
            (DeliveryKind.PICKUP, _("Pickup at your warehouse")),
            (DeliveryKind.MARKET_DAY, _("Pickup on market day")),
        ],
        error_messages={"required": _("Choose a delivery method.")},
    )
    fee = GroupedWholeNumberField(
        label=_("Delivery fee"),
        min_value=0,
        max_value=10_000_000,
        help_text=_(
            "For the whole country. You set fees by province and weight in the next step. Enter 0"
            " for free delivery."
        ),
    )
    field_order = ["kind", "name", "fee", "minimum_days", "maximum_days", "warehouse"]

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        warehouses: Sequence[Warehouse],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, warehouses=warehouses, **options)
        for name in ("carrier", "note"):
            del self.fields[name]

    @property
    def details(self) -> NewDeliveryMethod:
        arguments = self._method_arguments
        if self.cleaned_data["kind"] in PICKUP_KINDS:
            arguments |= {"minimum_days": None, "maximum_days": None}
        return NewDeliveryMethod(
            kind=DeliveryKind(self.cleaned_data["kind"]), fee=self.cleaned_data["fee"], **arguments
        )


class WarehouseForm(DivisionForm, MembersForm):
    """A warehouse: name, address, and whether buyers may collect there."""

    field_order = ("name",)

    name = forms.CharField(label=_("Warehouse name"), max_length=120)
    street = forms.CharField(label=_("Hamlet, street, house number"), max_length=250)
    phone = PhoneField(
        required=False,
        is_business=True,
        help_text=_("Leave empty to use the cooperative's number."),
    )
    click_and_collect = forms.BooleanField(label=_("Buyers can pick up orders here"), required=False)

    @classmethod
    def initial_for(cls, warehouse: Warehouse) -> dict[str, object]:
        address = warehouse.address
        return {
            "name": warehouse.name,
            "province": address.province_code,
            "commune": address.commune_code,
            "street": address.street_address_1,
            "phone": format_phone(address.phone) if address.phone else "",
            "click_and_collect": warehouse.click_and_collect != ClickAndCollect.DISABLED,
        }

    @property
    def is_phone_likely_mistyped(self) -> bool:
        """Whether the phone number looks unusual. It is accepted anyway."""
        return bool(self.cleaned_data["phone"]) and is_likely_mistyped(self.cleaned_data["phone"])

    def details(self, warehouse: Warehouse | None = None) -> WarehouseDetails:
        """Return the warehouse's details. One that already allows any pickup keeps that setting."""
        cleaned = self.cleaned_data
        pickup_option = (
            warehouse.click_and_collect
            if warehouse and warehouse.click_and_collect == ClickAndCollect.ALL
            else ClickAndCollect.LOCAL
        )
        return WarehouseDetails(
            name=cleaned["name"],
            street=cleaned["street"],
            **self.division_columns,
            phone=cleaned["phone"],
            click_and_collect=ClickAndCollect(pickup_option)
            if cleaned["click_and_collect"]
            else ClickAndCollect.DISABLED,
        )
