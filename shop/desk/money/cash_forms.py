"""Forms for cash on delivery: parcel filters, remittances, and statement columns."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.actions.cash_on_delivery.cash_remittance import Remitter
from orders.actions.statements.cod_statements import COD_COLUMN_NAMES
from orders.models import CostBearer, StatementImport
from orders.payments.statement_cells import InvalidCell, parse_amount
from orders.states import CashHolder
from shop.core.web.form_options import FormData
from shop.core.web.query_names import QueryForm
from shop.desk.money.statement_forms import ColumnsForm, statement_file
from shop.reports.cash import CASH_AGE_NAMES, CashAge

_LABELS = (
    _("Tracking number"),
    _("Our order or parcel code"),
    _("Cash collected"),
    _("Fee"),
    _("Remitted"),
)


class AmountField(forms.CharField):
    """A non-negative amount in đồng, such as `1.234.000 ₫`."""

    widget = forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"})
    default_error_messages = {"invalid": _("Enter a whole number, such as 12,000.")}

    def clean(self, value: object) -> object:
        text = super().clean(value)
        if not text:
            return 0
        try:
            amount = parse_amount(text.strip())
        except InvalidCell as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error
        if amount < 0:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return amount


class CashSearch(QueryForm):
    """Filters by holder and age, in the query string. Invalid values are ignored."""

    carrier = forms.CharField(required=False, max_length=120)
    cooperative = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    age_group = forms.ChoiceField(
        required=False, choices=[("", ""), *((age.value, CASH_AGE_NAMES[age]) for age in CashAge)]
    )

    @property
    def remitter(self) -> Remitter | None:
        """The holder to filter by, or None for all."""
        self.is_valid()
        if self.cleaned_data.get("cooperative"):
            return Remitter(CashHolder.COOPERATIVE, cooperative_id=self.cleaned_data["cooperative"])
        if self.add_prefix("carrier") in self.data:
            return Remitter(CashHolder.CARRIER, carrier=self.cleaned_data.get("carrier", ""))
        return None

    @property
    def age(self) -> str:
        self.is_valid()
        age: str = self.cleaned_data.get("age_group", "")
        return age


class RemittanceForm(forms.Form):
    """A remittance: parcels, fees withheld, and the bank reference."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    fees = AmountField(label=_("Fees deducted"), required=False)
    fee_bearer = forms.ChoiceField(
        label=_("Fees paid by"),
        choices=CostBearer.choices,
        widget=forms.Select(attrs={"class": "input"}),
    )
    reference = forms.CharField(
        label=_("Bank reference or receipt number"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )


class RemittanceReceiptForm(forms.Form):
    """The amount received of a remittance."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    received = AmountField(label=_("Received in our account"))
    reference = forms.CharField(
        label=_("Bank reference or receipt number"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Reason for the different amount"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )


class RemittanceDifferenceForm(forms.Form):
    """The resolution of a difference in a carrier's remittance."""

    BANK, OURS = "bank", "ours"
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    amount = AmountField(label=_("Amount"))
    where = forms.ChoiceField(
        label=_("How it was resolved"),
        widget=forms.RadioSelect,
        choices=[
            (BANK, _("It was paid into our account, or sent back from it")),
            (OURS, _("The market covers it")),
        ],
        error_messages={"required": _("Choose how the difference was resolved.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=250,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )


class CodUploadForm(forms.Form):
    """A carrier's statement."""

    carrier = forms.CharField(
        label=_("Carrier"),
        max_length=120,
        widget=forms.TextInput(attrs={"class": "input", "list": "carriers", "autocomplete": "off"}),
    )
    file = statement_file()


class CodColumnsForm(ColumnsForm):
    """The column mapping of a carrier's statement, the carrier, and who bears the fees."""

    labels = dict(zip(COD_COLUMN_NAMES, _LABELS, strict=True))
    carrier = forms.CharField(
        label=_("Carrier"),
        max_length=120,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    fee_bearer = forms.ChoiceField(
        label=_("Fees paid by"),
        choices=CostBearer.choices,
        help_text=_("The carrier keeps its fees from the cash. Choose who bears them."),
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(self, data: FormData = None, *, statement: StatementImport, width: int) -> None:
        initial: dict[str, object] = {"carrier": statement.carrier, "fee_bearer": statement.fee_bearer}
        super().__init__(data, statement=statement, width=width, initial=initial)
