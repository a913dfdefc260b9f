"""What buyers write: quantities, a place, who receives an order, which order they look for."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.forms import OfferForm, SumField
from orders.actions.issue import MOST_CODES, VoucherTerms
from orders.actions.record import Contact
from orders.actions.shares import WantedDelivery
from orders.models import Bearer, Method, ValueType, Voucher, VoucherType
from orders.payments.codes import tidy
from shop.accounts.forms import set_places
from shop.accounts.models import Address, ConsentPurpose
from shop.core.calendar import day_of
from shop.core.models.geography import Division
from shop.core.phones import looks_odd, normalise

_WAY = re.compile(r"(\d{1,18})(?:@(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}))?")
_MOST = 1_000_000


def _quantity() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Quantity"),
        max_value=_MOST,
        error_messages={
            "required": _("Write how many you want."),
            "invalid": _("A quantity is a whole number, such as 2."),
            "max_value": _("That is more than one order may hold."),
        },
    )


class PutForm(forms.Form):
    """Into the basket with it."""

    variant = forms.IntegerField(
        label=_("Kind"),
        min_value=1,
        max_value=2**62,
        error_messages={"required": _("Choose a kind first.")},
    )
    quantity = _quantity()


class QuantityForm(forms.Form):
    """How many of a line; the button "take out" needs no number."""

    remove = forms.BooleanField(required=False)
    quantity = _quantity()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "remove" in self.data:
            del self.fields["quantity"]

    @property
    def wanted(self) -> int:
        return 0 if self.cleaned_data["remove"] else int(self.cleaned_data["quantity"])


class CodeForm(forms.Form):
    """A voucher's code; the button "take out" needs none."""

    remove = forms.BooleanField(required=False)
    code = forms.CharField(required=False, max_length=255)


class PlaceForm(forms.Form):
    province = forms.ChoiceField(label=_("I receive goods in"), required=False)

    def __init__(self, *args: Any, provinces: Sequence[Division], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_places(self.fields["province"], _("Choose a province"), provinces)


class CheckoutForm(forms.Form):
    """Who receives an order and where, how each cooperative's share travels, and what is agreed to."""

    basket = forms.UUIDField(widget=forms.HiddenInput)
    shown_total = forms.IntegerField(widget=forms.HiddenInput, required=False)
    shown_most = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=pgettext_lazy("person", "Full name"),
        max_length=100,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
        error_messages={"required": _("Write who receives the goods.")},
    )
    phone = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        help_text=_("The coach and the courier call this number."),
        widget=forms.TextInput(
            attrs={"class": "input", "type": "tel", "inputmode": "tel", "autocomplete": "tel"}
        ),
        error_messages={"required": _("Write a number that can be called.")},
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("For the order in writing. Without it you get a text message."),
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "email"}),
        error_messages={"invalid": _("An e-mail address looks like hoa@example.com.")},
    )
    province = forms.ChoiceField(
        label=_("Province or city"),
        widget=forms.Select(attrs={"class": "input", "autocomplete": "address-level1"}),
        error_messages={
            "required": _("Choose a province from the list."),
            "invalid_choice": _("There is no such province any more. Choose one from the list."),
        },
    )
    commune = forms.ChoiceField(
        label=_("Commune or ward"),
        widget=forms.Select(attrs={"class": "input", "autocomplete": "address-level2"}),
        error_messages={
            "required": _("Choose a commune or ward from the list."),
            "invalid_choice": _("That commune or ward is not in this province. Choose one from the list."),
        },
    )
    street = forms.CharField(
        label=_("House, street, hamlet"),
        max_length=250,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "street-address"}),
        error_messages={"required": _("Write the house, street or hamlet.")},
    )
    landmark = forms.CharField(
        label=_("How to find it"),
        required=False,
        max_length=250,
        help_text=_("For example: beside the primary school, green gate."),
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    consent = forms.BooleanField(
        label=_(
            "I agree that Chợ Phiên passes my name, phone number and address on to the cooperatives and "
            "carriers, only for this delivery."
        ),
        error_messages={"required": _("Without this nobody can bring the goods. Please tick the box.")},
    )
    news = forms.BooleanField(label=_("Tell me when a new season begins."), required=False)

    def __init__(
        self,
        *args: Any,
        provinces: Sequence[Division],
        communes: Sequence[Division],
        ways: Mapping[int, Sequence[str]],
        payments: Sequence[Method],
        **kwargs: Any,
    ) -> None:
        """`ways`: the possible values of each cooperative's radio buttons, by its id; `payments`: how
        the order may be paid, the usual one first, which is taken where nothing is said."""
        super().__init__(*args, **kwargs)
        self._usual = payments[0]
        self.fields["payment"] = forms.ChoiceField(
            label=_("Payment"),
            required=False,
            choices=[(each.value, each.label) for each in payments],
            initial=self._usual.value,
            widget=forms.RadioSelect,
            error_messages={
                "invalid_choice": _("Orders cannot be paid this way at the moment. Please choose another.")
            },
        )
        self._provinces = {province.code: province for province in provinces}
        self._communes = {commune.code: commune for commune in communes}
        set_places(self.fields["province"], _("Choose a province"), provinces)
        set_places(self.fields["commune"], _("Choose a commune or ward"), communes, full=True)
        self._cooperatives = list(ways)
        for cooperative_id, values in ways.items():
            self.fields[f"way-{cooperative_id}"] = forms.ChoiceField(
                label=pgettext_lazy("of an order", "Delivery"),
                choices=[(value, value) for value in values],
                widget=forms.RadioSelect,
                error_messages={
                    "required": _("Choose how these goods reach you."),
                    "invalid_choice": _("That way is no longer possible. Choose another."),
                },
            )
            self.fields[f"note-{cooperative_id}"] = forms.CharField(
                label=_("Note to the cooperative"),
                required=False,
                max_length=500,
                widget=forms.TextInput(attrs={"class": "input"}),
            )

    def clean(self) -> dict[str, Any]:
        """Ways are asked for once there is a province: before it there is nothing to choose."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "province" in self.errors:
            for cooperative_id in self._cooperatives:
                self.errors.pop(f"way-{cooperative_id}", None)
        return given

    def clean_phone(self) -> str:
        phone = normalise(self.cleaned_data["phone"])
        if not phone:
            raise forms.ValidationError(_("A phone number has digits."))
        return phone

    @property
    def phone_is_odd(self) -> bool:
        """A warning only: whoever wrote it may know better."""
        written = str(self["phone"].value() or "")
        return bool(normalise(written)) and looks_odd(written)

    @property
    def method(self) -> Method:
        """How it is to be paid, once valid."""
        return Method(self.cleaned_data["payment"] or self._usual)

    @property
    def contact(self) -> Contact:
        """What was written, once it is valid."""
        given = self.cleaned_data
        province = self._provinces[given["province"]]
        commune = self._communes[given["commune"]]
        return Contact(
            name=given["name"],
            phone=given["phone"],
            email=given["email"],
            province_code=province.code,
            notes={key: given[f"note-{key}"] for key in self._cooperatives if given[f"note-{key}"]},
            address=Address(
                first_name=given["name"],
                phone=given["phone"],
                street_address_1=given["street"],
                city=commune.full_name,
                commune_code=commune.code,
                country_area=province.name,
                province_code=province.code,
                landmark=given["landmark"],
            ),
        )

    @property
    def deliveries(self) -> dict[int, WantedDelivery]:
        return chosen_ways(self.cleaned_data, self._cooperatives)

    @property
    def consents(self) -> frozenset[str]:
        given = {ConsentPurpose.ORDER: "consent", ConsentPurpose.NEWS: "news"}
        return frozenset(str(purpose) for purpose, name in given.items() if self.cleaned_data[name])


class FindForm(forms.Form):
    """An order is found by what its buyer alone knows: phone and code (or number) together."""

    phone = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        help_text=_("The one given with the order."),
        widget=forms.TextInput(
            attrs={"class": "input", "type": "tel", "inputmode": "tel", "autocomplete": "tel"}
        ),
        error_messages={"required": _("Write the phone number of the order.")},
    )
    code = forms.CharField(
        label=_("Order code"),
        max_length=40,
        help_text=_("It is in the text message or e-mail, for example TA7K2M3."),
        widget=forms.TextInput(
            attrs={"class": "input code", "autocomplete": "off", "autocapitalize": "characters"}
        ),
        error_messages={"required": _("Write the code or number of the order.")},
    )

    def clean_phone(self) -> str:
        return normalise(self.cleaned_data["phone"])

    def clean_code(self) -> str:
        return tidy(self.cleaned_data["code"])


def chosen_ways(posted: Mapping[str, Any], cooperatives: Iterable[int]) -> dict[int, WantedDelivery]:
    """The radio buttons as posted ("12", "12@2026-11-29T06:00"); what makes no sense is not chosen."""
    chosen = {}
    for cooperative_id in cooperatives:
        found = _WAY.fullmatch(str(posted.get(f"way-{cooperative_id}", "")))
        if not found:
            continue
        way, day, starts = found.groups()
        try:
            chosen[cooperative_id] = WantedDelivery(
                int(way),
                datetime.date.fromisoformat(day) if day else None,
                datetime.time.fromisoformat(starts) if starts else None,
            )
        except ValueError:
            continue
    return chosen


def basket_id_of(posted: Mapping[str, Any]) -> uuid.UUID | None:
    """The basket that a page was about."""
    try:
        return uuid.UUID(str(posted.get("basket", "")))
    except ValueError:
        return None


class VoucherForm(OfferForm):
    """A voucher; its first code is written with a new one only (`is_new`)."""

    code = forms.CharField(
        label=_("Voucher code"),
        max_length=50,
        error_messages={"required": _("Write a code.")},
        help_text=_("What buyers write, such as TET2027. Capitals and spaces make no difference."),
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "off", "autocapitalize": "characters"}
        ),
    )
    type = forms.ChoiceField(
        label=_("Taken off"),
        choices=[
            (VoucherType.ENTIRE_ORDER, _("all goods")),
            (VoucherType.SPECIFIC_PRODUCT, _("the goods chosen below")),
            (VoucherType.SHIPPING, _("the delivery")),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    minimum_spent = SumField(label=_("From this sum of goods on"), required=False)
    minimum_quantity = SumField(label=_("From so many goods on"), required=False)
    usage_limit = SumField(label=_("At most so many uses in all"), required=False)
    apply_once_per_customer = forms.BooleanField(label=_("Once for each buyer"), required=False)
    single_use = forms.BooleanField(label=_("Each code works once"), required=False)
    apply_once_per_order = forms.BooleanField(
        label=_("Off one piece of the cheapest goods alone"), required=False
    )
    only_for_staff = forms.BooleanField(label=_("Only in orders that staff write"), required=False)
    rules = ("apply_once_per_customer", "single_use", "apply_once_per_order", "only_for_staff")

    def __init__(self, *args: Any, is_new: bool, for_members: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["code"]
        if for_members:
            del self.fields["only_for_staff"]

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.rules if name in self.fields]

    @property
    def terms(self) -> VoucherTerms:
        given = self.cleaned_data
        return VoucherTerms(
            name=given["name"],
            value=given["value"],
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            type=VoucherType(given["type"]),
            value_type=ValueType(given["value_type"]),
            cooperative=self._cooperative,
            bearer=Bearer.PLATFORM if self.is_borne_by_platform else Bearer.COOPERATIVE,
            minimum_spent=given["minimum_spent"],
            minimum_quantity=given["minimum_quantity"],
            usage_limit=given["usage_limit"],
            products=list(given.get("products", ())),
            categories=list(given["categories"]),
            **{name: given.get(name, False) for name in self.rules},
        )

    @classmethod
    def said(cls, voucher: Voucher) -> dict[str, Any]:
        """What the form holds when a voucher is opened."""
        value = voucher.values.order_by("pk").first()
        copied = ("name", "type", "value_type", "bearer", "minimum_quantity", "usage_limit", *cls.rules)
        return {name: getattr(voucher, name) for name in copied} | {
            "value": int(value.value) if value else None,
            "minimum_spent": value.minimum_spent if value else None,
            "starts": day_of(voucher.starts_at),
            "ends": day_of(voucher.last_moment) if voucher.last_moment else None,
            "products": voucher.products.all(),
            "categories": voucher.categories.all(),
        }


class CodesForm(forms.Form):
    """How many more codes to draw."""

    count = SumField(label=_("How many"), max_value=MOST_CODES, initial=50)
