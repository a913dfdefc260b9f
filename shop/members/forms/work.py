"""Forms for packing, handover, delivery and pauses."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperatives.models import DeliveryKind
from orders.actions.cash_on_delivery.cash_collection import EXPECTED_CASH, CollectedCash
from orders.actions.fulfilment.deliver_parcels import DispatchDetails
from orders.actions.fulfilment.lot_picks import LotChoices, LotSuggestion
from orders.actions.fulfilment.run_parcels import ParcelInRun
from orders.models import DeliveryRun, OrderLine, Parcel, Substitute
from orders.states import CashHolder, CodState
from shop.core.texts.formatting import format_day
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm, parse_key

DECLINE_REASONS = [
    _("We have run out."),
    _("The goods are not good enough to send."),
    _("We cannot make it in time."),
    _("We cannot deliver there."),
]
FAILURE_REASONS = [
    _("The buyer did not answer the phone."),
    _("The buyer asked for another day."),
    _("The address is wrong."),
    _("The buyer did not want it any more."),
]
VOID_REASONS = [
    _("Packed wrongly."),
    _("Something broke."),
]
RETURNED_PARCEL_REASONS = [
    _("The goods came back."),
    _("Something broke."),
]


NO_LOT = "none"
_DISPATCH_FIELDS = ("carrier", "tracking_number", "vehicle", "driver_phone")


class PickForm(MembersForm):
    """The lines and quantities of a new parcel."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        lines: Sequence[OrderLine],
        still_open: Mapping[object, int],
        substitutes: Mapping[uuid.UUID, Substitute],
        lots: Mapping[uuid.UUID, LotSuggestion],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self.still_open = still_open
        self.substitutes = substitutes
        self.lots = lots
        # A repeated submission finds nothing open, and the action recognises its idempotency key. Lines that
        # must be weighed first or wait for the buyer's answer cannot be ticked.
        self.lines = [
            line
            for line in lines
            if self.is_bound
            or (still_open[line.pk] > 0 and not line.is_to_weigh and line.pk not in substitutes)
        ]
        for line in self.lines:
            maximum = line.quantity if self.is_bound else still_open[line.pk]
            self.fields[f"taken-{line.pk}"] = forms.BooleanField(label=_("Picked"), required=False)
            self.fields[f"quantity-{line.pk}"] = GroupedWholeNumberField(
                label=_("Quantity in this parcel"),
                min_value=1,
                max_value=maximum,
                initial=maximum,
                required=False,
            )
            self.fields[f"quantity-{line.pk}"].widget.attrs["class"] = "input"
            if line.pk in lots:
                self.fields[f"lot-{line.pk}"] = _lot_field(lots[line.pk])
        if any(suggestion.has_expired for suggestion in lots.values()):
            self.fields["lot_reason"] = forms.CharField(
                label=_("Why is an expired lot sent?"),
                max_length=250,
                required=False,
                widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
            )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(f"taken-{line.pk}") for line in self.lines):
            tickable_lines = (
                line
                for line in self.lines
                if self.still_open[line.pk] and not line.is_to_weigh and line.pk not in self.substitutes
            )
            first_line = next(tickable_lines, None)
            self.add_error(
                f"taken-{first_line.pk}" if first_line else None, _("Tick the items you have picked.")
            )
        return cleaned

    @property
    def quantities(self) -> dict[uuid.UUID, int]:
        """The ticked lines. If no number was entered, it is the whole open quantity."""
        ticked_lines = [line for line in self.lines if self.cleaned_data[f"taken-{line.pk}"]]
        return {
            line.pk: self.cleaned_data[f"quantity-{line.pk}"] or self.still_open[line.pk] or line.quantity
            for line in ticked_lines
        }

    @property
    def lot_choices(self) -> LotChoices:
        """The lots that the packer chose instead of the suggested ones."""
        chosen = {line.pk: self.cleaned_data.get(f"lot-{line.pk}", "") for line in self.lines}
        lots = {line_id: None if lot == NO_LOT else parse_key(lot) for line_id, lot in chosen.items() if lot}
        return LotChoices(lots, self.cleaned_data.get("lot_reason", ""))


def _lot_field(suggestion: LotSuggestion) -> forms.CharField:
    """Return a choice of lots. The action checks it, because a lot may be used up meanwhile."""
    lots = [
        (lot.pk, f"{lot.code} · {format_day(lot.expires_on)}" if lot.expires_on else lot.code)
        for lot in suggestion.lots
    ]
    choices = [("", _("As suggested")), *lots, (NO_LOT, _("Stock without a lot"))]
    return forms.CharField(
        label=_("Lot"), required=False, widget=forms.Select(attrs={"class": "input"}, choices=choices)
    )


class HandOverForm(MembersForm):
    """The carrier's details. All are optional, because a neighbour on a motorbike has no tracking number."""

    carrier = forms.CharField(label=_("Carrier"), max_length=120, required=False)
    tracking_number = forms.CharField(
        label=_("Tracking number"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    vehicle = forms.CharField(
        label=_("Coach license plate"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    driver_phone = PhoneField(label=_("Driver's phone number"), required=False)
    collector = forms.ChoiceField(
        label=_("Who collects the buyer's cash?"),
        choices=[
            (CashHolder.CARRIER, _("The carrier, who pays the market")),
            (CashHolder.COOPERATIVE, _("The cooperative itself")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )

    should_leave_run = forms.BooleanField(label=_("Take the parcel out of the delivery run"), required=False)

    _FIELDS = {
        DeliveryKind.CARRIER: ("carrier", "tracking_number"),
        DeliveryKind.COACH: ("carrier", "vehicle", "driver_phone"),
    }

    def __init__(
        self, data: FormData = None, *, parcel: Parcel, delivery_kind: str, run: DeliveryRun | None
    ) -> None:
        """`run` is the latest delivery run of the parcel. Its driver is not a carrier."""
        is_in_run = run is not None and run.ended_at is None
        initial = {name: getattr(parcel, name) for name in _DISPATCH_FIELDS}
        holder = CashHolder.CARRIER if parcel.carrier else CashHolder.COOPERATIVE
        initial["collector"] = parcel.cod_holder or holder
        if is_in_run:
            initial |= {"carrier": "", "collector": CashHolder.COOPERATIVE}
        super().__init__(data, initial=initial, prefix=f"handover-{parcel.pk}")
        shown_fields = self._FIELDS.get(DeliveryKind(delivery_kind or DeliveryKind.CARRIER), ())
        for name in set(_DISPATCH_FIELDS) - set(shown_fields):
            del self.fields[name]
        if delivery_kind != DeliveryKind.CARRIER or parcel.cod_state != CodState.EXPECTED:
            del self.fields["collector"]
        if not is_in_run or "carrier" not in self.fields:
            del self.fields["should_leave_run"]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("collector") == CashHolder.CARRIER and not cleaned.get("carrier"):
            self.add_error("carrier", _("Enter the name of the carrier who collects the cash."))
        is_in_run = "should_leave_run" in self.fields and not cleaned.get("should_leave_run")
        if is_in_run and cleaned.get("carrier"):
            self.add_error("should_leave_run", str(ParcelInRun.default_message))
        return cleaned

    @property
    def dispatch(self) -> DispatchDetails:
        """The fields that were sent. An empty one clears the parcel's value."""
        sent_quantities = {
            name: self.cleaned_data[name]
            for name in _DISPATCH_FIELDS
            if name in self.cleaned_data and self.add_prefix(name) in self.data
        }
        is_with_cooperative = self.cleaned_data.get("collector") == CashHolder.COOPERATIVE
        return DispatchDetails(
            **sent_quantities,
            is_cash_with_cooperative=is_with_cooperative,
            should_leave_run=self.cleaned_data.get("should_leave_run", False),
        )


def _amount_field() -> GroupedWholeNumberField:
    return GroupedWholeNumberField(label=_("Amount received"), min_value=1, max_value=10**12, required=False)


def _shortfall_reason_field() -> forms.CharField:
    return forms.CharField(
        label=_("Reason for the shortfall"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DeliveryForm(MembersForm):
    """The buyer's pickup code and the cash that the cooperative collects, each only if there is one."""

    code = forms.CharField(
        label=_("Buyer's code"),
        max_length=20,
        help_text=_("Six digits. The buyer can see them on the order page."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Ask the buyer for the code and enter it.")},
    )
    cash = forms.ChoiceField(
        label=_("Has the cash been collected?"),
        widget=forms.RadioSelect,
        choices=[
            ("yes", _("Yes, collected in full")),
            ("less", _("Yes, in part")),
            ("no", _("Not yet")),
        ],
        error_messages={"required": _("Choose whether the cash has been collected.")},
    )
    amount = _amount_field()
    reason = _shortfall_reason_field()

    def __init__(self, data: FormData = None, *, parcel: Parcel) -> None:
        super().__init__(data, prefix=f"delivery-{parcel.pk}")
        if not parcel.pickup_code:
            del self.fields["code"]
        if parcel.cod_state != CodState.EXPECTED or parcel.is_cash_with_carrier:
            for name in ("cash", "amount", "reason"):
                del self.fields[name]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("cash") == "less":
            _require_shortfall_reason(self, cleaned)
        return cleaned

    @property
    def pickup_code(self) -> str:
        code: str = self.cleaned_data.get("code", "")
        return code

    @property
    def is_cash_collected(self) -> bool:
        return self.cleaned_data.get("cash") in ("yes", "less")

    @property
    def collected_cash(self) -> CollectedCash:
        return _collected_cash(self) if self.cleaned_data.get("cash") == "less" else EXPECTED_CASH


class CashForm(MembersForm):
    """The cash of a delivered parcel, collected later.

    Unless another amount is entered, it is the full amount.
    """

    amount = _amount_field()
    reason = _shortfall_reason_field()

    def __init__(self, data: FormData = None, *, parcel: Parcel) -> None:
        super().__init__(data, prefix=f"cash-{parcel.pk}")

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("amount") is not None:
            _require_shortfall_reason(self, cleaned)
        return cleaned

    @property
    def collected_cash(self) -> CollectedCash:
        return _collected_cash(self)


def _require_shortfall_reason(form: MembersForm, cleaned: Mapping[str, object]) -> None:
    """Require a reason for a shortfall. The action decides whether there is one."""
    if cleaned.get("amount") is None and "amount" not in form.errors:
        form.add_error("amount", _("Enter the amount received."))
    if not str(cleaned.get("reason", "")).strip():
        form.add_error("reason", _("Enter the reason for the shortfall."))


def _collected_cash(form: MembersForm) -> CollectedCash:
    return CollectedCash(form.cleaned_data.get("amount"), form.cleaned_data.get("reason", ""))


class PauseForm(MembersForm):
    """The end of the cooperative's pause, and a note."""

    until = DayField(
        _("Sales resume on"),
        required=False,
        help_text=_("Buyers see this date. Leave empty if you do not know yet."),
    )
    note = forms.CharField(
        label=_("Note to buyers"),
        max_length=250,
        required=False,
        help_text=_("For example: Closed for Tết. Busy with the rice harvest."),
    )
