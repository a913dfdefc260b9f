"""Forms for a cooperative's members and their roles."""

from __future__ import annotations

from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Role
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import MembersForm

# What each role may do.
ROLE_DESCRIPTIONS = {
    Role.MANAGER: _("Manager: everything, and who the members are"),
    Role.LISTER: _("Lister: goods, prices, photos and counts"),
    Role.PACKER: _("Packer: accepts, packs and hands over orders, counts"),
    Role.CASHIER: _("Cashier: sells at the counter, cash and counts"),
    Role.BOOKKEEPER: _("Bookkeeper: looks at money and orders"),
}


class RoleForm(MembersForm):
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_DESCRIPTIONS.items()))

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self.fields["role"].widget.attrs["class"] = "input"


class PersonForm(RoleForm):
    person = forms.CharField(
        label=_("E-mail or phone number of their account"),
        max_length=254,
        help_text=_("They open the account themselves, under “Open an account”."),
        error_messages={"required": _("Write their e-mail address or phone number.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("person", "role")

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        options.setdefault("initial", {"role": Role.PACKER})
        super().__init__(data, files, **options)
