"""Convert between global ids, `base64("Type:key")`, and primary keys.

An id carries the name of its GraphQL type. Shipping methods have two: `ShippingMethodType` for the staff who
manage them, and `ShippingMethod` in a checkout.
"""

from __future__ import annotations

import binascii
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, get_args, overload

from shop.api.errors import InputError, ProtocolError

Key: TypeAlias = int | uuid.UUID
"""An integer or a UUID, depending on the type."""

UuidKeyed: TypeAlias = Literal[
    "Order",
    "OrderLine",
    "OrderDiscount",
    "OrderGrantedRefund",
    "OrderGrantedRefundLine",
    "Checkout",
    "CheckoutLine",
    "CheckoutDelivery",
    "CooperativePayout",
    "CooperativeSubstitute",
    "TransactionItem",
    "Promotion",
    "PromotionRule",
    "VoucherCode",
    "Warehouse",
]
# The other types of the ids that clients send. All types not among the above have integer keys.
IntegerKeyed: TypeAlias = Literal[
    "Address",
    "App",
    "AppToken",
    "Attribute",
    "AttributeValue",
    "Category",
    "Channel",
    "Collection",
    "Cooperative",
    "CooperativePart",
    "CooperativeSettlement",
    "Fulfillment",
    "FulfillmentLine",
    "GiftCard",
    "Group",
    "Invoice",
    "Menu",
    "MenuItem",
    "OrderEvent",
    "Page",
    "PageType",
    "Product",
    "ProductImage",
    "ProductMedia",
    "ProductType",
    "ProductVariant",
    "ProductVariantChannelListing",
    "ShippingMethod",
    "ShippingMethodType",
    "ShippingZone",
    "Stock",
    "TaxClass",
    "TaxConfiguration",
    "User",
    "Voucher",
]
UUID_TYPES: frozenset[str] = frozenset(get_args(UuidKeyed))
_MAX_BIGINT = 2**63 - 1


class InvalidId(ProtocolError):
    """The text is not a global id, or its type is not the expected one."""

    def __init__(self, text: str, type_name: str) -> None:
        super().__init__(f"Invalid ID: {text[:80]}. Expected: {type_name}.")


def global_id(type_name: str, key: object) -> str:
    return b64encode(f"{type_name}:{key}".encode()).decode()


def global_ids(type_name: str, keys: Iterable[object]) -> list[str]:
    """Return the ids of a column of keys."""
    prefix = f"{type_name}:"
    return [b64encode(f"{prefix}{key}".encode()).decode() for key in keys]


def split_global_id(text: str) -> tuple[str, str]:
    """Split an id into its type name and key text. Raises ValueError if it is malformed."""
    try:
        decoded = b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("not base64 of text") from error
    name, separator, key = decoded.partition(":")
    if not (name.isidentifier() and separator and key):
        raise ValueError("not Type:key")
    return name, key


@overload
def key_from_id(text: str, *type_names: UuidKeyed) -> uuid.UUID | None: ...
@overload
def key_from_id(text: str, *type_names: IntegerKeyed) -> int | None: ...
@overload
def key_from_id(text: str, *type_names: str) -> Key | None: ...
def key_from_id(text: str, *type_names: str) -> Key | None:
    """Return the key of an id, or None if it has another type. Raises InvalidId if it is malformed."""
    try:
        name, key_text = split_global_id(text)
        if name not in type_names:
            return None
        return parse_key(name, key_text)
    except ValueError as error:
        raise InvalidId(text, " or ".join(type_names)) from error


@overload
def keys_from_ids(texts: Iterable[str], *type_names: UuidKeyed) -> list[uuid.UUID]: ...
@overload
def keys_from_ids(texts: Iterable[str], *type_names: IntegerKeyed) -> list[int]: ...
@overload
def keys_from_ids(texts: Iterable[str], *type_names: str) -> Sequence[Key]: ...
def keys_from_ids(texts: Iterable[str], *type_names: str) -> Sequence[Key]:
    """Return the keys of the ids that have one of these types. Raises InvalidId."""
    keys = (key_from_id(text, *type_names) for text in texts)
    return [key for key in keys if key is not None]


@overload
def input_key(text: str, *type_names: UuidKeyed, field: str) -> uuid.UUID: ...
@overload
def input_key(text: str, *type_names: IntegerKeyed, field: str) -> int: ...
@overload
def input_key(text: str, *type_names: str, field: str) -> Key: ...
def input_key(text: str, *type_names: str, field: str) -> Key:
    """Return the key of a mutation's id input. Raises InputError (`GRAPHQL_ERROR` on the field)."""
    try:
        key = key_from_id(text, *type_names)
    except InvalidId as error:
        raise InputError("GRAPHQL_ERROR", str(error), field=field) from error
    if key is None:
        raise InputError("GRAPHQL_ERROR", str(InvalidId(text, " or ".join(type_names))), field=field)
    return key


@overload
def input_keys(texts: Iterable[str] | None, type_name: UuidKeyed, *, field: str) -> list[uuid.UUID]: ...
@overload
def input_keys(texts: Iterable[str] | None, type_name: IntegerKeyed, *, field: str) -> list[int]: ...
@overload
def input_keys(texts: Iterable[str] | None, type_name: str, *, field: str) -> Sequence[Key]: ...
def input_keys(texts: Iterable[str] | None, type_name: str, *, field: str) -> Sequence[Key]:
    """Return the keys of a list of ids of a mutation's input, or none for null. Raises as `input_key`."""
    return [input_key(text, type_name, field=field) for text in texts or ()]


def parse_key(name: str, key_text: str) -> Key:
    """Parse the key text of an id of this type. Raises ValueError."""
    if name in UUID_TYPES:
        return uuid.UUID(key_text)
    if not (key_text.isascii() and key_text.isdigit()) or len(key_text) > 19 or int(key_text) > _MAX_BIGINT:
        raise ValueError("not a key")
    return int(key_text)
