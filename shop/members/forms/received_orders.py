"""Forms of orders that buyers send by Zalo, Facebook or phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.order_records.record_order import Contact
from orders.forms.addresses import ReceiverForm
from orders.models import RECEIVED_SOURCES, OrderSource, PaymentMethod
from orders.pasted_messages.message_tokens import MAX_MESSAGE_LENGTH
from shop.accounts.forms import DivisionOptions
from shop.accounts.models import ConsentPurpose
from shop.core.web.form_options import FormData, FormFiles
from shop.members.forms.fields import MembersForm

MAX_QUANTITY = 1_000_000
MAX_CODES_LENGTH = 8_000
MAX_COMMENTS_LENGTH = 40_000


class PastedMessageForm(MembersForm):
    """A message, and where it came from."""

    source = forms.ChoiceField(
        label=_("Where did the buyer write?"),
        choices=[(source.value, capfirst(source.label)) for source in RECEIVED_SOURCES],
        initial=OrderSource.ZALO,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("The buyer's message"),
        max_length=MAX_MESSAGE_LENGTH,
        help_text=_("Hold the message in Zalo or Facebook, copy it, and paste it here."),
        widget=forms.Textarea(attrs={"rows": 7, "autocomplete": "off"}),
        error_messages={"required": _("Paste the message first.")},
    )
    codes = forms.CharField(required=False, max_length=MAX_CODES_LENGTH, widget=forms.HiddenInput)


class LivestreamForm(MembersForm):
    """The codes of a livestream's products, and the comments that ask for them."""

    codes = forms.CharField(
        label=_("Codes of the products"),
        max_length=MAX_CODES_LENGTH,
        help_text=_("One product a line: the code, then the product and its size."),
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off", "placeholder": "M12 = …"}),
        error_messages={"required": _("Write at least one code.")},
    )
    comments = forms.CharField(
        label=_("Comments"),
        max_length=MAX_COMMENTS_LENGTH,
        help_text=_("One comment a line. Those with one phone number or name belong together."),
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "placeholder": "M12 x2 - 0912…"}),
        error_messages={"required": _("Paste the comments.")},
    )


class ReceivedOrderForm(ReceiverForm):
    """The receiver, payment and note of an order that a buyer sent.

    `consent` is what the member says that the buyer agreed to.
    """

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
    )
    method = forms.ChoiceField(
        label=pgettext_lazy("payment", "How does the buyer pay?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how the buyer pays.")},
    )
    consent = forms.BooleanField(
        label=_(
            "The buyer agreed, in the message or on the phone, that we pass their name, phone number and"
            " address on for this delivery. I record this for them."
        ),
        error_messages={"required": _("Ask the buyer first, then tick this box.")},
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        methods: Sequence[PaymentMethod],
        **options: Unpack[DivisionOptions],
    ) -> None:
        super().__init__(data, files, **options)
        method = self.fields["method"]
        assert isinstance(method, forms.ChoiceField)
        method.choices = [(choice.value, capfirst(choice.label)) for choice in methods]
        self.fields["name"].error_messages["required"] = _("Enter the name of the recipient.")
        for field in self.fields.values():
            # The browser would fill in the member's own data.
            field.widget.attrs["autocomplete"] = "off"

    @property
    def contact(self) -> Contact:
        """The contact of a valid form."""
        address = self.address
        return Contact(
            name=self.cleaned_data["name"],
            phone=self.cleaned_data["phone"],
            address=address,
            note=self.cleaned_data["note"],
            province_code=address.province_code,
        )

    @property
    def consents(self) -> frozenset[str]:
        """The consents that the member ticked."""
        return frozenset({str(ConsentPurpose.ORDER)} if self.cleaned_data["consent"] else ())
