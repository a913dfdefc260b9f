"""Create, change, activate and deactivate channels."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from catalog.actions.markets.channels import ChannelChange, ChannelLinks, change_channel, open_channel
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel_object
from shop.api.base.inputs import (
    ChannelActivateArguments,
    ChannelCreateArguments,
    ChannelDeactivateArguments,
    ChannelUpdateArguments,
)
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import Key, input_key, input_keys
from shop.api.input_data import InputData
from shop.api.metadata import metadata_from_input
from shop.api.root_fields import Mutations
from shop.core.models import Channel
from shop.core.texts.folding import slugify

mutation = Mutations(codes={"channel_slug_taken": "UNIQUE"})

CHANNEL_PERMISSIONS = (Permission.MANAGE_CHANNELS,)

# Maps input fields to columns. Settings are in nested inputs.
_COLUMNS = {"isActive": "is_active", "defaultCountry": "default_country"}
_GROUPS = {
    "stockSettings": {"allocationStrategy": "allocation_strategy"},
    "orderSettings": {
        "automaticallyConfirmAllNewOrders": "automatically_confirm_all_new_orders",
        "automaticallyFulfillNonShippableGiftCard": "automatically_fulfill_non_shippable_gift_card",
        "expireOrdersAfter": "expire_orders_after_minutes",
        "deleteExpiredOrdersAfter": "delete_expired_orders_after_days",
        "markAsPaidStrategy": "mark_as_paid_strategy",
        "allowUnpaidOrders": "allow_unpaid_orders",
        "includeDraftOrderInVoucherUsage": "include_draft_order_in_voucher_usage",
        "draftOrderLinePriceFreezePeriod": "draft_order_line_price_freeze_hours",
    },
    "checkoutSettings": {
        "useLegacyErrorFlow": "use_legacy_error_flow_for_checkout",
        "automaticallyCompleteFullyPaidCheckouts": "automatically_complete_fully_paid_checkouts",
    },
    "paymentSettings": {"defaultTransactionFlowStrategy": "default_transaction_flow"},
}
_MAY_BE_EMPTY = {"expire_orders_after_minutes"}
_CURRENCY = re.compile(r"^[A-Z]{3}$")


@mutation.field(permissions=CHANNEL_PERMISSIONS, needs_recent_sign_in=True)
def channel_create(
    arguments: ChannelCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    currency = input_data["currencyCode"].strip().upper()
    if not _CURRENCY.match(currency):
        raise InputError(
            "INVALID", _("Enter a currency code of three letters, such as VND."), field="currencyCode"
        )
    change = ChannelChange(_values(input_data) | {"currency": currency}, _links(input_data))
    channel = open_channel(change=change, actor=context.actor, now=context.now)
    return _build_payload(channel.pk, context, selection)


@mutation.field(permissions=CHANNEL_PERMISSIONS, needs_recent_sign_in=True)
def channel_update(
    arguments: ChannelUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key, input_data = input_key(arguments["id"], "Channel", field="id"), arguments["input"]
    values = _values(input_data)
    for column in ("metadata", "private_metadata"):
        if column in values:
            current = Channel.objects.filter(pk=key).values_list(column, flat=True).first() or {}
            added = values[column]
            assert isinstance(added, dict)
            values[column] = current | added
    return _build_change_payload(key, ChannelChange(values, _links(input_data)), context, selection)


@mutation.field(permissions=CHANNEL_PERMISSIONS, needs_recent_sign_in=True)
def channel_activate(
    arguments: ChannelActivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _set_active(arguments["id"], True, context, selection)


@mutation.field(permissions=CHANNEL_PERMISSIONS, needs_recent_sign_in=True)
def channel_deactivate(
    arguments: ChannelDeactivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _set_active(arguments["id"], False, context, selection)


def _set_active(text: str, is_active: bool, context: Context, selection: Selection) -> dict[str, object]:
    key = input_key(text, "Channel", field="id")
    if Channel.objects.filter(pk=key, is_active=is_active).exists():
        message = _("This channel is already open.") if is_active else _("This channel is already closed.")
        raise InputError("INVALID", message, field="id")
    return _build_change_payload(key, ChannelChange({"is_active": is_active}), context, selection)


def _build_change_payload(
    key: int, change: ChannelChange, context: Context, selection: Selection
) -> dict[str, object]:
    change_channel(channel_id=key, change=change, actor=context.actor, now=context.now)
    return _build_payload(key, context, selection)


def _values(input_data: InputData) -> dict[str, object]:
    """Return the columns that an input sets. Raises InputError."""
    values = {
        column: input_data[name] for name, column in _COLUMNS.items() if input_data.get(name) is not None
    }
    if input_data.get("name") is not None:
        values["name"] = _require_valid_text(input_data["name"], "name", 250)
    if input_data.get("slug") is not None:
        values["slug"] = slugify(_require_valid_text(input_data["slug"], "slug", 255))
    for group, columns in _GROUPS.items():
        settings = input_data.get(group) or {}
        for name, column in columns.items():
            if name in settings and (settings[name] is not None or column in _MAY_BE_EMPTY):
                values[column] = settings[name]
    for name, column in (("metadata", "metadata"), ("privateMetadata", "private_metadata")):
        if input_data.get(name) is not None:
            values[column] = metadata_from_input(input_data[name])
    return values


def _require_valid_text(text: str, field: str, longest: int) -> str:
    text = text.strip()
    if not text:
        raise InputError("REQUIRED", _("This information is required."), field=field)
    if len(text) > longest:
        raise InputError("INVALID", _("This text is too long."), field=field)
    return text


def _links(input_data: InputData) -> ChannelLinks:
    links = ChannelLinks(
        add_zone_ids=input_keys(input_data.get("addShippingZones"), "ShippingZone", field="addShippingZones"),
        remove_zone_ids=input_keys(
            input_data.get("removeShippingZones"), "ShippingZone", field="removeShippingZones"
        ),
        add_warehouse_ids=input_keys(input_data.get("addWarehouses"), "Warehouse", field="addWarehouses"),
        remove_warehouse_ids=input_keys(
            input_data.get("removeWarehouses"), "Warehouse", field="removeWarehouses"
        ),
    )
    for added, removed, field in (
        (links.add_zone_ids, links.remove_zone_ids, "addShippingZones"),
        (links.add_warehouse_ids, links.remove_warehouse_ids, "addWarehouses"),
    ):
        if set(added) & set(removed):
            message = _("The same item cannot be added and removed at once.")
            raise InputError("DUPLICATED_INPUT_ITEM", message, field=field)
    return links


def _build_payload(key: Key, context: Context, selection: Selection) -> dict[str, object]:
    return {"channel": channel_object.by_key(context, [key], selection.names("channel")).get(key)}
