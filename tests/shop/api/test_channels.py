"""Create channels and change their settings and the shop's, over the API."""

from __future__ import annotations

import pytest

from catalog.models import Listing
from shop.accounts.models import Address
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change, Channel, ShopSettings
from tests.factories import (
    get_stock,
    make_admin,
    make_channel,
    make_divisions,
    make_seller,
    make_staff,
    make_user,
    make_variant,
    make_zone,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

CREATE = """
    mutation($input: ChannelCreateInput!) {
        channelCreate(input: $input) {
            channel {
                slug name isActive currencyCode defaultCountry { code } orderSettings { allowUnpaidOrders }
            }
            errors { field code } channelErrors { code }
        }
    }
"""
UPDATE = """
    mutation($id: ID!, $input: ChannelUpdateInput!) {
        channelUpdate(id: $id, input: $input) {
            channel {
                slug name metadata { key value } countries { code }
                stockSettings { allocationStrategy }
                orderSettings {
                    allowUnpaidOrders expireOrdersAfter markAsPaidStrategy deleteExpiredOrdersAfter
                }
                checkoutSettings { useLegacyErrorFlow }
                paymentSettings { defaultTransactionFlowStrategy }
            }
            errors { field code }
        }
    }
"""
CHANNEL_INPUT = {"name": "Lào", "slug": "lao", "currencyCode": "USD", "defaultCountry": "LA"}


def test_channel_is_created_with_its_settings() -> None:
    input_data = CHANNEL_INPUT | {"isActive": True, "orderSettings": {"allowUnpaidOrders": True}}

    payload = data_of(CREATE, token_of(make_admin()), input=input_data)["channelCreate"]

    assert payload == {
        "channel": {
            "slug": "lao",
            "name": "Lào",
            "isActive": True,
            "currencyCode": "USD",
            "defaultCountry": {"code": "LA"},
            "orderSettings": {"allowUnpaidOrders": True},
        },
        "errors": [],
        "channelErrors": [],
    }
    assert Change.objects.of_row(Channel.objects.get(slug="lao")).get().action == "channel.created"


@pytest.mark.parametrize(
    ("invalid_values", "field", "code"),
    [
        ({"slug": "viet-nam"}, "slug", "UNIQUE"),
        ({"slug": " "}, "slug", "REQUIRED"),
        ({"name": ""}, "name", "REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"currencyCode": "đồng"}, "currencyCode", "INVALID"),
        ({"addShippingZones": [global_id("ShippingZone", 10**9)]}, "addShippingZones", "NOT_FOUND"),
        ({"addWarehouses": ["abc"]}, "addWarehouses", "GRAPHQL_ERROR"),
    ],
)
def test_invalid_channel_is_refused(invalid_values, field, code) -> None:
    make_channel()
    token = token_of(make_admin())
    before = all_rows()

    payload = data_of(CREATE, token, input=CHANNEL_INPUT | invalid_values)["channelCreate"]

    assert (payload["channel"], payload["errors"]) == (None, [{"field": field, "code": code}])
    assert all_rows() == before


def test_channel_update_changes_only_the_given_settings() -> None:
    channel = make_channel(metadata={"a": "1"}, expire_orders_after_minutes=60)
    input_data = {
        "name": "Việt Nam ta",
        "metadata": [{"key": "b", "value": "2"}],
        "stockSettings": {"allocationStrategy": "PRIORITIZE_HIGH_STOCK"},
        "orderSettings": {"expireOrdersAfter": None, "markAsPaidStrategy": "TRANSACTION_FLOW"},
        "checkoutSettings": {"useLegacyErrorFlow": False},
        "paymentSettings": {"defaultTransactionFlowStrategy": "AUTHORIZATION"},
    }

    payload = data_of(UPDATE, token_of(make_admin()), id=global_id("Channel", channel.pk), input=input_data)

    assert payload["channelUpdate"] == {
        "channel": {
            "slug": "viet-nam",
            "name": "Việt Nam ta",
            "metadata": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
            "countries": [],
            "stockSettings": {"allocationStrategy": "PRIORITIZE_HIGH_STOCK"},
            "orderSettings": {
                "allowUnpaidOrders": False,
                "expireOrdersAfter": None,
                "markAsPaidStrategy": "TRANSACTION_FLOW",
                "deleteExpiredOrdersAfter": 60,
            },
            "checkoutSettings": {"useLegacyErrorFlow": False},
            "paymentSettings": {"defaultTransactionFlowStrategy": "AUTHORIZATION"},
        },
        "errors": [],
    }


def test_availability_follows_channel_zones_and_warehouses() -> None:
    channel = make_channel()
    seller = make_seller(channel=channel)
    variant = make_variant(seller)
    warehouse, zone = get_stock(variant).warehouse, make_zone(channel)
    token, key = token_of(make_admin()), global_id("Channel", channel.pk)
    listing = Listing.objects.get(product=variant.product, channel=channel)
    assert listing.is_available

    def after(**input_data):
        payload = data_of(UPDATE, token, id=key, input=input_data)["channelUpdate"]
        assert payload["errors"] == []
        listing.refresh_from_db()
        return listing.is_available

    assert not after(removeWarehouses=[global_id("Warehouse", warehouse.pk)])
    assert after(addWarehouses=[global_id("Warehouse", warehouse.pk)])
    assert not after(removeShippingZones=[global_id("ShippingZone", zone.pk)])
    assert after(addShippingZones=[global_id("ShippingZone", zone.pk)])
    assert not after(defaultCountry="LA")
    contradictory = {
        name: [global_id("Warehouse", warehouse.pk)] for name in ("addWarehouses", "removeWarehouses")
    }
    refused = data_of(UPDATE, token, id=key, input=contradictory)["channelUpdate"]
    assert refused["errors"] == [{"field": "addWarehouses", "code": "DUPLICATED_INPUT_ITEM"}]


def test_channel_is_deactivated_and_activated() -> None:
    channel = make_channel()
    token, key = token_of(make_admin()), global_id("Channel", channel.pk)

    def do(name):
        query = (
            f"mutation($id: ID!) {{ {name}(id: $id) {{ channel {{ isActive }} errors {{ field code }} }} }}"
        )
        return data_of(query, token, id=key)[name]

    refused = {"channel": None, "errors": [{"field": "id", "code": "INVALID"}]}
    assert do("channelDeactivate") == {"channel": {"isActive": False}, "errors": []}
    assert do("channelDeactivate") == refused
    assert do("channelActivate") == {"channel": {"isActive": True}, "errors": []}
    assert do("channelActivate") == refused


SHOP = """
    mutation($input: ShopSettingsInput!) {
        shopSettingsUpdate(input: $input) {
            shop {
                name description limitQuantityPerCheckout defaultWeightUnit passwordLoginMode metadata { key }
            }
            errors { field code }
        }
    }
"""


def test_shop_settings_are_updated() -> None:
    input_data = {
        "name": "Chợ Phiên Bắc Kạn",
        "limitQuantityPerCheckout": None,
        "defaultWeightUnit": "G",
        "passwordLoginMode": "CUSTOMERS_ONLY",
        "metadata": [{"key": "a", "value": "1"}],
    }

    payload = data_of(SHOP, token_of(make_admin()), input=input_data)["shopSettingsUpdate"]

    assert payload == {
        "shop": {
            "name": "Chợ Phiên Bắc Kạn",
            "description": "",
            "limitQuantityPerCheckout": None,
            "defaultWeightUnit": "G",
            "passwordLoginMode": "CUSTOMERS_ONLY",
            "metadata": [{"key": "a"}],
        },
        "errors": [],
    }
    settings = ShopSettings.objects.get()
    assert (settings.default_weight_unit, settings.password_login_mode) == ("g", "customers_only")
    assert Change.objects.of_row(settings).get().action == "shop.changed"


@pytest.mark.parametrize(
    ("invalid_values", "field", "code"),
    [
        ({"name": " "}, "name", "REQUIRED"),
        ({"name": "x" * 121}, "name", "INVALID"),
        ({"limitQuantityPerCheckout": 0}, "limitQuantityPerCheckout", "INVALID"),
        ({"reserveStockDurationAnonymousUser": -1}, "reserveStockDurationAnonymousUser", "INVALID"),
    ],
)
def test_invalid_shop_settings_are_refused(invalid_values, field, code) -> None:
    token = token_of(make_admin())
    before = all_rows()

    payload = data_of(SHOP, token, input=invalid_values)["shopSettingsUpdate"]

    assert (payload["shop"], payload["errors"]) == (None, [{"field": field, "code": code}])
    assert all_rows() == before


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        (
            'channelCreate(input: {name: "x", slug: "x", currencyCode: "VND", defaultCountry: VN})',
            "MANAGE_CHANNELS",
        ),
        ('channelUpdate(id: "x", input: {})', "MANAGE_CHANNELS"),
        ('channelActivate(id: "x")', "MANAGE_CHANNELS"),
        ('channelDeactivate(id: "x")', "MANAGE_CHANNELS"),
        ("shopSettingsUpdate(input: {})", "MANAGE_SETTINGS"),
        ("shopAddressUpdate", "MANAGE_SETTINGS"),
    ],
)
def test_each_field_requires_its_permission(query, permission) -> None:
    for user in (None, make_user(), make_user(is_staff=True)):
        response = execute(
            f"mutation {{ {query} {{ errors {{ code }} }} }}", token_of(user) if user else None
        )
        assert response["errors"][0]["message"] == f"Permission denied: this needs one of {permission}."


ADDRESS = """
    mutation($input: AddressInput) {
        shopAddressUpdate(input: $input) {
            shop { name companyAddress { companyName streetAddress1 city country { code } phone } }
            shopErrors { code }
            errors { field code }
        }
    }
"""
OFFICE = {
    "companyName": "Chợ Phiên",
    "streetAddress1": "12 Hùng Vương",
    "city": "Xã Phủ Thông",
    "countryArea": "Tỉnh Thái Nguyên",
    "country": "VN",
    "phone": "0912345678",
}


def set_company_address(user, input_data):
    return data_of(ADDRESS, token_of(user), input=input_data)["shopAddressUpdate"]


def test_company_address_is_set_changed_and_deleted() -> None:
    make_divisions()
    staff = make_staff(Permission.MANAGE_SETTINGS)

    created = set_company_address(staff, OFFICE)
    key = ShopSettings.objects.get().company_address_id
    changed = set_company_address(staff, {"streetAddress1": "14 Hùng Vương"})
    public = data_of("{ shop { companyAddress { streetAddress1 } } }")
    deleted = [set_company_address(staff, None) for _ in range(2)]

    assert created == {
        "shop": {
            "name": "Chợ Phiên",
            "companyAddress": {
                "companyName": "Chợ Phiên",
                "streetAddress1": "12 Hùng Vương",
                "city": "Xã Phủ Thông",
                "country": {"code": "VN"},
                "phone": "+84912345678",
            },
        },
        "shopErrors": [],
        "errors": [],
    }
    assert changed["shop"]["companyAddress"]["streetAddress1"] == "14 Hùng Vương"
    assert public == {"shop": {"companyAddress": {"streetAddress1": "14 Hùng Vương"}}}
    assert [payload["shop"]["companyAddress"] for payload in deleted] == [None, None]
    assert not Address.objects.filter(pk=key).exists()
    changes = Change.objects.of_row(ShopSettings.objects.get()).values_list("data", flat=True)
    assert list(changes) == [{"fields": ["company_address"]}] * 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"streetAddress1": ""}, "streetAddress1"), ({"phone": "12"}, "phone"), ({"city": "x" * 300}, "city")],
)
def test_invalid_company_address_is_refused(wrong, field) -> None:
    make_divisions()
    staff = make_staff(Permission.MANAGE_SETTINGS)
    set_company_address(staff, OFFICE)
    before = all_rows()

    payload = set_company_address(staff, OFFICE | wrong)

    assert [error["field"] for error in payload["errors"]] == [field]
    assert payload["shop"] is None
    assert all_rows() == before
