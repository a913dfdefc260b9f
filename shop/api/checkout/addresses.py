"""Addresses of checkouts. They are validated by the client's rules and saved to the address book."""

from __future__ import annotations

from collections.abc import Mapping

from orders.models import Basket
from shop.accounts.models import Address
from shop.accounts.personal.profile import add_address
from shop.api.addresses import convert_address
from shop.api.base.inputs import AddressInput
from shop.api.context import Context
from shop.api.errors import InputError, InputErrors

_COMPARED = [
    field.attname for field in Address._meta.concrete_fields if field.name not in ("id", "user", "metadata")
]


def build_valid_address(
    input_data: AddressInput,
    rules: Mapping[str, object] | None,
    default_country: str,
    context: Context,
    *,
    address_type: str,
) -> Address:
    """Return the address of an input. Raises InputErrors for fields that the rules reject."""
    address = Address(country=default_country)
    rules = rules or {}
    ignored_codes = {
        code
        for code, rule in (("REQUIRED", "checkRequiredFields"), ("INVALID", "checkFieldsFormat"))
        if rules.get(rule) is False
    }
    try:
        return convert_address(input_data, context, existing=address, address_type=address_type)
    except InputErrors as invalid:
        remaining_errors = [
            input_error for input_error in invalid.input_errors if input_error.api_code not in ignored_codes
        ]
        if remaining_errors or any(
            _is_too_long(address, input_error) for input_error in invalid.input_errors
        ):
            raise InputErrors(remaining_errors or invalid.input_errors) from invalid
        return address


def require_legal_fields(address: Address, context: Context, *, address_type: str) -> None:
    """Raise InputErrors if an address saved without validation is incomplete."""
    if not address.validation_skipped:
        convert_address({"skipValidation": False}, context, existing=address, address_type=address_type)


def save_to_address_book(basket: Basket, address: Address, context: Context) -> None:
    """Add the address to the user's address book, unless it is already there."""
    if basket.user_id is None:
        return
    compared_values = {column: getattr(address, column) for column in _COMPARED}
    if not Address.objects.filter(user=basket.user_id, **compared_values).exists():
        add_address(
            user_id=basket.user_id, address=address.copy(), use=None, actor=context.actor, now=context.now
        )


def _is_too_long(address: Address, input_error: InputError) -> bool:
    """Return whether a field exceeds its column, which no rule can permit."""
    limits = {field.attname: field.max_length for field in Address._meta.concrete_fields}
    return any(
        len(value) > (limits[column] or len(value))
        for column in _COMPARED
        if isinstance(value := getattr(address, column), str)
    )
