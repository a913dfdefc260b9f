"""Create, change and delete shipping zones and methods."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from graphql import is_enum_type

from catalog.actions.markets.shipping_services import (
    ShippingPriceInput,
    ZoneNotInChannel,
    create_shipping_service,
    delete_shipping_service,
    set_shipping_prices,
    update_shipping_service,
)
from catalog.actions.markets.shipping_zones import ZoneChange, add_zone, change_zone, remove_zone
from cooperatives.models import ShippingService
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import global_ids, input_key, input_keys
from shop.api.in_channel import channel_by_key
from shop.api.input_data import InputData
from shop.api.money import to_minor_units
from shop.api.root_fields import Mutations
from shop.api.shipping.inputs import (
    ShippingMethodChannelListingAddInput,
    ShippingMethodChannelListingUpdateArguments,
    ShippingPriceCreateArguments,
    ShippingPriceDeleteArguments,
    ShippingPriceUpdateArguments,
    ShippingZoneCreateArguments,
    ShippingZoneDeleteArguments,
    ShippingZoneUpdateArguments,
)
from shop.api.shipping.zones import SHIPPING_PERMISSIONS, shipping_method_type_object, shipping_zone_object
from shop.core.models import Channel
from shop.core.texts.rich_text import sanitise_rich_text, to_plain_text

mutation = Mutations(
    codes={
        "already_taken": "ALREADY_EXISTS",
        "default_zone_taken": "ALREADY_EXISTS",
        "invalid_range": "MAX_LESS_THAN_MIN",
    }
)
MAX_DELIVERY_DAYS = 365
MAX_GRAMS = 1_000_000_000


@mutation.field(permissions=SHIPPING_PERMISSIONS)
def shipping_zone_create(
    arguments: ShippingZoneCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    _require_value(input_data, "name")
    zone = add_zone(change=_zone_change(input_data, context), actor=context.actor, now=context.now)
    return _build_payload(zone.pk, None, context, selection)


@mutation.field(permissions=SHIPPING_PERMISSIONS)
def shipping_zone_update(
    arguments: ShippingZoneUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key, input_data = int(input_key(arguments["id"], "ShippingZone", field="id")), arguments["input"]
    if "name" in input_data:
        _require_value(input_data, "name")
    change_zone(zone_id=key, change=_zone_change(input_data, context), actor=context.actor, now=context.now)
    return _build_payload(key, None, context, selection)


@mutation.field(permissions=SHIPPING_PERMISSIONS)
def shipping_zone_delete(
    arguments: ShippingZoneDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["id"], "ShippingZone", field="id"))
    deleted = _build_payload(key, None, context, selection)
    remove_zone(zone_id=key, actor=context.actor, now=context.now)
    return deleted


def _zone_change(input_data: InputData, context: Context) -> ZoneChange:
    for relation in ("Channels", "Warehouses"):
        if set(input_data.get(f"add{relation}") or ()) & set(input_data.get(f"remove{relation}") or ()):
            message = _("The same item cannot be added and removed at once.")
            raise InputError("DUPLICATED_INPUT_ITEM", message, field=f"add{relation}")
    values = {
        column: input_data[name]
        for name, column in (("name", "name"), ("description", "description"), ("default", "is_default"))
        if input_data.get(name) is not None
    }

    return ZoneChange(
        values,
        _countries(input_data.get("countries"), context),
        add_channel_ids=input_keys(input_data.get("addChannels"), "Channel", field="addChannels"),
        remove_channel_ids=input_keys(input_data.get("removeChannels"), "Channel", field="removeChannels"),
        add_warehouse_ids=input_keys(input_data.get("addWarehouses"), "Warehouse", field="addWarehouses"),
        remove_warehouse_ids=input_keys(
            input_data.get("removeWarehouses"), "Warehouse", field="removeWarehouses"
        ),
    )


def _countries(countries: list[str] | None, context: Context) -> list[str] | None:
    if countries is None:
        return None
    codes = [code.strip().upper() for code in countries]
    country_codes = context.schema.type_map["CountryCode"]
    assert is_enum_type(country_codes)
    if not set(codes) <= set(country_codes.values):
        raise InputError("INVALID", _("This country does not exist."), field="countries")
    return codes


@mutation.field(permissions=SHIPPING_PERMISSIONS)
def shipping_price_create(
    arguments: ShippingPriceCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    _require_value(input_data, "name")
    if input_data.get("shippingZone") is None:
        raise InputError("REQUIRED", _("Choose a zone."), field="shippingZone")
    service = create_shipping_service(
        values=_method_columns(input_data, context), actor=context.actor, now=context.now
    )
    return _build_payload(service.zone_id, service.pk, context, selection)


@mutation.field(permissions=SHIPPING_PERMISSIONS)
def shipping_price_update(
    arguments: ShippingPriceUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key, input_data = _method_key(arguments["id"]), arguments["input"]
    if "name" in input_data:
        _require_value(input_data, "name")
    values = _method_columns(input_data, context)
    changed = update_shipping_service(service_id=key, values=values, actor=context.actor, now=context.now)
    return _build_payload(changed.zone_id, key, context, selection)


@mutation.field(permissions=SHIPPING_PERMISSIONS)
def shipping_price_delete(
    arguments: ShippingPriceDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _method_key(arguments["id"])
    of_zone = ShippingService.objects.filter(pk=key).values_list("zone", flat=True).first()
    deleted = _build_payload(None, key, context, selection)
    delete_shipping_service(service_id=key, actor=context.actor, now=context.now)
    return deleted | {"shippingZone": _build_payload(of_zone, None, context, selection)["shippingZone"]}


@mutation.field(permissions=SHIPPING_PERMISSIONS)
def shipping_method_channel_listing_update(
    arguments: ShippingMethodChannelListingUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key, input_data = _method_key(arguments["id"]), arguments["input"]
    prices = [_price_change(channel, context) for channel in input_data.get("addChannels") or ()]
    removed = [
        int(input_key(text, "Channel", field="removeChannels"))
        for text in input_data.get("removeChannels") or ()
    ]
    try:
        set_shipping_prices(
            service_id=key, prices=prices, removed=removed, actor=context.actor, now=context.now
        )
    except ZoneNotInChannel as refused:
        channels = global_ids("Channel", [refused.details["channel_id"]])
        raise InputError("INVALID", refused.message, field="addChannels", channels=channels) from refused
    return _build_payload(None, key, context, selection)


def _price_change(input_data: ShippingMethodChannelListingAddInput, context: Context) -> ShippingPriceInput:
    channel = channel_by_key(context, int(input_key(input_data["channelId"], "Channel", field="channelId")))
    if channel is None:
        channels = [input_data["channelId"]]
        raise InputError(
            "NOT_FOUND", _("This channel does not exist."), field="addChannels", channels=channels
        )
    return ShippingPriceInput(
        channel.pk,
        _amount(input_data, "price", channel),
        _amount(input_data, "minimumOrderPrice", channel),
        _amount(input_data, "maximumOrderPrice", channel),
        is_maximum_given="maximumOrderPrice" in input_data,
    )


def _amount(input_data: InputData, name: str, channel: Channel) -> int | None:
    if input_data.get(name) is None:
        return None
    amount = to_minor_units(input_data[name], channel.currency)
    if amount != int(amount) or amount >= 10**15:
        raise InputError("INVALID", _("This amount is not valid in the channel's currency."), field=name)
    return int(amount)


def _method_columns(input_data: InputData, context: Context) -> dict[str, object]:
    values: dict[str, object] = {}
    if input_data.get("name") is not None:
        values["name"] = input_data["name"].strip()
    if input_data.get("description") is not None:
        values["description"] = to_plain_text(sanitise_rich_text(input_data["description"]))
    if input_data.get("type") is not None:
        values["is_weight_based"] = input_data["type"] == "WEIGHT"
    if input_data.get("shippingZone") is not None:
        values["zone_id"] = input_key(input_data["shippingZone"], "ShippingZone", field="shippingZone")
    if "taxClass" in input_data:
        text = input_data["taxClass"]
        values["tax_class_id"] = None if text is None else input_key(text, "TaxClass", field="taxClass")
    for name, column in (("minimumDeliveryDays", "minimum_days"), ("maximumDeliveryDays", "maximum_days")):
        if name in input_data:
            days = input_data[name]
            if days is not None and not 0 <= days <= MAX_DELIVERY_DAYS:
                raise InputError("INVALID", _("Enter a valid number of days."), field=name)
            values[column] = days
    for name, column in (("minimumOrderWeight", "minimum_grams"), ("maximumOrderWeight", "maximum_grams")):
        if name in input_data:
            weight = input_data[name]
            grams = None if weight is None else weight.grams(context.settings.default_weight_unit)
            if grams is not None and not 0 <= grams <= MAX_GRAMS:
                raise InputError("INVALID", _("This weight is too large."), field=name)
            values[column] = grams if grams is not None or column == "maximum_grams" else 0
    return values


def _method_key(text: str) -> int:
    return int(input_key(text, "ShippingMethodType", "ShippingMethod", field="id"))


def _require_value(input_data: InputData, name: str) -> None:
    if not (input_data.get(name) or "").strip():
        raise InputError("REQUIRED", _("This information is required."), field=name)


def _build_payload(
    zone_key: int | None, method_key: int | None, context: Context, selection: Selection
) -> dict[str, object]:
    zones = shipping_zone_object.by_key(context, [zone_key], selection.names("shippingZone"))
    methods = shipping_method_type_object.by_key(context, [method_key], selection.names("shippingMethod"))
    return {"shippingZone": zones.get(zone_key), "shippingMethod": methods.get(method_key)}


mutation.add_bulk_deletion("shippingZoneBulkDelete", shipping_zone_delete, permissions=SHIPPING_PERMISSIONS)
mutation.add_bulk_deletion("shippingPriceBulkDelete", shipping_price_delete, permissions=SHIPPING_PERMISSIONS)
