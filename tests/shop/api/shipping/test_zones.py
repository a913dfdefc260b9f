"""Shipping zones and methods, set up over the API."""

from __future__ import annotations

import pytest

from catalog.models import Listing
from cooperatives.models import ShippingService, ShippingServicePrice, Zone
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from tests.factories import (
    make_admin,
    make_channel,
    make_product,
    make_seller,
    make_staff,
    make_user,
    make_zone,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

CREATE_ZONE = """
mutation($input: ShippingZoneCreateInput!) { shippingZoneCreate(input: $input) {
  errors { field code }
  shippingZone {
    id name default countries { code } channels { slug } warehouses { name } priceRange { start { amount } }
  }
} }
"""
CREATE_METHOD = """
mutation($input: ShippingPriceInput!) { shippingPriceCreate(input: $input) {
  errors { field code } shippingZone { name }
  shippingMethod {
    id name type description minimumDeliveryDays maximumDeliveryDays maximumOrderWeight { value }
  }
} }
"""
PRICE = """
mutation($id: ID!, $input: ShippingMethodChannelListingInput!) {
  shippingMethodChannelListingUpdate(id: $id, input: $input) {
    errors { field code channels }
    shippingMethod { channelListings {
      channel { slug } price { amount } minimumOrderPrice { amount } maximumOrderPrice { amount } } }
  }
}
"""


def test_zone_with_a_shipping_method_is_created_and_deleted() -> None:
    token = token_of(make_staff(Permission.MANAGE_SHIPPING))
    channel, warehouse = make_channel(), make_seller().warehouses.get()
    channel_id, slug = global_id("Channel", channel.pk), channel.slug

    created_zone = data_of(
        CREATE_ZONE,
        token,
        input={
            "name": "Nước ngoài",
            "countries": ["LA", "kh"],
            "addChannels": [channel_id],
            "addWarehouses": [global_id("Warehouse", warehouse.pk)],
        },
    )["shippingZoneCreate"]
    zone = created_zone["shippingZone"].pop("id")
    created_method = data_of(
        CREATE_METHOD,
        token,
        input={
            "name": "Đường bộ",
            "shippingZone": zone,
            "type": "PRICE",
            "description": '{"blocks": [{"type": "paragraph", "data": {"text": "Qua cửa khẩu"}}]}',
            "minimumDeliveryDays": 3,
            "maximumDeliveryDays": 7,
            "maximumOrderWeight": 20,
        },
    )["shippingPriceCreate"]
    method = created_method["shippingMethod"].pop("id")
    priced = data_of(
        PRICE,
        token,
        id=method,
        input={"addChannels": [{"channelId": channel_id, "price": 90_000, "maximumOrderPrice": 5_000_000}]},
    )["shippingMethodChannelListingUpdate"]

    assert created_zone == {
        "errors": [],
        "shippingZone": {
            "name": "Nước ngoài",
            "default": False,
            "countries": [{"code": "KH"}, {"code": "LA"}],
            "channels": [{"slug": slug}],
            "warehouses": [{"name": warehouse.name}],
            "priceRange": None,
        },
    }
    assert created_method == {
        "errors": [],
        "shippingZone": {"name": "Nước ngoài"},
        "shippingMethod": {
            "name": "Đường bộ",
            "type": "PRICE",
            "description": '{"blocks": [{"type": "paragraph", "data": {"text": "Qua cửa khẩu"}}]}',
            "minimumDeliveryDays": 3,
            "maximumDeliveryDays": 7,
            "maximumOrderWeight": {"value": 20},
        },
    }
    listing = {
        "channel": {"slug": slug},
        "price": {"amount": 90_000},
        "minimumOrderPrice": {"amount": 0},
        "maximumOrderPrice": {"amount": 5_000_000},
    }
    assert priced == {"errors": [], "shippingMethod": {"channelListings": [listing]}}
    listed_zones = data_of(
        """{ shippingZones(first: 5, filter: {search: "ngoài"}) { totalCount edges { node {
          name priceRange { start { amount } stop { amount } } shippingMethods { name } } } } }""",
        token,
    )["shippingZones"]
    assert listed_zones["totalCount"] == 1
    assert listed_zones["edges"][0]["node"] == {
        "name": "Nước ngoài",
        "priceRange": {"start": {"amount": 90_000}, "stop": {"amount": 90_000}},
        "shippingMethods": [{"name": "Đường bộ"}],
    }
    deleted = data_of(
        "mutation($id: ID!) { shippingPriceDelete(id: $id) { errors { code } shippingMethod { name } } }",
        token,
        id=method,
    )
    assert deleted["shippingPriceDelete"] == {"errors": [], "shippingMethod": {"name": "Đường bộ"}}
    deleted = data_of(
        "mutation($id: ID!) { shippingZoneDelete(id: $id) { errors { code } shippingZone { name } } }",
        token,
        id=zone,
    )
    assert deleted["shippingZoneDelete"] == {"errors": [], "shippingZone": {"name": "Nước ngoài"}}
    assert not Zone.objects.filter(name="Nước ngoài").exists()


def test_availability_follows_the_warehouses_of_zones() -> None:
    product = make_product(on_hand=5)
    zone = make_zone(make_channel())
    token, key = token_of(make_admin()), global_id("ShippingZone", zone.pk)
    warehouse = global_id("Warehouse", product.cooperative.warehouses.get().pk)
    update = """mutation($id: ID!, $input: ShippingZoneUpdateInput!) {
      shippingZoneUpdate(id: $id, input: $input) { errors { field code } } }"""

    data_of(update, token, id=key, input={"removeWarehouses": [warehouse]})
    assert Listing.objects.get(product=product).is_available is False
    data_of(update, token, id=key, input={"addWarehouses": [warehouse]})
    assert Listing.objects.get(product=product).is_available is True


def test_invalid_zones_methods_and_prices_are_refused() -> None:
    make_seller()
    channel = make_channel()
    zone, foreign = make_zone(channel), make_channel(slug="khac", name="Khác")
    Zone.objects.filter(pk=zone.pk).update(is_default=True)
    method = ShippingService.objects.filter(zone=zone).first()
    assert method is not None
    token, key = token_of(make_admin()), global_id("ShippingZone", zone.pk)
    channel_id = global_id("Channel", channel.pk)
    zone_count, method_count = Zone.objects.count(), ShippingService.objects.count()

    for invalid_values, field, code in (
        ({}, "name", "REQUIRED"),
        ({"name": "  "}, "name", "REQUIRED"),
        ({"name": "x" * 101}, "name", "INVALID"),
        ({"name": "X", "countries": ["XX"]}, "countries", "INVALID"),
        ({"name": "X", "default": True}, "default", "ALREADY_EXISTS"),
        ({"name": "X", "addChannels": [global_id("Channel", 999)]}, "addChannels", "NOT_FOUND"),
    ):
        payload = data_of(CREATE_ZONE, token, input=invalid_values)["shippingZoneCreate"]
        assert payload == {"errors": [{"field": field, "code": code}], "shippingZone": None}
    for invalid_values, field, code in (
        ({"name": "X"}, "shippingZone", "REQUIRED"),
        ({"shippingZone": key}, "name", "REQUIRED"),
        ({"name": "X", "shippingZone": key, "minimumDeliveryDays": -1}, "minimumDeliveryDays", "INVALID"),
        (
            {"name": "X", "shippingZone": key, "minimumDeliveryDays": 3, "maximumDeliveryDays": 2},
            "maximumDeliveryDays",
            "MAX_LESS_THAN_MIN",
        ),
    ):
        payload = data_of(CREATE_METHOD, token, input=invalid_values)["shippingPriceCreate"]
        assert payload["errors"] == [{"field": field, "code": code}]
    for invalid_values, code in (
        ({"channelId": global_id("Channel", foreign.pk), "price": 1}, "INVALID"),
        ({"channelId": global_id("Channel", 999), "price": 1}, "NOT_FOUND"),
        (
            {"channelId": channel_id, "price": 1, "minimumOrderPrice": 9, "maximumOrderPrice": 8},
            "MAX_LESS_THAN_MIN",
        ),
        ({"channelId": channel_id, "price": 1.5}, "INVALID"),
    ):
        listed = {"addChannels": [invalid_values]}
        payload = data_of(PRICE, token, id=global_id("ShippingMethodType", method.pk), input=listed)
        assert [error["code"] for error in payload["shippingMethodChannelListingUpdate"]["errors"]] == [code]
    delete_query = "mutation($id: ID!) { shippingZoneDelete(id: $id) { errors { field code } } }"
    assert data_of(delete_query, token, id=key)["shippingZoneDelete"]["errors"] == [
        {"field": "id", "code": "INVALID"}
    ]
    assert (Zone.objects.count(), ShippingService.objects.count()) == (zone_count, method_count)
    assert not ShippingServicePrice.objects.exists()
    denied = execute(CREATE_ZONE, token_of(make_user()), input={"name": "X"})
    assert denied["errors"][0]["extensions"]["code"] == "PermissionDenied"


def test_zone_queries_do_not_grow_with_zones(django_assert_num_queries) -> None:
    token = token_of(make_admin())
    query = """{ shippingZones(first: 10) { edges { node {
      name countries { code } channels { slug } warehouses { name } priceRange { start { amount } }
      shippingMethods { name channelListings { price { amount } channel { slug } } } } } } }"""
    for number in range(2):
        zone = Zone.objects.create(name=f"Vùng {number}")
        zone.channels.add(make_channel())
        service = ShippingService.objects.create(zone=zone, name="Xe")
        ShippingServicePrice.objects.create(service=service, channel=make_channel(), currency="VND", price=1)

    with django_assert_num_queries(9):
        assert len(data_of(query, token)["shippingZones"]["edges"]) == 2
