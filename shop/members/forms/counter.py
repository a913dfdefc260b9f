"""Forms of the counter: tills, counted cash, cash paid in and out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Unpack

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.counter.sale_discounts import SaleDiscount
from orders.actions.counter.shifts import (
    MAX_CASH,
    MAX_NOTES,
    NOTES,
    UNEXPLAINED,
    CashCount,
    DifferenceExplanation,
)
from orders.models import CashDifferenceReason, CashDirection, Till
from shop.core.texts.formatting import format_amount
from shop.core.web.confirmations import ConfirmableForm
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import Choice, GroupedWholeNumberField, MembersForm, parse_key

_NOTE_PREFIX = "note_"


class TillForm(MembersForm):
    name = forms.CharField(
        label=_("Name of the till"), help_text=_("Such as Shop or Market."), max_length=60, strip=True
    )


class ShiftOpeningForm(MembersForm):
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    counted = GroupedWholeNumberField(label=_("Cash in the till now"), min_value=0, max_value=MAX_CASH)
    note = forms.CharField(label=_("Why it differs"), required=False, max_length=200)


class CashMovementForm(ConfirmableForm, MembersForm):
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    direction = forms.ChoiceField(
        label=_("Which way?"),
        choices=[
            (CashDirection.PAID_IN, pgettext_lazy("till", "Pay in")),
            (CashDirection.PAID_OUT, pgettext_lazy("till", "Pay out")),
        ],
        widget=forms.RadioSelect,
    )
    amount = GroupedWholeNumberField(label=_("Amount"), min_value=1, max_value=MAX_CASH)
    reason = forms.CharField(
        label=_("What for?"),
        help_text=_("Such as change from the office, or hire of a truck."),
        max_length=200,
    )


class ShiftClosingForm(MembersForm):
    """A count of notes, why it differs, and the hand-over. Without known notes the sum alone is counted."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    counted = GroupedWholeNumberField(label=_("Cash counted"), min_value=0, max_value=MAX_CASH)
    difference_reason = forms.ChoiceField(
        label=_("Why does it differ?"),
        choices=CashDifferenceReason,
        required=False,
        widget=forms.RadioSelect,
    )
    difference_note = forms.CharField(label=_("Further notes"), required=False, max_length=200)
    left_cash = GroupedWholeNumberField(
        label=_("Leave in the till"),
        help_text=_("The next cashier counts it again. The rest goes to the cooperative."),
        min_value=0,
        max_value=MAX_CASH,
    )
    next_cashier = forms.ChoiceField(label=_("Next cashier"), required=False)

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        till: Till,
        cashiers: Sequence[Choice],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self.notes = NOTES.get(till.currency, ())
        self.set_choices("next_cashier", [("", _("Nobody, the till stays closed")), *cashiers])
        if self.notes:
            del self.fields["counted"]
        for value in self.notes:
            field = GroupedWholeNumberField(
                label=format_amount(value, till.currency),
                min_value=0,
                max_value=MAX_NOTES,
                required=False,
            )
            field.widget.attrs |= {"class": "input", "data-note": value}
            self.fields[f"{_NOTE_PREFIX}{value}"] = field

    @property
    def note_fields(self) -> Iterator[tuple[int, BoundField, int]]:
        """The value of each note with its field and the sum of the counted notes, the largest first."""
        for value in self.notes:
            name = f"{_NOTE_PREFIX}{value}"
            cleaned = getattr(self, "cleaned_data", {})
            yield value, self[name], value * (cleaned.get(name) or 0)

    @property
    def counted_cash(self) -> CashCount:
        """The counted cash of a form with valid numbers."""
        if not self.notes:
            return CashCount.of_sum(self.cleaned_data["counted"])
        return CashCount.of_notes(
            {value: self.cleaned_data[f"{_NOTE_PREFIX}{value}"] or 0 for value in self.notes}
        )

    @property
    def has_invalid_count(self) -> bool:
        names = [f"{_NOTE_PREFIX}{value}" for value in self.notes] or ["counted"]
        return any(name in self.errors for name in names)

    @property
    def explanation(self) -> DifferenceExplanation:
        reason = self.cleaned_data["difference_reason"]
        if not reason:
            return UNEXPLAINED
        return DifferenceExplanation(CashDifferenceReason(reason), self.cleaned_data["difference_note"])

    @property
    def next_cashier_id(self) -> int | None:
        return parse_key(self.cleaned_data["next_cashier"]) or None


class SaleForm(ConfirmableForm, MembersForm):
    """How a sale is paid, beside its lines. `agreed_total` is the total that the screen showed."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    agreed_total = forms.IntegerField(required=False, widget=forms.HiddenInput)
    cash_given = GroupedWholeNumberField(
        label=_("Cash from the customer"), required=False, min_value=0, max_value=MAX_CASH
    )
    discount = GroupedWholeNumberField(label=_("Amount off"), required=False, min_value=1, max_value=MAX_CASH)
    discount_reason = forms.CharField(label=_("Reason for the discount"), required=False, max_length=200)
    expired_lot_reason = forms.CharField(
        label=_("Why a lot past its use-by date is sold"), required=False, max_length=200
    )

    @property
    def granted_discount(self) -> SaleDiscount | None:
        amount = self.cleaned_data["discount"]
        return SaleDiscount(amount, self.cleaned_data["discount_reason"]) if amount else None

    @property
    def cash_given_or_total(self) -> int:
        """The cash that the customer gave, or the exact total if nothing was entered."""
        given = self.cleaned_data["cash_given"]
        return self.cleaned_data["agreed_total"] or 0 if given is None else given
