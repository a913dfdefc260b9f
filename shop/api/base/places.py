"""Countries, languages, addresses and address validation rules."""

from __future__ import annotations

from django.utils.translation import get_language

from shop.accounts.models import Address
from shop.accounts.staff.permissions import Permission
from shop.api.address_rules import AddressRules, country_name, read_address_rules
from shop.api.base.inputs import AddressArguments, AddressValidationRulesArguments
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import key_from_id
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, Type
from shop.api.root_fields import Queries
from shop.core.dates.calendar import vietnam_date

ADDRESS_PERMISSIONS = (Permission.MANAGE_USERS, Permission.MANAGE_ORDERS)


def country(code: str, language: str | None = None) -> dict[str, str]:
    """Return the schema's `CountryDisplay` in a language, by default the request's."""
    return {"code": code, "country": country_name(code, language or get_language() or "en")}


country_display_object = Type("CountryDisplay")
country_display_object.value_fields("code", "country")
country_display_object.unsupported("vat")
vat_object = Type("VAT")
vat_object.value_fields("countryCode", "standardRate", "reducedRates")
reduced_rate_object = Type("ReducedRate")
reduced_rate_object.value_fields("rate", "rateType")
language_display_object = Type("LanguageDisplay")
language_display_object.value_fields("code", "language")

choice_value_object = Type("ChoiceValue")
choice_value_object.value_fields("raw", "verbose")
address_validation_data_object = Type("AddressValidationData")
address_validation_data_object.columns(
    countryCode="country_code",
    countryName="country_name",
    addressFormat="address_format",
    addressLatinFormat="address_latin_format",
    allowedFields="allowed_fields",
    requiredFields="required_fields",
    upperFields="upper_fields",
    countryAreaType="country_area_type",
    countryAreaChoices="country_area_choices",
    cityType="city_type",
    cityChoices="city_choices",
    cityAreaType="city_area_type",
    cityAreaChoices="city_area_choices",
    postalCodeType="postal_code_type",
    postalCodeMatchers="postal_code_matchers",
    postalCodeExamples="postal_code_examples",
    postalCodePrefix="postal_code_prefix",
)


def _visible_addresses(context: Context) -> Rows:
    """Return visible addresses: one's own, or all for staff with permissions for users or orders."""
    if context.may(*ADDRESS_PERMISSIONS):
        return Address.objects.all()
    return Address.objects.filter(user=context.user) if context.user else Address.objects.none()


def _is_owner(context: Context, key: int) -> bool:
    return context.user is not None and Address.objects.filter(pk=key, user=context.user).exists()


address_object = Type("Address", rows=_visible_addresses)
address_object.id()
address_object.columns(
    firstName="first_name",
    lastName="last_name",
    companyName="company_name",
    streetAddress1="street_address_1",
    streetAddress2="street_address_2",
    city="city",
    cityArea="city_area",
    postalCode="postal_code",
    countryArea="country_area",
    phone="phone",
)
add_metadata_fields(address_object, Address, permissions=ADDRESS_PERMISSIONS, owner_check=_is_owner)


@address_object.field("country", needs="country")
def country_of_address(addresses: list[Row], *_: object) -> list[dict[str, str]]:
    return [country(address_row.country) for address_row in addresses]


@address_object.field(needs="user__default_shipping_address_id")
def is_default_shipping_address(addresses: list[Row], *_: object) -> list[bool]:
    return [address_row.id == address_row.user__default_shipping_address_id for address_row in addresses]


@address_object.field(needs="user__default_billing_address_id")
def is_default_billing_address(addresses: list[Row], *_: object) -> list[bool]:
    return [address_row.id == address_row.user__default_billing_address_id for address_row in addresses]


query = Queries()


@query.field()
def address_validation_rules(
    arguments: AddressValidationRulesArguments, context: Context, selection: Selection
) -> AddressRules | None:
    return read_address_rules(
        arguments["countryCode"],
        province=arguments.get("countryArea") or "",
        city=arguments.get("city") or "",
        language=get_language() or "en",
        day=vietnam_date(context.now),
    )


@query.field("address")
def one_address(arguments: AddressArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "Address")
    return address_object.by_key(context, [key], selection.names()).get(key)


TYPES = (
    country_display_object,
    vat_object,
    reduced_rate_object,
    language_display_object,
    choice_value_object,
    address_validation_data_object,
    address_object,
    query,
)
