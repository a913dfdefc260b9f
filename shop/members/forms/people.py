"""Forms for a cooperative's members and their roles."""

from __future__ import annotations

from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Role
from shop.accounts.code_field import SixDigitField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.phone_fields import EmailOrPhoneField
from shop.members.forms.fields import MembersForm

# The rights of each role.
ROLE_DESCRIPTIONS = {
    Role.MANAGER: _("Manager: full access, including members"),
    Role.LISTER: _("Lister: products, prices, photos and stock counts"),
    Role.PACKER: _("Packer: accepts, packs and hands over orders, counts stock"),
    Role.CASHIER: _("Cashier: counter sales, cash and stock counts"),
    Role.BOOKKEEPER: _("Bookkeeper: views money and orders"),
}


class RoleForm(MembersForm):
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_DESCRIPTIONS.items()))

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self.fields["role"].widget.attrs["class"] = "input"


class InvitationForm(RoleForm):
    note = forms.CharField(
        label=_("Who is it for?"),
        help_text=_("Only managers of your cooperative see this."),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    recipient = EmailOrPhoneField(
        label=_("Send to email or phone number"),
        help_text=_("Leave empty to share the link or the QR code yourself."),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("note", "role", "recipient")

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        options.setdefault("initial", {"role": Role.PACKER})
        super().__init__(data, files, **options)


class JoinDigitsForm(MembersForm):
    digits = SixDigitField(label=_("6 digits on their phone"))
