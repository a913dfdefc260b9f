"""Create and change vouchers, what they cover, and their values by channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from graphql import GraphQLEnumType

from catalog.actions.listings.promotions import InvalidDiscount
from orders.actions.vouchers.staff_vouchers import (
    ChannelTerms,
    CodesRepeated,
    CodesTaken,
    ProductsWithoutVariants,
    VoucherEdit,
    VoucherScope,
    change_voucher_scope,
    create_staff_voucher,
    edit_staff_voucher,
    set_voucher_channels,
)
from orders.models import ValueType, Voucher, VoucherValue
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import global_id, global_ids, input_key, input_keys
from shop.api.money import parse_minor_units
from shop.api.object_types import Row
from shop.api.orders.inputs import (
    CatalogueInput,
    VoucherCataloguesAddArguments,
    VoucherCataloguesRemoveArguments,
    VoucherChannelListingAddInput,
    VoucherChannelListingUpdateArguments,
    VoucherCreateArguments,
    VoucherInput,
    VoucherUpdateArguments,
)
from shop.api.orders.types import voucher_object
from shop.api.orders.vouchers import VOUCHER_PERMISSIONS
from shop.api.root_fields import Mutations
from shop.core.errors import Refused
from shop.core.models import Channel

mutation = Mutations(
    codes={
        "codes_taken": "ALREADY_EXISTS",
        "codes_repeated": "DUPLICATED_INPUT_ITEM",
        "unusable_code": "INVALID",
        "several_codes": "INVALID",
        "used_voucher_terms": "VOUCHER_ALREADY_USED",
        "end_before_start": "INVALID",
        "products_without_variants": "CANNOT_MANAGE_PRODUCT_WITHOUT_VARIANT",
        "invalid_discount": "INVALID",
    }
)
# Columns by input. A null only clears the columns that may be empty.
_COLUMNS = {
    "type": "type",
    "name": "name",
    "startDate": "starts_at",
    "endDate": "ends_at",
    "discountValueType": "value_type",
    "minCheckoutItemsQuantity": "minimum_quantity",
    "countries": "countries",
    "applyOncePerOrder": "apply_once_per_order",
    "applyOncePerCustomer": "apply_once_per_customer",
    "onlyForStaff": "only_for_staff",
    "singleUse": "single_use",
    "usageLimit": "usage_limit",
}
_MAY_BE_EMPTY = frozenset({"ends_at", "minimum_quantity", "usage_limit"})
_MAX_NAME_LENGTH = 255
_MAX_NUMBER = 2**31 - 1
_MAX_PERCENT_DECIMALS = 3
_SCOPES = {"products": "Product", "variants": "ProductVariant", "categories": "Category"}


@mutation.field(permissions=VOUCHER_PERMISSIONS)
def voucher_create(
    arguments: VoucherCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    code, codes = input_data.get("code"), input_data.get("addCodes")
    if (code is None) is (codes is None):
        message = _("Enter either `code` or `addCodes`.")
        raise InputError("GRAPHQL_ERROR", message)
    with _ApiDetails(field="code" if codes is None else "codes"):
        voucher = create_staff_voucher(
            edit=VoucherEdit(
                values=_read_columns(input_data, context),
                new_codes=[code or ""] if codes is None else codes,
                scope=_read_scope(input_data),
            ),
            **context.actor_and_time,
        )
    return {"voucher": _voucher_row(voucher, context, selection)}


@mutation.field(permissions=VOUCHER_PERMISSIONS)
def voucher_update(
    arguments: VoucherUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    with _ApiDetails():
        voucher = edit_staff_voucher(
            voucher_id=_read_key(arguments["id"]),
            edit=VoucherEdit(
                values=_read_columns(input_data, context),
                new_codes=input_data.get("addCodes") or (),
                only_code=(input_data["code"] or "") if "code" in input_data else None,
                scope=_read_scope(input_data),
            ),
            **context.actor_and_time,
        )
    return {"voucher": _voucher_row(voucher, context, selection)}


@mutation.field(permissions=VOUCHER_PERMISSIONS)
def voucher_catalogues_add(
    arguments: VoucherCataloguesAddArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_scope(arguments, context, selection, is_added=True)


@mutation.field(permissions=VOUCHER_PERMISSIONS)
def voucher_catalogues_remove(
    arguments: VoucherCataloguesRemoveArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_scope(arguments, context, selection, is_added=False)


@mutation.field(permissions=VOUCHER_PERMISSIONS)
def voucher_channel_listing_update(
    arguments: VoucherChannelListingUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key, input_data = _read_key(arguments["id"]), arguments["input"]
    added_inputs = input_data.get("addChannels") or []
    added = input_keys([entry["channelId"] for entry in added_inputs], "Channel", field="addChannels")
    removed = input_keys(input_data.get("removeChannels"), "Channel", field="removeChannels")
    _require_distinct(added, removed)
    channels = Channel.objects.in_bulk(added)
    unknown = [channel for channel in added if channel not in channels]
    if unknown:
        message = _("We could not find this.")
        raise InputError("NOT_FOUND", message, field="addChannels", channels=global_ids("Channel", unknown))
    value_type = Voucher.objects.filter(pk=key).values_list("value_type", flat=True).first()
    stored = set(VoucherValue.objects.filter(voucher=key).values_list("channel", flat=True))
    terms = {
        channel_id: _read_terms(entry, channels[channel_id], value_type, is_new=channel_id not in stored)
        for channel_id, entry in zip(added, added_inputs, strict=True)
    }
    with _ApiDetails():
        voucher = set_voucher_channels(voucher_id=key, terms=terms, removed=removed, **context.actor_and_time)
    return {"voucher": _voucher_row(voucher, context, selection)}


class _ApiDetails:
    """Gives the refusals of the actions the details that the schema's errors have."""

    def __init__(self, field: str | None = None) -> None:
        self._field = field

    def __enter__(self) -> None:
        return None

    def __exit__(self, error_type: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, CodesTaken | CodesRepeated):
            error.details["voucherCodes"] = error.details["codes"]
        if isinstance(error, ProductsWithoutVariants):
            error.details["products"] = global_ids("Product", error.details["products"])
        if isinstance(error, InvalidDiscount):
            error.details["channels"] = global_ids("Channel", error.details["channels"])
        if isinstance(error, Refused) and error.field == "codes" and self._field is not None:
            error.field = self._field


def _read_key(text: str) -> int:
    return int(input_key(text, "Voucher", field="id"))


def _voucher_row(voucher: Voucher, context: Context, selection: Selection) -> Row | None:
    return voucher_object.by_key(context, [voucher.pk], selection.names("voucher")).get(voucher.pk)


def _read_columns(input_data: VoucherInput, context: Context) -> dict[str, object]:
    """Return the given values by column. Raises InputError."""
    values: dict[str, object] = {
        column: input_data[name]  # type: ignore[literal-required]
        for name, column in _COLUMNS.items()
        if name in input_data and (input_data[name] is not None or column in _MAY_BE_EMPTY)  # type: ignore[literal-required]
    }
    if len(str(values.get("name", ""))) > _MAX_NAME_LENGTH:
        raise InputError("INVALID", _("This text is too long."), field="name")
    for name in ("usageLimit", "minCheckoutItemsQuantity"):
        number = input_data.get(name)
        if isinstance(number, int) and not 0 <= number <= _MAX_NUMBER:
            raise InputError("INVALID", _("Enter 0 or more."), field=name)
    countries = context.schema.type_map["CountryCode"]
    assert isinstance(countries, GraphQLEnumType)
    if not set(input_data.get("countries") or ()) <= countries.values.keys():
        raise InputError("INVALID", _("Choose countries by their codes, such as VN."), field="countries")
    return values


def _read_scope(input_data: VoucherInput | CatalogueInput) -> dict[str, Collection[int]]:
    """Return the keys of what is covered, by relation. Raises InputError."""
    if input_data.get("collections"):
        message = _("Vouchers cover products, variants or categories, but no collections.")
        raise InputError("INVALID", message, field="collections")
    return {
        name: [int(key) for key in input_keys(input_data[name], type_name, field=name)]  # type: ignore[literal-required]
        for name, type_name in _SCOPES.items()
        if name in input_data and input_data[name] is not None  # type: ignore[literal-required]
    }


def _change_scope(
    arguments: VoucherCataloguesAddArguments | VoucherCataloguesRemoveArguments,
    context: Context,
    selection: Selection,
    *,
    is_added: bool,
) -> dict[str, object]:
    with _ApiDetails():
        voucher = change_voucher_scope(
            voucher_id=_read_key(arguments["id"]),
            scope=VoucherScope(**_read_scope(arguments["input"])),
            is_added=is_added,
            **context.actor_and_time,
        )
    return {"voucher": _voucher_row(voucher, context, selection)}


def _require_distinct(added: Collection[int], removed: Collection[int]) -> None:
    """Raise InputError for a channel that is named twice."""
    repeated: Mapping[str, set[int]] = {
        "input": set(added) & set(removed),
        "addChannels": {key for key in added if list(added).count(key) > 1},
        "removeChannels": {key for key in removed if list(removed).count(key) > 1},
    }
    for field, keys in repeated.items():
        if keys:
            message = _("Name each channel once.")
            channels = global_ids("Channel", sorted(keys))
            raise InputError("DUPLICATED_INPUT_ITEM", message, field=field, channels=channels)


def _read_terms(
    entry: VoucherChannelListingAddInput, channel: Channel, value_type: str | None, *, is_new: bool
) -> ChannelTerms:
    """Return what a voucher is worth in a channel. A new channel needs a value. Raises InputError."""
    channels = [global_id("Channel", channel.pk)]
    value = entry.get("discountValue")
    if (is_new and not value) or ("discountValue" in entry and value is None):
        message = _("Enter the discount.")
        raise InputError("REQUIRED", message, field="discountValue", channels=channels)
    try:
        converted = None if value is None else _convert_value(value, channel, value_type)
        minimum = entry.get("minAmountSpent")
        minimum_spent = (
            None if minimum is None else parse_minor_units(minimum, channel.currency, field="minAmountSpent")
        )
    except InputError as error:
        error.details["channels"] = channels
        raise
    return ChannelTerms(
        value=converted, minimum_spent=minimum_spent, has_same_minimum="minAmountSpent" not in entry
    )


def _convert_value(value: Decimal, channel: Channel, value_type: str | None) -> Decimal:
    """Return a percentage, or an amount in minor units. Raises InputError."""
    if value_type != ValueType.PERCENTAGE:
        return Decimal(parse_minor_units(value, channel.currency, field="discountValue"))
    percent = Decimal(str(value))
    exponent = percent.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_MAX_PERCENT_DECIMALS:
        raise InputError("INVALID", _("A percentage has at most three decimals."), field="discountValue")
    return percent


TYPES = (mutation,)
