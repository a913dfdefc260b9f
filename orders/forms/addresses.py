"""Address forms of the checkout and the address book."""

from __future__ import annotations

from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.accounts.forms import DivisionOptions, PersonAddressForm
from shop.accounts.models import Address
from shop.core.web.form_options import FormData, FormFiles


class ReceiverForm(PersonAddressForm):
    """The receiver's name, phone and address."""

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[DivisionOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self.fields["name"].error_messages["required"] = _("Enter the name of the recipient.")
        self.fields["phone"].help_text = _("The coach driver or courier will call this number.")
        self.fields["landmark"].help_text = _("For example: next to the primary school, green gate.")

    @property
    def address(self) -> Address:
        """The unsaved address of a valid form."""
        address = self.build_address()
        address.first_name, address.phone = self.cleaned_data["name"], self.cleaned_data["phone"]
        return address


class AddressForm(ReceiverForm):
    """An address of the address book."""

    is_default = forms.BooleanField(label=_("Set as my default address."), required=False)
