"""Shipping zones, their methods and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Q

from cooperatives.models import ShippingService, ShippingServicePrice, Zone, ZoneCountry
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel_object
from shop.api.base.places import country
from shop.api.breadth import Selection
from shop.api.catalogue.grams import weight_in_unit
from shop.api.catalogue.taxes import tax_class_object
from shop.api.catalogue.types import warehouse_object
from shop.api.connections import SortKey, connect, connect_for_parents
from shop.api.context import Context
from shop.api.field_permissions import FieldAccess
from shop.api.filters import Conditions, build_condition
from shop.api.ids import key_from_id, keys_from_ids
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount
from shop.api.object_types import Row, Type
from shop.api.root_fields import Queries
from shop.api.shipping.inputs import (
    ShippingZoneArguments,
    ShippingZonesArguments,
    WarehouseShippingZonesArguments,
)
from shop.core.models import Channel

SHIPPING_PERMISSIONS = (Permission.MANAGE_SHIPPING,)

shipping_zone_object = Type("ShippingZone", lambda context: Zone.objects.all())
shipping_zone_object.id()
shipping_zone_object.columns(name="name", description="description", default="is_default")
add_metadata_fields(shipping_zone_object, Zone, permissions=SHIPPING_PERMISSIONS)

shipping_method_type_object = Type("ShippingMethodType", lambda context: ShippingService.objects.all())
shipping_method_type_object.id()
shipping_method_type_object.columns(
    name="name", minimumDeliveryDays="minimum_days", maximumDeliveryDays="maximum_days"
)
shipping_method_type_object.related(
    "taxClass", tax_class_object, column="tax_class_id", permissions=[FieldAccess.STAFF, FieldAccess.APP]
)
shipping_method_type_object.unsupported("minimumOrderPrice", "maximumOrderPrice")
shipping_method_type_object.unsupported("postalCodeRules", value=[])
add_metadata_fields(shipping_method_type_object, ShippingService, permissions=SHIPPING_PERMISSIONS)

shipping_listing_object = Type(
    "ShippingMethodChannelListing", lambda context: ShippingServicePrice.objects.all()
)
shipping_listing_object.id()
shipping_listing_object.related("channel", channel_object, column="channel_id", rows=Channel.objects.all())

postal_code_rule_object = Type("ShippingMethodPostalCodeRule")
postal_code_rule_object.value_fields("id", "start", "end", "inclusionType")


@shipping_zone_object.field("countries", needs="id")
def countries_of_zones(zones: list[Row], *_: object) -> list[list[dict[str, str]]]:
    codes_by_zone: dict[int, list[str]] = {}
    rows = ZoneCountry.objects.filter(zone__in=[zone_row.id for zone_row in zones]).order_by("country")
    for key, code in rows.values_list("zone", "country"):
        codes_by_zone.setdefault(key, []).append(code)
    return [[country(code) for code in codes_by_zone.get(zone_row.id, ())] for zone_row in zones]


shipping_zone_object.related_rows(
    "channels",
    channel_object,
    column="zones",
    order=["pk"],
    rows=Channel.objects.all(),
    permissions=SHIPPING_PERMISSIONS,
)
shipping_zone_object.related_rows("warehouses", warehouse_object, column="zones", order=["name", "pk"])
shipping_zone_object.related_rows(
    "shippingMethods", shipping_method_type_object, column="zone", order=["name", "pk"]
)


@shipping_zone_object.field(needs="id")
def price_range(zones: list[Row], *_: object) -> list[dict[str, MoneyAmount] | None]:
    """Resolve the range from lowest to highest price, or null without prices or with several currencies."""
    prices_by_zone: dict[int, set[tuple[int, str]]] = {}
    prices = ShippingServicePrice.objects.filter(service__zone__in=[zone_row.id for zone_row in zones])
    for key, price, currency in prices.values_list("service__zone", "price", "currency"):
        prices_by_zone.setdefault(key, set()).add((price, currency))
    ranges: list[dict[str, MoneyAmount] | None] = []
    for zone_row in zones:
        amounts = [MoneyAmount(*amount) for amount in sorted(prices_by_zone.get(zone_row.id, ()))]
        has_one_currency = len({amount.currency for amount in amounts}) == 1
        ranges.append({"start": amounts[0], "stop": amounts[-1]} if has_one_currency else None)
    return ranges


@warehouse_object.field("shippingZones", needs="id")
def shipping_zones_of_warehouses(
    warehouses: list[Row], arguments: WarehouseShippingZonesArguments, context: Context, selection: Selection
) -> Sequence[object]:
    keys = [warehouse_row.id for warehouse_row in warehouses]
    rows = shipping_zone_object.rows(context)
    return connect_for_parents(
        shipping_zone_object,
        rows,
        arguments,
        selection,
        order=[SortKey("id")],
        parent_column="warehouses",
        parents=keys,
    )


@shipping_method_type_object.field("type", needs="is_weight_based")
def type_of_shipping_methods(methods: list[Row], *_: object) -> list[str]:
    return ["WEIGHT" if method_row.is_weight_based else "PRICE" for method_row in methods]


@shipping_method_type_object.field("description", needs="description")
def description_of_shipping_methods(methods: list[Row], *_: object) -> Sequence[Mapping[str, object] | None]:
    """Resolve the description as rich text, one block per paragraph."""
    return [_blocks(method_row.description) for method_row in methods]


def _blocks(text: str) -> dict[str, object] | None:
    blocks = [{"type": "paragraph", "data": {"text": part}} for part in text.split("\n\n") if part]
    return {"blocks": blocks} if blocks else None


@shipping_method_type_object.field(needs="minimum_grams")
def minimum_order_weight(
    methods: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[object]:
    unit = context.settings.default_weight_unit
    return [weight_in_unit(method_row.minimum_grams, unit) for method_row in methods]


@shipping_method_type_object.field(needs="maximum_grams")
def maximum_order_weight(
    methods: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[object]:
    unit = context.settings.default_weight_unit
    return [weight_in_unit(method_row.maximum_grams, unit) for method_row in methods]


@shipping_method_type_object.field(needs="id", permissions=SHIPPING_PERMISSIONS)
def excluded_products(methods: list[Row], *_: object) -> list[None]:
    """Resolve to null, because cooperatives exclude products, not shipping methods."""
    return [None] * len(methods)


shipping_method_type_object.related_rows(
    "channelListings",
    shipping_listing_object,
    column="service",
    order=["channel", "pk"],
    permissions=SHIPPING_PERMISSIONS,
)


@shipping_listing_object.field(needs=("price", "currency"))
def price(rows: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(row.price, row.currency) for row in rows]


@shipping_listing_object.field(needs=("minimum_order", "currency"))
def minimum_order_price(rows: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(row.minimum_order, row.currency) for row in rows]


@shipping_listing_object.field(needs=("maximum_order", "currency"))
def maximum_order_price(rows: list[Row], *_: object) -> list[MoneyAmount | None]:
    return [
        None if row.maximum_order is None else MoneyAmount(row.maximum_order, row.currency) for row in rows
    ]


query = Queries()
_FILTER: Conditions = {
    "search": lambda context, text: Q(name__icontains=text),
    "channels": lambda context, input_data: Q(
        pk__in=Zone.objects.filter(channels__in=keys_from_ids(input_data, "Channel")).values("pk")
    ),
}


@query.field("shippingZone", permissions=SHIPPING_PERMISSIONS)
def one_shipping_zone(arguments: ShippingZoneArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "ShippingZone")
    return shipping_zone_object.by_key(context, [key], selection.names()).get(key)


@query.field("shippingZones", permissions=SHIPPING_PERMISSIONS)
def all_shipping_zones(
    arguments: ShippingZonesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = shipping_zone_object.rows(context).filter(
        build_condition(arguments.get("filter"), _FILTER, context)
    )
    if arguments.get("channel") is not None:
        rows = rows.filter(channels__slug=arguments["channel"])
    return connect(shipping_zone_object, rows, arguments, selection, order=[SortKey("name"), SortKey("id")])


TYPES = (
    shipping_zone_object,
    shipping_method_type_object,
    shipping_listing_object,
    postal_code_rule_object,
    query,
)
