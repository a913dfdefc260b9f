"""Forms for incoming transfers: the orders to match, or the account to return one to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Unpack

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.bank_transfers.transfer_review import NoAmountAssigned
from orders.actions.payouts.bank_accounts import BankAccount
from orders.models import Order
from orders.payments.order_codes import normalise_order_code
from orders.payments.statement_cells import InvalidCell, parse_amount
from orders.states import TransferState
from shop.core.errors import Refused
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.desk.forms import MAX_REASON_LENGTH, DeskSearch
from shop.desk.money.market_forms import bank_field

# Transfers for more orders are matched in steps.
MANUAL_FORM_ROWS = 3


class UnknownOrder(Refused):
    """One of the codes has no order. The message names it."""

    code = "unknown_order"
    default_message = _("No order has the code %(code)s.")


class InvalidTransferShare(Refused):
    code = "invalid_transfer_share"
    default_message = _("Enter each order once, with an amount in whole dong such as 120,000.")


def parse_transfer_shares(submitted: QueryDict) -> Mapping[uuid.UUID, int]:
    """Parse rows of `code` and `amount` to amounts by order id.

    Raises UnknownOrder, InvalidTransferShare, NoAmountAssigned.
    """
    rows = [
        (normalise_order_code(code), amount.strip())
        for code, amount in zip(submitted.getlist("code"), submitted.getlist("amount"), strict=False)
        if code.strip()
    ]
    if not rows:
        raise NoAmountAssigned(field="amount")
    order_ids_by_code = dict(
        Order.objects.placed().filter(code__in=[code for code, _sum in rows]).values_list("code", "pk")
    )
    amounts: dict[uuid.UUID, int] = {}
    for code, amount_text in rows:
        if code not in order_ids_by_code:
            raise UnknownOrder(UnknownOrder.default_message % {"code": code}, field="code")
        try:
            amount = parse_amount(amount_text)
        except InvalidCell as error:
            raise InvalidTransferShare(field="amount") from error
        if order_ids_by_code[code] in amounts:
            raise InvalidTransferShare(field="code")
        amounts[order_ids_by_code[code]] = amount
    return amounts


class TransferSearch(DeskSearch):
    """Filters for the list of all transfers."""

    state = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            ("", pgettext_lazy("report", "All")),
            *[choice for choice in TransferState.choices if choice[0] != TransferState.NEW],
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self.fields["q"].label = _("Note, bank reference, amount or order")


class TransferReturnForm(forms.Form):
    """The account to return a transfer to, and the reason."""

    bank = bank_field()
    account = forms.CharField(
        label=_("Account number"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    holder = forms.CharField(
        label=_("Account holder"),
        max_length=120,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Reason for returning it"),
        max_length=MAX_REASON_LENGTH,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )

    @property
    def recipient_account(self) -> BankAccount:
        cleaned = self.cleaned_data
        account = "".join(character for character in cleaned["account"] if character.isalnum())
        return BankAccount(cleaned["bank"], account, cleaned["holder"].strip())
