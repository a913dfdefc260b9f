"""One rule for every phone number: each form field, the shop's settings and the API's addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from django.utils import translation
from graphql import GraphQLInputObjectType

from shop.api.endpoint import built_schema
from shop.core.models import ShopSettings
from shop.core.web.phone_fields import EmailOrPhoneField, PhoneField
from tests.factories import make_admin
from tests.refusals import all_rows

OUR_PACKAGES = ("catalog.", "cooperatives.", "orders.", "shop.")
BUSINESS_FIELDS = {
    "shop.members.forms.application.ApplicationForm.phone",
    "shop.members.forms.application.ApplicationWithAccountForm.phone",
    "shop.members.forms.customers.CustomerForm.phone",
    "shop.members.forms.delivery_methods.WarehouseForm.phone",
    "ShopSettings.operator_phone",
    "ShopSettings.operator_zalo_phone",
}
# The name of a device, not a number.
FIELDS_ABOUT_PHONES = {
    "shop.members.forms.people.JoinDigitsForm.digits",
    "shop.members.forms.shared_phones.SharedPhoneForm.name",
}

# The entered number, the stored one, and the message of a person's field if the number is refused.
NUMBERS = [
    ("0987 654 321", "+84987654321", ""),
    ("+84 (0)987.654.321", "+84987654321", ""),
    ("84987654321", "+84987654321", ""),
    ("987654321", "+84987654321", ""),
    ("0123 456 789", "+84123456789", ""),
    ("0209 3870 123", "+842093870123", ""),
    ("+84 209 3870 123", "+842093870123", ""),
    ("+1 202-555-0100", "+12025550100", ""),
    ("0900 000 20", "", "A phone number has 10 digits; this one has 9."),
    ("+84 900 000 20", "", "A phone number has 10 digits; this one has 9."),
    ("090000002012", "", "A phone number has 10 digits; this one has 12."),
    ("0169 123 4567", "", "A phone number has 10 digits; this one has 11."),
    ("12", "", "A phone number has 10 digits; this one has 2."),
    ("113", "", "A phone number has 10 digits; this one has 3."),
    ("0209 387 012", "", "A landline number (02…) has 11 digits; this one has 10."),
    ("9876543210", "", "A phone number starts with 0, or with + and a country code."),
    ("+0987654321", "", "A phone number starts with 0, or with + and a country code."),
    ("+1 20", "", "A number with a country code has 7 to 15 digits; this one has 3."),
    ("+1" + "2" * 15, "", "A number with a country code has 7 to 15 digits; this one has 16."),
    ("12ab", "", "Enter the phone number in digits."),
    ("0987 654 32O", "", "Enter the phone number in digits."),
]
HOTLINES = [
    ("1900 1234", "19001234", ""),
    ("1800 123 456", "1800123456", ""),
    ("1900 12345", "", "A number starting with 1800 or 1900 has 8 or 10 digits; this one has 9."),
]


def _form_classes(base: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for form in base.__subclasses__():
        if form.__module__.startswith(OUR_PACKAGES):
            yield form
        yield from _form_classes(form)


def _phone_fields() -> dict[str, forms.Field]:
    """Return the fields of forms and settings whose name, label or widget asks for a phone number."""
    get_resolver().url_patterns  # noqa: B018 - imports every page and with it every form
    with translation.override("en"):
        fields = {
            f"{form.__module__}.{form.__qualname__}.{name}": field
            for form in _form_classes()
            for name, field in getattr(form, "base_fields", {}).items()
            if not isinstance(field, forms.BooleanField)
            and (
                "phone" in name
                or "phone" in str(field.label).lower()
                or field.widget.attrs.get("type") == "tel"
                or isinstance(field, (PhoneField, EmailOrPhoneField))
            )
        }
    for model, model_admin in admin.site._registry.items():
        request = RequestFactory().get("/")
        for name in getattr(model_admin, "editable", ()):
            if "phone" in name:
                column = model._meta.get_field(name)
                field = model_admin.formfield_for_dbfield(column, request)
                assert isinstance(field, forms.Field)
                fields[f"{model.__name__}.{name}"] = field
    fields = {name: field for name, field in fields.items() if name not in FIELDS_ABOUT_PHONES}
    return dict(sorted(fields.items()))  # parallel test processes must collect the same order


FIELDS = _phone_fields()


def _clean(field: forms.Field, entered_phone: str) -> tuple[str, str]:
    try:
        with translation.override("en"):
            return str(field.clean(entered_phone)), ""
    except ValidationError as error:
        return "", " ".join(error.messages)


def test_every_phone_of_every_form_is_a_phone_field() -> None:
    assert [
        name for name, field in FIELDS.items() if not isinstance(field, (PhoneField, EmailOrPhoneField))
    ] == []
    assert len(FIELDS) >= 16
    assert {name for name, field in FIELDS.items() if getattr(field, "is_business", False)} == BUSINESS_FIELDS


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_answers_numbers_alike(name: str) -> None:
    field = FIELDS[name]

    answers = [(entered_phone, *_clean(field, entered_phone)) for entered_phone, _stored, _error in NUMBERS]

    assert answers == NUMBERS
    if isinstance(field, EmailOrPhoneField):
        assert _clean(field, " Hoa@Example.com ") == ("hoa@example.com", "")


@pytest.mark.parametrize("name", FIELDS)
def test_hotlines_pass_only_for_businesses(name: str) -> None:
    answers = [
        (entered_phone, *_clean(FIELDS[name], entered_phone)) for entered_phone, _stored, _error in HOTLINES
    ]

    if name in BUSINESS_FIELDS:
        assert answers == HOTLINES
    else:
        assert [stored for _written, stored, _error in answers] == ["", "", ""]


def test_count_is_said_in_vietnamese() -> None:
    with translation.override("vi"), pytest.raises(ValidationError) as refusal:
        PhoneField().clean("0900 000 20")

    assert refusal.value.messages == ["Số điện thoại có 10 chữ số, đang có 9."]


def test_the_api_takes_phones_only_in_addresses() -> None:
    inputs = [
        (name, field)
        for name, kind in built_schema().schema.type_map.items()
        if isinstance(kind, GraphQLInputObjectType)
        for field in kind.fields
        if "phone" in field.lower()
    ]

    assert inputs == [("AddressInput", "phone"), ("AddressFilterInput", "phoneNumber")]


@pytest.mark.django_db
def test_operator_phone_of_nine_digits_changes_nothing(client: Client) -> None:
    shop = ShopSettings.objects.create(operator_phone="1900 1234")
    client.force_login(make_admin())
    page = reverse("admin:core_shopsettings_change", args=[shop.pk])
    before = all_rows()

    response = client.post(page, {"operator_phone": "0900 000 20"})

    assert response.context["adminform"].form.errors["operator_phone"] == [
        "Số điện thoại có 10 chữ số, đang có 9."
    ]
    assert all_rows() == before
