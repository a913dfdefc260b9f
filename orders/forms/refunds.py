"""Forms for refund decisions and refund accounts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Unpack

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.forms import WholeNumberField
from cooperatives.models import Warehouse
from orders.actions.payouts.bank_accounts import BankAccount
from orders.actions.refunds.refund_decisions import LineRefund, LineRefundLimit, RefundDecision, RefundLimits
from orders.models import CostBearer, OrderLine
from orders.payments.banks import BANKS
from shop.core.texts.formatting import format_money
from shop.core.web.form_options import FormData, FormFiles, FormOptions, Label

_BEARERS = [(CostBearer.COOPERATIVE, _("the cooperative")), (CostBearer.PLATFORM, _("the market"))]


def quantity_field(maximum: int, label: Label, *, initial: int | None = None) -> WholeNumberField:
    """Return an optional whole-number field with this maximum."""
    return WholeNumberField(label=label, required=False, min_value=0, max_value=maximum, initial=initial)


class RefundAccountForm(forms.Form):
    """The bank account that a refund is paid to."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    bank = forms.ChoiceField(
        label=_("Bank"),
        widget=forms.Select(attrs={"class": "input"}),
        error_messages={"required": _("Choose a bank from the list.")},
    )
    account = forms.CharField(
        label=_("Account number"),
        max_length=30,
        widget=forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Enter the account number.")},
    )
    holder = forms.CharField(
        label=_("Account holder"),
        max_length=120,
        help_text=_("As registered with the bank."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
        error_messages={"required": _("Enter the name of the account holder.")},
    )

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(data, files, **options)
        banks = self.fields["bank"]
        assert isinstance(banks, forms.ChoiceField)
        banks.choices = [("", _("Choose a bank")), *((bank.bin, bank.short_name) for bank in BANKS)]

    def clean_account(self) -> str:
        return "".join(character for character in self.cleaned_data["account"] if character not in " .-")

    @property
    def bank_account(self) -> BankAccount:
        cleaned = self.cleaned_data
        return BankAccount(cleaned["bank"], cleaned["account"], cleaned["holder"])


@dataclass(frozen=True, slots=True)
class RefundFormRow:
    """An order line in a form, with its fields, or None for those not shown."""

    line: OrderLine
    limit: LineRefundLimit | None
    amount: forms.BoundField
    returned: forms.BoundField | None = None
    damaged: forms.BoundField | None = None
    unsent: forms.BoundField | None = None
    replaced: forms.BoundField | None = None
    whole: forms.BoundField | None = None


class RefundAmountsForm(forms.Form):
    """Refund amounts per line and for the delivery, and who bears them."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    delivery = WholeNumberField(label=_("Delivery"), required=False, min_value=0)
    bearer = forms.ChoiceField(
        label=_("Refund paid by"),
        choices=_BEARERS,
        initial=CostBearer.COOPERATIVE,
        widget=forms.RadioSelect,
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        limits: RefundLimits,
        **options: Unpack[FormOptions],
    ) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(data, files, **options)
        self.limits = limits
        self.fields["delivery"] = self._amount_field(_("Delivery"), max(0, limits.delivery))

    def _amount_field(self, label: Promise, maximum: int) -> WholeNumberField:
        help_text = _("You can refund at most %(amount)s.") % {
            "amount": format_money(maximum, self.limits.currency)
        }
        return WholeNumberField(
            label=label, required=False, min_value=0, max_value=maximum, help_text=help_text
        )

    def _submitted_number(self, name: str) -> int:
        return int(self.cleaned_data.get(name) or 0)

    def _field_or_none(self, name: str) -> forms.BoundField | None:
        return self[name] if name in self.fields else None

    @property
    def delivery_refund(self) -> int:
        return self._submitted_number("delivery")


class RefundForm(RefundAmountsForm):
    """The desk's refund decision for a part, or (without lines) for an overpayment."""

    surplus = WholeNumberField(label=_("Overpayment"), required=False, min_value=0)
    warehouse = forms.ChoiceField(
        label=_("Receiving warehouse"), required=False, widget=forms.Select(attrs={"class": "input"})
    )
    is_received = forms.BooleanField(
        label=_("The returned items have already arrived"), required=False, initial=True
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        help_text=_("The buyer and the cooperative will see this text exactly as you enter it."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        limits: RefundLimits,
        warehouses: Sequence[Warehouse],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, limits=limits, **options)
        self.fields["surplus"] = self._amount_field(_("Overpayment"), limits.surplus)
        warehouse_field = self.fields["warehouse"]
        assert isinstance(warehouse_field, forms.ChoiceField)
        warehouse_field.choices = [(str(warehouse.pk), warehouse.name) for warehouse in warehouses]
        for key, limit in limits.lines.items():
            self.fields[f"amount-{key}"] = self._amount_field(_("Or an amount"), limit.refundable)
            if limit.refundable > 0:
                label = _("The whole item: %(amount)s") % {
                    "amount": format_money(limit.refundable, limits.currency)
                }
                self.fields[f"full-{key}"] = forms.BooleanField(label=label, required=False)
            if limit.returnable > 0:
                self.fields[f"returned-{key}"] = quantity_field(limit.returnable, _("Returned quantity"))
                self.fields[f"damaged-{key}"] = quantity_field(limit.returnable, _("Of which damaged"))
            if limit.open > 0:
                self.fields[f"unsent-{key}"] = quantity_field(limit.open, _("Quantity not sent"))

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        for key in self.limits.lines:
            if self._submitted_number(f"damaged-{key}") > self._submitted_number(f"returned-{key}"):
                self.add_error(
                    f"damaged-{key}", _("The damaged quantity cannot be larger than the returned quantity.")
                )
        return cleaned

    @property
    def has_returnable_lines(self) -> bool:
        return any(name.startswith("returned-") for name in self.fields)

    @property
    def rows(self) -> Iterator[RefundFormRow]:
        for key, limit in self.limits.lines.items():
            yield RefundFormRow(
                limit.line,
                limit,
                self[f"amount-{key}"],
                returned=self._field_or_none(f"returned-{key}"),
                damaged=self._field_or_none(f"damaged-{key}"),
                unsent=self._field_or_none(f"unsent-{key}"),
                whole=self._field_or_none(f"full-{key}"),
            )

    def _refund_of(self, key: uuid.UUID, limit: LineRefundLimit) -> int:
        return (
            limit.refundable
            if self.cleaned_data.get(f"full-{key}")
            else self._submitted_number(f"amount-{key}")
        )

    @property
    def decision(self) -> RefundDecision:
        lines = {
            key: LineRefund(
                amount=limit.refundable
                if self.cleaned_data.get(f"full-{key}")
                else self._submitted_number(f"amount-{key}"),
                returned=self._submitted_number(f"returned-{key}"),
                damaged=self._submitted_number(f"damaged-{key}"),
                unsent=self._submitted_number(f"unsent-{key}"),
            )
            for key, limit in self.limits.lines.items()
        }
        warehouse_id = self.cleaned_data.get("warehouse")
        return RefundDecision(
            bearer=CostBearer(self.cleaned_data["bearer"]),
            reason=self.cleaned_data["reason"],
            lines={key: line_refund for key, line_refund in lines.items() if line_refund != LineRefund()},
            delivery=self.delivery_refund,
            surplus=self._submitted_number("surplus"),
            warehouse_id=uuid.UUID(warehouse_id) if warehouse_id else None,
            is_received=self.cleaned_data["is_received"],
        )
