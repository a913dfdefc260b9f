"""Global ids, `base64("Type:key")`, and the keys of our rows.

An id is named for its GraphQL type, with one exception: shipping methods are `ShippingMethodType` where
they are managed and `ShippingMethod` in a checkout.
"""

from __future__ import annotations

import binascii
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any, TypeAlias

from shop.api.errors import Mistake, ProtocolError

Key: TypeAlias = Any
"""A whole number or a UUID, as the type has it."""

# Everything else is known by a whole number.
UUID_TYPES = frozenset(
    {
        "Order",
        "OrderLine",
        "OrderDiscount",
        "OrderGrantedRefund",
        "OrderGrantedRefundLine",
        "Checkout",
        "CheckoutLine",
        "CheckoutDelivery",
        "CooperativePayout",
        "TransactionItem",
        "Promotion",
        "PromotionRule",
        "Warehouse",
    }
)
_LARGEST = 2**63 - 1  # of a database's whole numbers


class InvalidId(ProtocolError):
    """What was sent is no id, or none of the type that belongs there."""

    def __init__(self, text: str, type_name: str) -> None:
        super().__init__(f"Invalid ID: {text[:80]}. Expected: {type_name}.")


def global_id(type_name: str, key: object) -> str:
    return b64encode(f"{type_name}:{key}".encode()).decode()


def global_ids(type_name: str, keys: Iterable[object]) -> list[str]:
    """The ids of a column of keys."""
    prefix = f"{type_name}:"
    return [b64encode(f"{prefix}{key}".encode()).decode() for key in keys]


def parts(text: str) -> tuple[str, str]:
    """The type's name and the written key. Raises ValueError where it is no id."""
    try:
        decoded = b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("not base64 of text") from error
    name, separator, key = decoded.partition(":")
    if not (name.isidentifier() and separator and key):
        raise ValueError("not Type:key")
    return name, key


def key_of(text: str, *type_names: str) -> Key | None:
    """The key in an id of one of these types; None where it is of another. Raises InvalidId."""
    try:
        name, written = parts(text)
        if name not in type_names:
            return None
        return parsed_key(name, written)
    except ValueError as error:
        raise InvalidId(text, " or ".join(type_names)) from error


def keys_of(texts: Iterable[str], *type_names: str) -> list[Key]:
    """The keys of those ids that are of these types. Raises InvalidId."""
    found = (key_of(text, *type_names) for text in texts)
    return [key for key in found if key is not None]


def given_key(text: str, *type_names: str, field: str) -> Key:
    """The key that a mutation was given. Raises Mistake (`GRAPHQL_ERROR` on the field)."""
    try:
        key = key_of(text, *type_names)
    except InvalidId as error:
        raise Mistake("GRAPHQL_ERROR", str(error), field=field) from error
    if key is None:
        raise Mistake("GRAPHQL_ERROR", str(InvalidId(text, " or ".join(type_names))), field=field)
    return key


def parsed_key(name: str, written: str) -> Key:
    """The key that stands in an id of this type. Raises ValueError."""
    if name in UUID_TYPES:
        return uuid.UUID(written)
    if not (written.isascii() and written.isdigit()) or len(written) > 19 or int(written) > _LARGEST:
        raise ValueError("not a key")
    return int(written)
