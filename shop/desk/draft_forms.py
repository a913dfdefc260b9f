"""What is written down while a buyer calls: for whom, where to, which goods at what price."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.actions.record import Contact
from orders.models import Order, Source
from shop.accounts.forms import set_places
from shop.accounts.models import Address
from shop.core.models import Division
from shop.core.phones import looks_odd, normalise

MOST_STEPS = 1_000_000
HIGHEST_PRICE = 10**12
_ADDED = re.compile(r"add-(\d{1,18})")


class SourceForm(forms.Form):
    """How the buyer came: a draft begins with it."""

    source = forms.ChoiceField(
        label=_("How the order comes"),
        choices=[each for each in Source.choices if each[0] in (Source.PHONE, Source.ZALO, Source.FACEBOOK)],
        widget=forms.Select(attrs={"class": "input"}),
    )


def _text(label: Any, length: int, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=length,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", **attrs}),
    )


class DraftForm(forms.Form):
    """Who receives it and where. A draft may be incomplete; what is placed may not (`complete`)."""

    name = _text(_("Full name"), 100, autocomplete="off")
    phone = _text(_("Phone number"), 40, type="tel", inputmode="tel", autocomplete="off")
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"class": "input"})
    )
    province = forms.ChoiceField(
        label=_("Province or city"), required=False, widget=forms.Select(attrs={"class": "input"})
    )
    commune = forms.ChoiceField(
        label=_("Commune or ward"), required=False, widget=forms.Select(attrs={"class": "input"})
    )
    street = _text(_("House, street, hamlet"), 250)
    landmark = _text(_("How to find it"), 250)
    code = _text(_("Voucher code"), 255, autocomplete="off", autocapitalize="characters")
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
    )

    def __init__(
        self,
        *args: Any,
        provinces: Sequence[Division],
        communes: Sequence[Division],
        complete: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._provinces = {each.code: each for each in provinces}
        self._communes = {each.code: each for each in communes}
        set_places(self.fields["province"], _("Choose a province"), provinces)
        set_places(self.fields["commune"], _("Choose a commune or ward"), communes, full=True)
        for name in ("name", "phone", "province") if complete else ():
            self.fields[name].required = True

    def clean_phone(self) -> str:
        return normalise(self.cleaned_data["phone"])

    @property
    def phone_is_odd(self) -> bool:
        written = str(self["phone"].value() or "")
        return bool(normalise(written)) and looks_odd(written)

    @property
    def contact(self) -> Contact:
        given = self.cleaned_data
        province = self._provinces.get(given["province"])
        commune = self._communes.get(given["commune"])
        address = Address(
            first_name=given["name"],
            phone=given["phone"],
            street_address_1=given["street"],
            city=commune.full_name if commune else "",
            commune_code=commune.code if commune else "",
            country_area=province.name if province else "",
            province_code=province.code if province else "",
            landmark=given["landmark"],
        )
        return Contact(
            name=given["name"],
            phone=given["phone"],
            address=address,
            email=given["email"],
            note=given["note"],
            province_code=address.province_code,
        )


class ContactForm(DraftForm):
    """Who receives a placed order and where: all of it, in the province that its delivery was agreed for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, complete=True, **kwargs)
        del self.fields["code"], self.fields["note"]

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or self.cleaned_data), "note": ""}


def written_in(order: Order) -> dict[str, str]:
    """What a draft's form holds when it is opened."""
    address = order.shipping_address or Address()
    return {
        "name": order.buyer_name,
        "phone": order.phone,
        "email": order.email,
        "province": address.province_code,
        "commune": address.commune_code,
        "street": address.street_address_1,
        "landmark": address.landmark,
        "code": order.voucher_code,
        "note": order.note,
    }


class LineForm(forms.Form):
    """Some steps of a variant at the price that was agreed; no steps take the line out."""

    variant = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    quantity = forms.IntegerField(
        label=_("Quantity"),
        min_value=0,
        max_value=MOST_STEPS,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
        error_messages={"invalid": _("A quantity is a whole number, such as 2.")},
    )
    price = forms.IntegerField(
        label=_("Price"),
        min_value=0,
        max_value=HIGHEST_PRICE,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
    )


Lines = forms.formset_factory(LineForm, extra=0, max_num=200, absolute_max=200)


def added_in(posted: Mapping[str, Any]) -> dict[int, int]:
    """Steps to add by variant, from the boxes beside what a search found; empty and odd boxes add nothing."""
    added = {}
    for name, written in posted.items():
        found = _ADDED.fullmatch(name)
        text = str(written).strip()
        if found and text.isdecimal() and 0 < int(text[:9]) <= MOST_STEPS:
            added[int(found[1])] = int(text[:9])
    return added
